"""A conversation with any content in its keys or rows is still answered, with text and with audio.

Real workers of every stage run on each bus. Each example corrupts one conversation, before or during a turn, and then
continues it. `CORRUPTION_EXAMPLES` sets the number of examples.
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
from tests.harness.corruption_bench import (
    HELLO,
    CorruptedConversation,
    CorruptionBench,
    memory_bench,
    message_row,
    redis_bench,
)
from tests.harness.leftover_keys import Leftovers

EXAMPLES = int(os.environ.get("CORRUPTION_EXAMPLES", "12"))
MAX_ATTEMPTS = 2
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
class Corruption:
    """A change of one key or row. `kind`: the kind of change. `coming`: True if the key belongs to the next turn."""

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
    Corruption, st.just("entry"), st.sampled_from(STREAMS), **of, sample=st.integers(0, 20),
    drop=st.lists(names, max_size=1).map(tuple),
    fields=st.lists(st.tuples(names, values), max_size=3).map(tuple), id=st.sampled_from(IDS),
)  # fmt: skip
fields = st.builds(
    Corruption, st.just("field"), st.just("state"), name=st.sampled_from(STATE),
    value=values | st.sampled_from(PACKED).map(pack),
) | st.builds(
    Corruption, st.just("field"), st.just("mic_progress"), name=st.sampled_from([b"sample", b"entry", b"entry_sample"]),
    value=values,
)  # fmt: skip
owners = st.builds(
    Corruption, st.just("owner"), st.sampled_from(OWNED), **of, type=st.sampled_from(["string", "hash", "stream"]),
    value=st.sampled_from([b"", b"/", b"1-1", b"1-1/x", b"9-9/99", b"1-1/1", b"\xff"]),
)  # fmt: skip
types = st.builds(
    Corruption, st.just("type"), st.sampled_from([*STREAMS, *HASHES]), **of,
    type=st.sampled_from(["string", "hash", "stream"]), value=values,
)  # fmt: skip
rows = st.builds(
    Corruption, st.just("row"), st.sampled_from(["update", "insert", "conversation"]),
    name=st.sampled_from(COLUMNS).map(str.encode), cell=st.sampled_from(CELLS),
)  # fmt: skip
corruptions = st.lists(entries | fields | owners | types | rows, min_size=1, max_size=3)


def key_of(conversation: CorruptedConversation, corruption: Corruption, turns: tuple[str, str]) -> Key:
    keys: Keys = conversation.bench.bus.keys
    message_id = conversation.reply_to(turns[corruption.coming], corruption.speaker)
    match corruption.target:
        case "sentences":
            return keys.sentences(conversation.id, message_id)
        case "audio":
            return keys.audio(conversation.id, message_id)
        case "mic":
            return keys.mic(conversation.id, conversation.session_id)
        case "mic_progress":
            return keys.mic_progress(conversation.id, conversation.session_id)
        case name:
            return getattr(keys, name)(conversation.id)


def samples(conversation: CorruptedConversation, corruption: Corruption, turns: tuple[str, str]) -> Sequence[object]:
    """Valid entries for a stream."""
    turn_id = turns[corruption.coming]
    id, luna = conversation.reply_to(turn_id, corruption.speaker), conversation.bench.speakers[corruption.speaker]
    if corruption.target == "events":
        return [
            TurnComplete(turn_id), MessageComplete(id, luna.id, "What?", "complete"), TurnStarted(turn_id, ()),
            MessageHeard(id, luna.id, "Wh"), MessageStarted(id, turn_id, luna.id, luna.name), Interrupted("turn"),
            LLMChunk("What?", luna.id, id), TurnAccepted(new_id(), HELLO, "typed"),
        ]  # fmt: skip
    ids = (conversation.id, id, luna.id)
    return {
        "sentences": [
            TTSSentence("What?", 0, *ids, luna.name, luna.voice), TTSSentence("What?", 1, *ids, luna.name, luna.voice),
            TTSSentence("", 2, *ids, luna.name, luna.voice, is_final=True),
        ],
        "audio": [
            AudioChunk(b"\0\0", 0, 0, *ids), AudioChunk(b"\0\0", 5, 9, *ids), AudioChunk(b"\0\0", 99_998, 4, *ids),
            AudioChunk(b"", 1, 0, *ids, is_final=True),
        ],
        "turns": [
            UserTurn(new_id(), conversation.id, HELLO, "typed"),
            UserTurn(turn_id, conversation.id, HELLO, "spoken"),
        ],
        "control": [Interrupt("turn"), Interrupt("request")],
        "receipts": [Receipt(id, 0, 0, 10), Receipt(id, 900_000, 900_000, 10)],
        "mic": [MicChunk(b"\0\0" * 320), MicChunk(b"\0"), MicChunk(b"", is_final=True, cause="stopped")],
    }[corruption.target]  # fmt: skip


async def corrupt(conversation: CorruptedConversation, corruption: Corruption, turns: tuple[str, str]) -> None:
    bench, raw, keys = conversation.bench, conversation.bench.raw, conversation.bench.bus.keys
    match corruption.kind:
        case "entry":
            valid = samples(conversation, corruption, turns)
            plain = encode(valid[corruption.sample % len(valid)], ts=1, epoch=corruption.sample)
            made = dict(zip(plain[::2], plain[1::2], strict=True)) | dict(corruption.fields)
            made = {name: value for name, value in made.items() if name not in corruption.drop}
            await raw.add(key_of(conversation, corruption, turns), made, corruption.id)
        case "field":
            await raw.put(key_of(conversation, corruption, turns), corruption.name, corruption.value)
        case "type":
            await raw.turn_into(key_of(conversation, corruption, turns), corruption.type, corruption.value)
        case "owner":
            message_id = conversation.reply_to(turns[corruption.coming], corruption.speaker)
            thing = {"turns": "turns", "message": message_id, "session": conversation.session_id}[corruption.target]
            await raw.turn_into(keys.owner(conversation.id, thing), corruption.type, corruption.value)
        case _:
            column = corruption.name.decode()
            if corruption.target == "insert":
                bench.insert_message({**message_row(conversation, new_id()), column: corruption.cell})
            elif corruption.target == "update":
                bench.set_column("messages", turns[0], column, corruption.cell)
            else:
                bench.set_column(
                    "conversations", conversation.id, "title" if column == "text" else "updated_at", corruption.cell
                )


@dataclass
class BenchRunner:
    """A bench, and the event loop in which it runs."""

    runner: asyncio.Runner
    bench: CorruptionBench

    def run(self, work: Callable[[CorruptionBench], Awaitable[T]]) -> T:
        async def on_loop() -> T:
            return await work(self.bench)

        return self.runner.run(on_loop())


async def entered(
    context: AbstractAsyncContextManager[CorruptionBench],
) -> tuple[CorruptionBench, Callable[[], Coroutine[Any, Any, None]]]:
    """Enter the context in a task that also exits it, as task groups require. Returns the bench, and a function to
    exit.
    """
    ready: asyncio.Future[CorruptionBench] = asyncio.get_running_loop().create_future()
    over = asyncio.Event()

    async def hold() -> None:
        async with context as bench:
            ready.set_result(bench)
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
def bench_runner(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BenchRunner]:
    """A bench on each bus. It is used for all examples."""
    keys, folder = Keys(f"corruption-{os.getpid()}"), tmp_path_factory.mktemp("bench")
    url = request.getfixturevalue("redis_url") if request.param == "redis" else ""
    with asyncio.Runner() as runner:
        context = redis_bench(url, keys, folder) if url else memory_bench(keys, folder)
        bench, leave = runner.run(entered(context))
        yield BenchRunner(runner, bench)
        runner.run(leave())
    if url:
        Leftovers(url, keys).clear()


async def corrupt_all(
    conversation: CorruptedConversation, corruption: list[Corruption], turns: tuple[str, str]
) -> None:
    for each in corruption:
        await corrupt(conversation, each, turns)


async def assert_recovers(conversation: CorruptedConversation, harm: list[str]) -> None:
    """Check that at most one more turn fails, and that the next turn is answered."""
    for _ in range(2):
        turn_id = new_id()
        await conversation.say(turn_id)
        found = await conversation.faults_of(turn_id)
        if not found:
            return
        assert not harm, f"two turns were harmed: {harm}, {found}"
        harm = found
    pytest.fail(f"the conversation does not recover: {harm}")


async def run_conversation(bench: CorruptionBench, corruption: list[Corruption], when: str) -> None:
    conversation = CorruptedConversation(bench)
    turns = new_id(), new_id()
    await conversation.say(turns[0])
    assert not await conversation.faults_of(turns[0])
    is_heard = any(each.target in ("mic", "mic_progress", "session") for each in corruption)
    if when == "before":
        await corrupt_all(conversation, corruption, turns)
    if is_heard:
        await conversation.listen()
    await conversation.say(turns[1])
    if when == "midst":
        await corrupt_all(conversation, corruption, turns)
    harm = await conversation.faults_of(turns[1])
    note(f"the corrupted turn: {harm}")
    assert "it is not over" not in harm, "no event says that the turn is over"
    await assert_recovers(conversation, harm)
    if is_heard:
        assert await conversation.until_listening_stopped(), "the listening session does not end"


@given(corruption=corruptions, when=st.sampled_from(["before", "midst"]))
@settings(
    max_examples=EXAMPLES, deadline=None, derandomize="CORRUPTION_EXAMPLES" not in os.environ,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)  # fmt: skip
def test_corrupted_conversation_is_answered_with_text_and_audio(
    bench_runner: BenchRunner, corruption: list[Corruption], when: str
) -> None:
    for handler in bench_runner.bench.handlers:
        handler.highest = 0
    note(f"{when=}, {corruption}")
    bench_runner.run(lambda bench: run_conversation(bench, corruption, when))
    assert max(handler.highest for handler in bench_runner.bench.handlers) <= MAX_ATTEMPTS
