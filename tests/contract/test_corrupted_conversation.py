"""A conversation with any content in its keys or rows still answers, with text and with sound.

Real workers of every stage run on either bus; each example corrupts one conversation, before or during a
turn, and continues to talk. `CORRUPTION_EXAMPLES` sets the number of examples.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from tertulia_shared.codec import encode, pack
from tertulia_shared.entries import AudioChunk, Interrupt, MicChunk, Receipt, TTSSentence, UserTurn
from tertulia_shared.events import (
    Interrupted,
    LLMChunk,
    MessageComplete,
    MessageHeard,
    MessageStarted,
    TurnAccepted,
    TurnComplete,
    TurnStarted,
)
from tertulia_shared.ids import new_id
from tertulia_shared.keys import Key, Keys
from tests.harness.corruption_bench import HELLO, Room, Talk, memory_room, message_row, redis_room
from tests.harness.leftover_keys import Leftovers

EXAMPLES = int(os.environ.get("CORRUPTION_EXAMPLES", "12"))
MAX_ATTEMPTS_AT_POISON = 2
FAR = 2**64 - 1
T = TypeVar("T")

STREAMS = ("turns", "events", "control", "receipts", "sentences", "audio", "mic")
HASHES = ("state", "mic_progress")
OWNED = ("turns", "message", "session")
IDS = [
    None, None, None, "1-0", "2-0", "1-1", "5-0", "99999-5", f"{FAR}-{FAR}", f"{FAR}-{FAR - 1}", f"{FAR}-0",
    "99999999999999-0",
]  # fmt: skip
NUMBERS = [b"0", b"1", b"2", b"-5", b"9" * 18, b"9" * 30, str(2**63).encode(), b"1e15", b"nan", b"007", b""]
values = st.sampled_from(NUMBERS) | st.binary(max_size=8) | st.text(max_size=8).map(lambda text: text.encode())
PACKED: list[object] = [
    None, [], {}, "x", -1, 2**63, {"turn_id": 1}, {"temperature": 1e308}, {"temperature": float("nan")},
    {"top_k": -(2**40)}, {"model": "x" * 5_000}, {"model": "a\nb"}, {"top_p": 99}, {"speakers": [{}]},
]  # fmt: skip
STATE = [
    b"epoch", b"cursor", b"plan", b"started", b"complete", b"failed", b"cut", b"settled", b"ended", b"warned", b"talk",
    b"settings", b"client",
]  # fmt: skip
COLUMNS = [
    "id", "turn_id", "role", "character_id", "character_name", "text", "status", "position", "created_at", "updated_at",
]  # fmt: skip
CELLS: list[object] = [None, "", "x", "\x00\x92", -1, 2**63 - 1, -(2**63), 0.5, b"\xff", "x" * 100_000]

names = st.sampled_from([
    b"v", b"ts", b"epoch", b"type", b"turn_id", b"conversation_id", b"text", b"source", b"message_id", b"index",
    b"sentence_index", b"chunk_index", b"played_ms", b"cause", b"is_final", b"written", b"audio", b"character_id",
    b"character_name", b"voice_id", b"pcm", b"status", b"usage", b"replies",
])  # fmt: skip


@dataclass(frozen=True)
class Poison:
    """A change of one key (or row). `kind`: the kind of change; `coming`: whether the key belongs to the next turn."""

    kind: str
    target: str
    coming: bool = True
    speaker: str = "Luna"
    sample: int = 0
    drop: tuple[bytes, ...] = ()
    fields: tuple[tuple[bytes, bytes], ...] = ()
    id: str | None = None
    name: bytes = b""
    value: bytes = b""
    type: str = "string"
    cell: object = None


of = {"coming": st.booleans(), "speaker": st.sampled_from(["Luna", "Rex"])}
entries = st.builds(
    Poison, st.just("entry"), st.sampled_from(STREAMS), **of, sample=st.integers(0, 20),
    drop=st.lists(names, max_size=1).map(tuple),
    fields=st.lists(st.tuples(names, values), max_size=3).map(tuple), id=st.sampled_from(IDS),
)  # fmt: skip
fields = st.builds(
    Poison, st.just("field"), st.just("state"), name=st.sampled_from(STATE),
    value=values | st.sampled_from(PACKED).map(pack),
) | st.builds(
    Poison, st.just("field"), st.just("mic_progress"), name=st.sampled_from([b"sample", b"entry", b"entry_sample"]),
    value=values,
)  # fmt: skip
owners = st.builds(
    Poison, st.just("owner"), st.sampled_from(OWNED), **of, type=st.sampled_from(["string", "hash", "stream"]),
    value=st.sampled_from([b"", b"/", b"1-1", b"1-1/x", b"9-9/99", b"1-1/1", b"\xff"]),
)  # fmt: skip
types = st.builds(
    Poison, st.just("type"), st.sampled_from([*STREAMS, *HASHES]), **of,
    type=st.sampled_from(["string", "hash", "stream"]), value=values,
)  # fmt: skip
rows = st.builds(
    Poison, st.just("row"), st.sampled_from(["update", "insert", "conversation"]),
    name=st.sampled_from(COLUMNS).map(str.encode), cell=st.sampled_from(CELLS),
)  # fmt: skip
poisons = st.lists(entries | fields | owners | types | rows, min_size=1, max_size=3)


def key_of(talk: Talk, poison: Poison, turns: tuple[str, str]) -> Key:
    keys: Keys = talk.room.bus.keys
    message_id = talk.reply_to(turns[poison.coming], poison.speaker)
    match poison.target:
        case "sentences":
            return keys.sentences(talk.id, message_id)
        case "audio":
            return keys.audio(talk.id, message_id)
        case "mic":
            return keys.mic(talk.id, talk.session_id)
        case "mic_progress":
            return keys.mic_progress(talk.id, talk.session_id)
        case name:
            return getattr(keys, name)(talk.id)


def samples(talk: Talk, poison: Poison, turns: tuple[str, str]) -> Sequence[object]:
    """Valid entries for a stream."""
    turn_id = turns[poison.coming]
    id, luna = talk.reply_to(turn_id, poison.speaker), talk.room.speakers[poison.speaker]
    if poison.target == "events":
        return [
            TurnComplete(turn_id), MessageComplete(id, luna.id, "What?", "complete"), TurnStarted(turn_id, ()),
            MessageHeard(id, luna.id, "Wh"), MessageStarted(id, turn_id, luna.id, luna.name), Interrupted("turn"),
            LLMChunk("What?", luna.id, id), TurnAccepted(new_id(), HELLO, "typed"),
        ]  # fmt: skip
    ids = (talk.id, id, luna.id)
    return {
        "sentences": [
            TTSSentence("What?", 0, *ids, luna.name, luna.voice), TTSSentence("What?", 1, *ids, luna.name, luna.voice),
            TTSSentence("", 2, *ids, luna.name, luna.voice, is_final=True),
        ],
        "audio": [
            AudioChunk(b"\0\0", 0, 0, *ids), AudioChunk(b"\0\0", 5, 9, *ids), AudioChunk(b"\0\0", 99_998, 4, *ids),
            AudioChunk(b"", 1, 0, *ids, is_final=True),
        ],
        "turns": [UserTurn(new_id(), talk.id, HELLO, "typed"), UserTurn(turn_id, talk.id, HELLO, "spoken")],
        "control": [Interrupt("turn"), Interrupt("request")],
        "receipts": [Receipt(id, 0, 0, 10), Receipt(id, 900_000, 900_000, 10)],
        "mic": [MicChunk(b"\0\0" * 320), MicChunk(b"\0"), MicChunk(b"", is_final=True, cause="stopped")],
    }[poison.target]  # fmt: skip


async def corrupt(talk: Talk, poison: Poison, turns: tuple[str, str]) -> None:
    room, raw, keys = talk.room, talk.room.raw, talk.room.bus.keys
    match poison.kind:
        case "entry":
            valid = samples(talk, poison, turns)
            flat = encode(valid[poison.sample % len(valid)], ts=1, epoch=poison.sample)
            plain = [value if isinstance(value, bytes) else str(value).encode() for value in flat]
            made = dict(zip(plain[::2], plain[1::2], strict=True)) | dict(poison.fields)
            made = {name: value for name, value in made.items() if name not in poison.drop}
            await raw.add(key_of(talk, poison, turns), made, poison.id)
        case "field":
            await raw.put(key_of(talk, poison, turns), poison.name, poison.value)
        case "type":
            await raw.turn_into(key_of(talk, poison, turns), poison.type, poison.value)
        case "owner":
            message_id = talk.reply_to(turns[poison.coming], poison.speaker)
            thing = {"turns": "turns", "message": message_id, "session": talk.session_id}[poison.target]
            await raw.turn_into(keys.owner(talk.id, thing), poison.type, poison.value)
        case _:
            column = poison.name.decode()
            if poison.target == "insert":
                room.new_row({**message_row(talk, new_id()), column: poison.cell})
            elif poison.target == "update":
                room.row("messages", turns[0], column, poison.cell)
            else:
                room.row("conversations", talk.id, "title" if column == "text" else "updated_at", poison.cell)


@dataclass
class Place:
    """A room, and the event loop on which it runs."""

    runner: asyncio.Runner
    room: Room

    def run(self, work: Callable[[Room], Awaitable[T]]) -> T:
        async def here() -> T:
            return await work(self.room)

        return self.runner.run(here())


async def entered(context: AbstractAsyncContextManager[Room]) -> tuple[Room, Callable[[], Coroutine[Any, Any, None]]]:
    """Enter the context in a task that also exits it (for task groups). Returns the room and an exit function."""
    ready: asyncio.Future[Room] = asyncio.get_running_loop().create_future()
    over = asyncio.Event()

    async def hold() -> None:
        async with context as room:
            ready.set_result(room)
            await over.wait()

    task = asyncio.create_task(hold())

    async def leave() -> None:
        over.set()
        await task

    await asyncio.wait([task, ready], return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        await task
    return ready.result(), leave


@pytest.fixture(scope="module", params=[pytest.param(kind, marks=pytest.mark.slow) for kind in ("memory", "redis")])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A room on each bus, for all examples."""
    keys, folder = Keys(f"poison-{os.getpid()}"), tmp_path_factory.mktemp("room")
    url = request.getfixturevalue("redis_url") if request.param == "redis" else ""
    with asyncio.Runner() as runner:
        context = redis_room(url, keys, folder) if url else memory_room(keys, folder)
        room, leave = runner.run(entered(context))
        yield Place(runner, room)
        runner.run(leave())
    if url:
        Leftovers(url, keys).clear()


