"""After `docker compose up`: the page, a typed turn and a spoken turn through the published port."""

from __future__ import annotations

import re
import wave
from pathlib import Path

import pytest

from tertulia_shared.ids import new_id
from tests.compose.spoken_turn import assert_understood_and_answered_aloud
from tests.harness.client import talk
from tests.harness.compose import Compose
from tests.harness.sound import loudness

pytestmark = [pytest.mark.compose, pytest.mark.timeout(900)]


def test_page_is_served_at_the_published_port(stack: Compose) -> None:
    status, page = stack.get("/")
    assert status == 200
    (script,) = re.findall(r'src="\./(assets/[^"]+\.js)"', page)
    assert stack.get(f"/{script}")[0] == 200


def test_containers_are_healthy(stack: Compose) -> None:
    stack.wait_healthy("redis", "gateway", "stt", "llm", "tts")


async def test_typed_message_is_answered_with_audio(stack: Compose) -> None:
    async with talk(stack.url) as client:
        await client.hears("Luna and Rex, hello!", turn_id := new_id())
        answers = client.record.of_turn(turn_id)
        assert [(answer.name, answer.status) for answer in answers] == [("Luna", "complete"), ("Rex", "complete")]
        for answer in answers:
            assert loudness(b"".join(bytes(pcm) for pcm in answer.pcm.values())) > 0.01


async def test_spoken_message_is_transcribed_and_answered_with_audio(stack: Compose) -> None:
    await assert_understood_and_answered_aloud(stack.url)


async def test_redis_cli_can_read_the_conversation(stack: Compose) -> None:
    async with talk(stack.url) as client:
        await client.hears("Sage, good evening!", new_id())
        id = client.record.conversation_id
    assert "Sage, good evening!" in stack.redis("XRANGE", f"tertulia:{{{id}}}:turns", "-", "+")
    assert "NOPERM" in stack.redis("DEL", f"tertulia:{{{id}}}:turns")
    assert "reader" in stack.redis("--operator", "ACL", "LOG"), "the operator sees which user was refused"


async def test_cli_container_can_talk_to_the_stack_and_inspect_it(stack: Compose) -> None:
    assert "Luna:" in stack.command("say", "Luna, hello!")
    listed = stack.command("inspect")
    assert "Luna, hello!" in listed
    assert "of 768.0 MB" in listed, "the command's Redis user has the right to read the memory use"
    assert "policy noeviction" in listed


def test_doctor_reports_no_problem_of_the_stack(stack: Compose) -> None:
    found = stack.command("doctor").splitlines()  # it fails if the command exits with 1
    assert [line for line in found if line.startswith(("✗", "-"))] == []
    for part in ("Redis answers", "the services run elsewhere", "stt: 1 worker", "llm: 1 worker", "tts: 1 worker"):
        assert any(part in line for line in found), part


async def test_sound_of_a_reply_can_be_written_to_a_file_outside(stack: Compose, tmp_path: Path) -> None:
    async with talk(stack.url) as client:
        await client.hears("Rex, good morning!", turn_id := new_id())
        (answer,) = client.record.of_turn(turn_id)
    stack.run_into(tmp_path / "reply.wav", "exec", "--no-TTY", "cli", "tertulia", "inspect", "last", "--audio", "-")
    with wave.open(str(tmp_path / "reply.wav")) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (24_000, 1, 2)
        assert file.readframes(file.getnframes()) == b"".join(bytes(pcm) for pcm in answer.pcm.values())


def test_command_runs_no_other_container(stack: Compose) -> None:
    """`docker compose run` starts the services that a service depends on: they would delay every command."""
    before = {each.id: each.attrs["State"]["StartedAt"] for each in stack.containers()}
    assert "conversation" in stack.command("inspect")
    assert "conversation" in stack.run("run", "--rm", "--no-TTY", "cli", "inspect")
    assert {each.id: each.attrs["State"]["StartedAt"] for each in stack.containers()} == before


def test_acl_log_has_no_refused_command_of_a_service(stack: Compose) -> None:
    refused = stack.redis("--operator", "ACL", "LOG").split("\n")
    services = {"gateway", "stt", "llm", "tts", "operator"}
    assert not services & set(refused), "a right that a service needs is missing"
