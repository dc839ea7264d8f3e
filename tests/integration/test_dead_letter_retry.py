"""Retrying dead-lettered work with the `tertulia` command, with real processes."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import wave
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
import redis

from tertulia_cli.dead_letters.read import DeadEntry, read_dead, read_facts
from tertulia_cli.dead_letters.recovery import Requeue, recovery_for
from tertulia_cli.dead_letters.retry import recover
from tertulia_shared.bus import Bus
from tertulia_shared.bus.accounts import Account, digest, operator_rules, reader_rules
from tertulia_shared.ids import new_id
from tests.fakes.breaking_engine import with_breaking_engine
from tests.fakes.model_server import Hold, Reply, ScriptedModel, model_at
from tests.harness.client import TalkClient, talk
from tests.harness.eventually import eventually
from tests.harness.stack import Stack

pytestmark = pytest.mark.timeout(180)
STORY = ("Once there was a lighthouse. ", "Its keeper was a cat. ", "Nobody ever ran aground.")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, model_port: int) -> Iterator[Stack]:
    """Each work has one attempt, and there is no tts worker yet. The lease is so long that a slow worker does not count
    as dead.
    """
    with Stack(
        tmp_path_factory.mktemp("dead") / "stack",
        workers={"gateway": 1, "stt": 1, "llm": 1},
        env={"TERTULIA_MAX_ATTEMPTS": "1", "TERTULIA_LEASE_S": "3", **model_at(model_port)},
    ) as running:
        client = cast("Any", redis.Redis.from_url(running.redis.url))  # pyright: ignore[reportUnknownMemberType] - untyped kwargs
        for name, rules in (("reader", reader_rules), ("operator", operator_rules)):
            client.execute_command("ACL", "SETUSER", *Account(name, digest("x"), rules(running.keys)).words())
        client.close()
        yield running


@pytest.fixture
async def model(model_port: int) -> AsyncGenerator[ScriptedModel]:
    """The model server of the llm workers. It always tells the same story."""
    async with ScriptedModel(default=Reply(STORY), port=model_port) as model:
        yield model


def environment(stack: Stack, user: str) -> dict[str, str]:
    """The environment of a command that logs in to Redis as `user`."""
    return {**stack.environment, "TERTULIA_REDIS_URL": stack.redis.url_as(f"{user}:x")}


async def dead(stack: Stack, *words: str) -> subprocess.CompletedProcess[str]:
    """Run `tertulia …`: as the operator for `retry` and `drop`, otherwise as the reader."""
    user = "operator" if words[1] in {"retry", "drop"} else "reader"
    return await asyncio.to_thread(  # run it in a thread, so that the client and the model server continue to run
        subprocess.run,
        [sys.executable, "-m", "tertulia_cli.main", *words],
        env=environment(stack, user), cwd=stack.folder, capture_output=True, text=True, check=False, timeout=60,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip


def follow_in_the_background(stack: Stack, out: Path, err: Path) -> subprocess.Popen[bytes]:
    """Start `tertulia inspect --follow`. Its output goes to two files."""
    with out.open("wb") as to, err.open("wb") as errors:
        return subprocess.Popen(
            # A shell starts the background commands of a script with SIGINT ignored, and the tests may be one.
            ["env", "--default-signal=INT", sys.executable, "-m", "tertulia_cli.main", "inspect", "--follow"],
            env=environment(stack, "reader"), cwd=stack.folder, stdout=to, stderr=errors,
        )  # fmt: skip


async def only_letter(bus: Bus) -> DeadEntry:
    """Wait until there is a dead letter. It must be the only one."""
    found: list[DeadEntry] = []
    while not found:
        found = await read_dead(bus)
        await asyncio.sleep(0.01)
    (entry,) = found
    return entry


async def unspoken_reply(client: TalkClient) -> str:
    """Get a reply that is not spoken yet. Returns its message id."""
    turn_id = new_id()
    await client.say("Luna, tell me a story.", turn_id)
    await client.until_event("turn_complete")
    (message,) = client.record.of_turn(turn_id)
    return message.message_id


async def kill_llm_in_mid_story(stack: Stack, model: ScriptedModel, client: TalkClient) -> str:
    """Kill the llm worker during a reply, and start a new one. Returns the turn's id."""
    model.script.append(Reply(STORY, hold=Hold(2)))
    turn_id = await client.say("Luna, tell me a story.", new_id())
    await client.until_event("llm_chunk")
    stack.of("llm")[0].send(signal.SIGKILL)
    stack.start("llm")
    return turn_id