async def corrupt_all(talk: Talk, poison: list[Poison], turns: tuple[str, str]) -> None:
    for each in poison:
        await corrupt(talk, each, turns)


async def assert_recovers(talk: Talk, harm: list[str]) -> None:
    """Check that at most one more turn fails."""
    for _ in range(2):
        turn_id = new_id()
        await talk.say(turn_id)
        found = await talk.trouble_with(turn_id)
        if not found:
            return
        assert not harm, f"two turns were harmed: {harm}, {found}"
        harm = found
    pytest.fail(f"the conversation does not recover: {harm}")


async def talks(room: Room, poison: list[Poison], when: str) -> None:
    talk = Talk(room)
    turns = new_id(), new_id()
    await talk.say(turns[0])
    assert not await talk.trouble_with(turns[0])
    is_heard = any(each.target in ("mic", "mic_progress", "session") for each in poison)
    if when == "before":
        await corrupt_all(talk, poison, turns)
    if is_heard:
        await talk.listen()
    await talk.say(turns[1])
    if when == "midst":
        await corrupt_all(talk, poison, turns)
    harm = await talk.trouble_with(turns[1])
    note(f"the poisoned turn: {harm}")
    assert "it is not over" not in harm, "no event says that the turn is over"
    await assert_recovers(talk, harm)
    if is_heard:
        assert await talk.until_heard_out(), "the listening session does not end"


@given(poison=poisons, when=st.sampled_from(["before", "midst"]))
@settings(
    max_examples=EXAMPLES, deadline=None, derandomize="CORRUPTION_EXAMPLES" not in os.environ,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)  # fmt: skip
def test_poisoned_conversation_answers_with_text_and_sound(place: Place, poison: list[Poison], when: str) -> None:
    for handler in place.room.handlers:
        handler.most = 0
    note(f"{when=}, {poison}")
    place.run(lambda room: talks(room, poison, when))
    assert max(handler.most for handler in place.room.handlers) <= MAX_ATTEMPTS_AT_POISON
