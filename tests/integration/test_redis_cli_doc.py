"""Runs every recipe of docs/redis-cli.md in a shell, on the data of a real conversation, as a user that can only
read.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import wave
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import pytest
from redis.asyncio import Redis

from tertulia_shared.bus import Bus
from tertulia_shared.entries import AudioChunk, TTSSentence
from tertulia_shared.events import TurnComplete
from tertulia_shared.ids import new_id
from tests.harness.eventually import eventually
from tests.harness.redis_cli import AWKWARD, BLOCKS, FUNCTIONS, SAID, ConversationData, talked
from tests.harness.stack import Stack

SHELLS = [shell for shell in ("sh", "bash") if shutil.which(shell)]
SETTING_UP = ("Reaching Redis", "One entry per line", "Watching it live")
"""Sections that have tests of their own. The other sections are recipes that print something."""
pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConversationData]:
    """The data that a conversation has left in Redis."""
    folder = tmp_path_factory.mktemp("doc")
    with Stack(folder / "stack", namespace="tertulia") as stack:
        yield asyncio.run(talked(stack, folder))


# -- the expected output of each recipe


def conversations(left: ConversationData, outputs: list[str]) -> None:
    """The list of conversations, newest first; then the id of the newest one."""
    first, second = [line.split("  ", 2) for line in outputs[0].splitlines()]
    assert first == [str(left.turn.accepted), left.conversation_id, SAID]
    assert second[1:] == [left.older, " ".join(AWKWARD.split())]
    assert outputs[1].strip() == left.conversation_id


def who_said_what(left: ConversationData, outputs: list[str]) -> None:
    assert outputs[0].splitlines() == [f"You: {SAID}", f"{left.message.name}: {left.message.text}"]


def messages(left: ConversationData, outputs: list[str]) -> None:
    assert outputs[0].splitlines() == [f"{left.message.message_id} {left.message.name}"]
    assert outputs[1].strip() == left.message.message_id


def sentences(left: ConversationData, outputs: list[str]) -> None:
    assert outputs[0].splitlines() == [each.text for each in left.message.sentences.values()]
    assert outputs[1].strip() == "1"


def hops(left: ConversationData, outputs: list[str]) -> None:
    zero, message = left.turn.accepted, left.message
    first = message.sentences[0]
    assert left.turn.started is not None
    expected = {
        "turn started": left.turn.started,
        "first text": message.first_text,
        "first sentence": first.written,
        "first sound": first.first_sound,
        "text complete": message.text_complete,
        "sound complete": message.sound_complete,
    }
    assert outputs[0].splitlines() == [f"{name} {at - zero} ms" for name, at in expected.items() if at is not None]


def sound(left: ConversationData, outputs: list[str]) -> None:
    assert outputs == [""]
    with wave.open(str(left.folder / "reply.wav")) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (24_000, 1, 2)
        pcm = file.readframes(file.getnframes())
    assert len(pcm) == sum(each.pcm_bytes for each in left.message.sentences.values()) > 48_000
    (left.folder / "pcm").write_bytes(pcm)
    assert (left.folder / "reply.wav").stat().st_size == len(pcm) + 44


def waiting(left: ConversationData, outputs: list[str]) -> None:
    assert outputs[0].splitlines() == [
        "stt: 0 open, 0 with a worker", "llm: 0 open, 0 with a worker", "tts: 2 open, 1 with a worker",
    ]  # fmt: skip
    first, second = outputs[1].splitlines()
    assert first.startswith(f"tts {left.held_id}\t")
    assert second.startswith(f"tts {left.waiting_id}\t")
    assert f"message_id={left.message.message_id}" in second


def owner(left: ConversationData, outputs: list[str]) -> None:
    id, worker, idle_ms, attempt = outputs[0].strip().split("\t")
    assert (id, worker, attempt) == (f"tts {left.held_id}", "host-1-abc", "1")
    assert idle_ms.isdigit()
    assert outputs[1].strip() == left.message.owner
    assert outputs[2].strip() == "RetryLater: no device"


def died(left: ConversationData, outputs: list[str]) -> None:
    (line,) = outputs[0].splitlines()
    assert line.startswith(f"{left.dead_id} tts work ")
    assert "attempts: 1, a tts work entry needs a conversation_id and a message_id, both UUIDs" in line
    assert line.endswith(f"; {left.conversation_id} no-id")


def state(left: ConversationData, outputs: list[str]) -> None:
    fields = dict(line.split(":", 1) for line in outputs[0].splitlines())
    assert list(fields) == ["epoch", "cut", "talk", "cursor", "started", "complete", "failed"]
    assert (fields["epoch"], fields["cursor"]) == (f" {left.turn.epoch}", f" {left.cursor}")
    assert (fields["started"], fields["complete"], fields["failed"].strip()) == (" 1", " 1", "")


def outbox(left: ConversationData, outputs: list[str]) -> None:
    count, entry = outputs[0].splitlines()
    assert count == "1"
    assert entry.split("\t")[1:] == [
        "kind=message", f"conversation_id={left.conversation_id}", f"message_id={left.message.message_id}",
    ]  # fmt: skip


def alive(left: ConversationData, outputs: list[str]) -> None:
    assert left.stt in outputs[0].splitlines()
    assert all(member.count(":") == 2 for member in outputs[0].splitlines())


RECIPES: Mapping[str, Callable[[ConversationData, list[str]], None]] = {
    "Which conversations are there?": conversations,
    "Who said what, in order?": who_said_what,
    "Which messages are there?": messages,
    "What did this message say?": sentences,
    "How long did each hop take?": hops,
    "How does it sound?": sound,
    "What is waiting, stage by stage?": waiting,
    "Who owns it, since when, which attempt?": owner,
    "What died, and why?": died,
    "What is the state of a conversation?": state,
    "What waits for the database?": outbox,
    "Who is alive?": alive,
}


def test_every_section_of_the_redis_cli_document_has_a_test() -> None:
    assert {heading for heading, scripts in BLOCKS.items() if scripts} == {*RECIPES, *SETTING_UP}


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("heading", list(RECIPES))
async def test_redis_cli_recipe_prints_the_recorded_data(left: ConversationData, heading: str, shell: str) -> None:
    RECIPES[heading](left, [left.run(shell, script) for script in BLOCKS[heading]])
    if heading == "How does it sound?":
        async with left.stack.bus() as bus:
            entries = await bus.read(bus.keys.audio(left.conversation_id, left.message.message_id))
        assert (left.folder / "pcm").read_bytes() == b"".join(entry.fields.get(b"audio", b"") for entry in entries)


@pytest.mark.parametrize("shell", SHELLS)
async def test_recipe_for_audio_keeps_every_byte_value(left: ConversationData, shell: str) -> None:
    every = bytes(range(256)) + b"\\x41\"\n\r\t\a\b'%s\\n" * 3
    message_id = new_id()
    async with left.stack.bus() as bus:
        await write_audio(bus, left.conversation_id, message_id, every, b"", every[::-1])
    left.run(shell, f"M={message_id}\n" + BLOCKS["How does it sound?"][0])
    assert (left.folder / "reply.wav").read_bytes()[44:] == every + every[::-1]


async def write_audio(bus: Bus, conversation_id: str, message_id: str, *chunks: bytes) -> None:
    outlet = bus.outlet()
    for number, pcm in enumerate(chunks):
        chunk = AudioChunk(pcm, 0, number, conversation_id, message_id, "luna")
        outlet.append(bus.keys.audio(conversation_id, message_id), chunk, id=f"1-{number + 1}")
    await outlet.flush()


@pytest.mark.parametrize("shell", SHELLS)
async def test_recipe_for_text_replaces_only_line_breaks_and_tabs(left: ConversationData, shell: str) -> None:
    message_id = new_id()
    said = TTSSentence(AWKWARD, 0, left.conversation_id, message_id, "luna", "Zoë", "luna")
    async with left.stack.bus() as bus:
        outlet = bus.outlet()
        outlet.append(bus.keys.sentences(left.conversation_id, message_id), said, id="1-0")
        await outlet.flush()
    text = left.run(shell, f"M={message_id}\n" + BLOCKS["What did this message say?"][0])
    assert text == AWKWARD.replace("\t", " ").replace("\n", " ") + "\n"


@pytest.mark.parametrize("shell", SHELLS)
async def test_watch_recipe_prints_each_event_when_it_is_written(left: ConversationData, shell: str) -> None:
    out = left.folder / f"watch-{shell}.txt"
    script = f"cli='{left.cli}'\nC={left.conversation_id}\n{FUNCTIONS}{BLOCKS['Watching it live'][0]}"
    before = {client["id"] for client in await clients(left)}
    watching = start_watching(shell, script, out)
    try:
        async with left.stack.bus() as bus:
            await until_blocked(left, before)
            outlet = bus.outlet()
            for turn_id in ("first", "second", "third"):
                outlet.append(bus.keys.events(left.conversation_id), TurnComplete(turn_id))
                await outlet.flush()
                await eventually(lambda turn_id=turn_id: f"turn_id={turn_id}\n" in out.read_text(), turn_id)
        lines = out.read_text().splitlines()
        assert [line.rpartition("=")[2] for line in lines] == ["first", "second", "third"]
        assert all("\ttype=turn_complete\t" in line for line in lines)
    finally:
        os.killpg(watching.pid, signal.SIGKILL)
        watching.wait()


def start_watching(shell: str, script: str, out: Path) -> subprocess.Popen[bytes]:
    with out.open("wb") as to:
        return subprocess.Popen([shell, "-c", script], stdout=to, start_new_session=True)


async def clients(left: ConversationData) -> list[dict[str, str]]:
    """The clients that are connected to the Redis of the stack."""
    async with Redis.from_url(left.stack.redis.url) as client:  # pyright: ignore[reportUnknownMemberType] - untyped kwargs
        return await cast("Any", client).client_list()


async def until_blocked(left: ConversationData, before: set[str]) -> None:
    """Wait until the XREAD of the shell waits at the server.

    `before`: the clients of an earlier moment. One of them may belong to another shell, which was killed, but Redis has
    not noticed it yet.
    """

    async def blocked() -> bool:
        return any(
            each["user"] == "reader" and each["cmd"] == "xread" and "b" in each["flags"]
            for each in await clients(left)
            if each["id"] not in before
        )

    await eventually(blocked)