@pytest.mark.usefixtures("model")
async def test_reply_that_failed_in_tts_is_spoken_after_dead_retry(stack: Stack, tmp_path: Path) -> None:
    for worker in stack.of("tts"):
        worker.send(signal.SIGTERM)
        worker.wait()
    async with talk(*stack.urls) as client:
        message_id = await unspoken_reply(client)
        conversation_id = client.record.conversation_id
    bad = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tertulia_tts.main",
        env={**stack.environment, **with_breaking_engine(tmp_path / "engines")},
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert await bad.wait() == 1
    stack.start("tts")  # the new worker takes the work over and gives it up, because the last attempt has failed

    async with stack.bus() as bus:
        entry = await only_letter(bus)
        assert entry.id in (await dead(stack, "dead", "list")).stdout
        shown = (await dead(stack, "dead", "show", entry.id)).stdout
        assert "to speak Luna's reply “" in shown
        assert "the device is lost" in shown
        assert "On retry: A tts worker speaks all of it" in shown
        audio = bus.keys.audio(conversation_id, message_id)
        assert [entry.fields.get(b"is_final") for entry in await bus.read(audio)] == [b"1"]

        # if a retry is killed before it removes the dead letter, it can be repeated
        facts = await read_facts(bus, entry)
        recovery = recovery_for(entry, facts)
        assert isinstance(recovery, Requeue)
        await bus.reopen(audio, recovery.end_id)
        await bus.post(recovery.stage, recovery.work, epoch=recovery.epoch)
        assert await recover(bus, entry.id, recovery)
        assert "No work was given up" in (await dead(stack, "dead", "list")).stdout

        follow = bus.follow(audio, "0-0")
        async with asyncio.timeout(45):
            while not any(entry.fields.get(b"is_final") == b"1" for entry in await follow.read()):
                pass
        assert facts.message is not None
        entries = await bus.read(audio)
        sound = b"".join(entry.fields.get(b"audio", b"") for entry in entries)
        assert {int(entry.id.partition("-")[0]) for entry in entries[:-1]} == set(range(1, facts.message.sentences + 1))
    written = await dead(stack, "inspect", "--message", message_id, "--audio", str(tmp_path / "reply.wav"))
    assert written.returncode == 0, written.stderr
    with wave.open(str(tmp_path / "reply.wav")) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (24_000, 1, 2)
        assert file.readframes(file.getnframes()) == sound


async def test_turn_that_was_given_up_is_answered_after_dead_retry(stack: Stack, model: ScriptedModel) -> None:
    if not stack.of("tts"):
        stack.start("tts")
    stack.wait_ready()
    async with talk(*stack.urls) as client, stack.bus() as bus:
        turn_id = await kill_llm_in_mid_story(stack, model, client)
        error = await client.until_event("error")
        assert error["code"] == "turn_failed"
        await client.until_done(turn_id)
        entry = await only_letter(bus)
        shown = (await dead(stack, "dead", "show", entry.id)).stdout
        assert f"to answer “Luna, tell me a story.” (turn {turn_id}" in shown
        assert "is asked again as a new turn" in shown

        retried = await dead(stack, "dead", "retry", entry.id)
        assert retried.returncode == 0, retried.stderr
        assert "posted again" in retried.stdout
        accepted = await client.until_event("turn_accepted", 2)
        assert accepted["text"] == "Luna, tell me a story."
        await client.until_done(accepted["turn_id"])
        (story,) = client.record.of_turn(accepted["turn_id"])
        assert story.status == "complete"
        assert await read_dead(bus) == []


async def test_dead_retry_refuses_a_turn_of_an_older_epoch(stack: Stack, model: ScriptedModel) -> None:
    if not stack.of("tts"):
        stack.start("tts")
    stack.wait_ready()
    async with talk(*stack.urls) as client, stack.bus() as bus:
        await kill_llm_in_mid_story(stack, model, client)
        await client.until_event("error")
        entry = await only_letter(bus)
        await client.hears("Rex?", new_id())

        refused = await dead(stack, "dead", "retry", "--all")
        assert refused.returncode == 1
        assert "cannot be retried: the conversation's epoch has moved on" in refused.stdout
        assert (await dead(stack, "dead", "retry")).returncode == 2
        assert (await dead(stack, "dead", "retry", "1-1")).returncode == 2
        dropped = await dead(stack, "dead", "drop", entry.id)
        assert (dropped.returncode, dropped.stdout) == (0, "Dropped 1 entry.\n")
        assert await read_dead(bus) == []


@pytest.mark.usefixtures("model")
async def test_inspect_follow_shows_a_conversation_live(stack: Stack) -> None:
    if not stack.of("tts"):
        stack.start("tts")
    stack.wait_ready()
    out, err = stack.folder / "follow.txt", stack.folder / "follow.err"
    following = follow_in_the_background(stack, out, err)
    try:
        await eventually(lambda: "following every conversation" in err.read_text(), "the first line")
        async with talk(*stack.urls) as client:
            await client.hears("Luna and Rex, hello!", new_id())
            conversation_id = client.record.conversation_id
            names = [message.name for message in client.record.messages.values()]
        for name in names:
            await eventually(
                lambda name=name: _has_line(out.read_text(), "audio", name, "no more sound"), f"{name}'s sound"
            )
        text = out.read_text()
        assert _has_line(text, "turns", "you", "typed “Luna and Rex, hello!”")
        assert _has_line(text, "work:tts", "", "posted: message")
        assert all(conversation_id[:8] in line for line in text.splitlines())
        assert "\x1b" not in text
        following.send_signal(signal.SIGINT)
        assert following.wait(30) == 130
    finally:
        following.kill()
        following.wait()


def _has_line(text: str, stream: str, name: str, detail: str) -> bool:
    return any(f" {stream} " in line and name in line and detail in line for line in text.splitlines())
