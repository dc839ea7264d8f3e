"""Work that was given up is had done after all: on real processes, through the `tertulia` command."""

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

from tertulia_cli.dead_letters.read import Letter, read_facts, read_letters
from tertulia_cli.dead_letters.recovery import Again, remedy_for
from tertulia_cli.dead_letters.retry import carry_out
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
    """Work is tried once, and nobody speaks yet. A worker that is merely slow must not count as dead: the lease."""
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
    """What the llm workers ask; it always tells the same story."""
    async with ScriptedModel(default=Reply(STORY), port=model_port) as model:
        yield model


def environment(stack: Stack, user: str) -> dict[str, str]:
    """What a command is told that logs in as a person."""
    return {**stack.environment, "TERTULIA_REDIS_URL": stack.redis.url_as(f"{user}:x")}


async def dead(stack: Stack, *words: str) -> subprocess.CompletedProcess[str]:
    """`tertulia …` beside the stack: as a user who may only read, or where something is to be done, as one who may."""
    user = "operator" if words[1] in {"retry", "drop"} else "reader"
    return await asyncio.to_thread(  # the client and the model go on meanwhile
        subprocess.run,
        [sys.executable, "-m", "tertulia_cli.main", *words],
        env=environment(stack, user), cwd=stack.folder, capture_output=True, text=True, check=False, timeout=60,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip


def follow_in_the_background(stack: Stack, out: Path, err: Path) -> subprocess.Popen[bytes]:
    """`tertulia inspect --follow` into two files."""
    with out.open("wb") as to, err.open("wb") as errors:
        return subprocess.Popen(
            [sys.executable, "-m", "tertulia_cli.main", "inspect", "--follow"],
            env=environment(stack, "reader"), cwd=stack.folder, stdout=to, stderr=errors,
        )  # fmt: skip


async def only_letter(bus: Bus) -> Letter:
    """The one piece of work that was given up, as soon as it is."""
    found: list[Letter] = []
    while not found:
        found = await read_letters(bus)
        await asyncio.sleep(0.01)
    (letter,) = found
    return letter


async def unspoken_reply(client: TalkClient) -> str:
    """Something is asked and answered, in text."""
    turn_id = new_id()
    await client.say("Luna, tell me a story.", turn_id)
    await client.until_event("turn_complete")
    (message,) = client.record.of_turn(turn_id)
    return message.message_id


async def kill_who_tells_a_story(stack: Stack, model: ScriptedModel, client: TalkClient) -> str:
    """A turn whose worker is killed in the midst of its answer; another one is there then."""
    model.script.append(Reply(STORY, hold=Hold(2)))
    turn_id = await client.say("Luna, tell me a story.", new_id())
    await client.until_event("llm_chunk")
    stack.of("llm")[0].send(signal.SIGKILL)
    stack.start("llm")
    return turn_id


@pytest.mark.usefixtures("model")
async def test_a_reply_that_no_engine_could_speak_is_spoken_after_all(stack: Stack, tmp_path: Path) -> None:
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
    stack.start("tts")  # takes it over, and finds that it has been tried often enough

    async with stack.bus() as bus:
        letter = await only_letter(bus)
        assert letter.id in (await dead(stack, "dead", "list")).stdout
        shown = (await dead(stack, "dead", "show", letter.id)).stdout
        assert "to speak Luna's reply “" in shown
        assert "the device is lost" in shown
        assert "On retry: A tts worker speaks all of it" in shown
        audio = bus.keys.audio(conversation_id, message_id)
        assert [entry.fields.get(b"is_final") for entry in await bus.read(audio)] == [b"1"]

        # who is killed before the entry goes leaves it there, and doing it again does no harm
        facts = await read_facts(bus, letter)
        remedy = remedy_for(letter, facts)
        assert isinstance(remedy, Again)
        await bus.reopen(audio, remedy.end_id)
        await bus.post(remedy.stage, remedy.work, epoch=remedy.epoch)
        assert await carry_out(bus, letter.id, remedy)
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


async def test_a_turn_that_nobody_could_answer_is_asked_again(stack: Stack, model: ScriptedModel) -> None:
    if not stack.of("tts"):
        stack.start("tts")
    stack.wait_ready()
    async with talk(*stack.urls) as client, stack.bus() as bus:
        turn_id = await kill_who_tells_a_story(stack, model, client)
        error = await client.until_event("error")
        assert error["code"] == "turn_failed"
        await client.until_done(turn_id)
        letter = await only_letter(bus)
        shown = (await dead(stack, "dead", "show", letter.id)).stdout
        assert f"to answer “Luna, tell me a story.” (turn {turn_id}" in shown
        assert "is said again, as a new turn" in shown

        retried = await dead(stack, "dead", "retry", letter.id)
        assert retried.returncode == 0, retried.stderr
        assert "posted again" in retried.stdout
        accepted = await client.until_event("turn_accepted", 2)
        assert accepted["text"] == "Luna, tell me a story."
        await client.until_done(accepted["turn_id"])
        (story,) = client.record.of_turn(accepted["turn_id"])
        assert story.status == "complete"
        assert await read_letters(bus) == []


async def test_what_is_too_late_is_said_and_dropped(stack: Stack, model: ScriptedModel) -> None:
    if not stack.of("tts"):
        stack.start("tts")
    stack.wait_ready()
    async with talk(*stack.urls) as client, stack.bus() as bus:
        await kill_who_tells_a_story(stack, model, client)
        await client.until_event("error")
        letter = await only_letter(bus)
        await client.hears("Rex?", new_id())

        refused = await dead(stack, "dead", "retry", "--all")
        assert refused.returncode == 1
        assert "a retry is pointless: the conversation's epoch has moved on" in refused.stdout
        assert (await dead(stack, "dead", "retry")).returncode == 2
        assert (await dead(stack, "dead", "retry", "1-1")).returncode == 2
        dropped = await dead(stack, "dead", "drop", letter.id)
        assert (dropped.returncode, dropped.stdout) == (0, "Dropped 1 entry.\n")
        assert await read_letters(bus) == []


@pytest.mark.usefixtures("model")
async def test_inspect_follows_a_talk_as_it_goes_on(stack: Stack) -> None:
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
                lambda name=name: _told(out.read_text(), "audio", name, "no more sound"), f"{name}'s sound"
            )
        text = out.read_text()
        assert _told(text, "turns", "you", "typed “Luna and Rex, hello!”")
        assert _told(text, "work:tts", "", "posted: message")
        assert all(conversation_id[:8] in line for line in text.splitlines())
        assert "\x1b" not in text
        following.send_signal(signal.SIGINT)
        assert following.wait(30) == 130
    finally:
        following.kill()
        following.wait()


def _told(text: str, stream: str, who: str, what: str) -> bool:
    return any(f" {stream} " in line and who in line and what in line for line in text.splitlines())
