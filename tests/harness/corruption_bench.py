"""Real workers of every stage on either bus and on a SQLite file, for tests that corrupt their shared data.

`CorruptionBench` runs the workers for any number of conversations. `CorruptedConversation` is one of them: it writes as
the gateway does, and checks the outcome of a turn.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from tertulia_llm.characters import CharacterCache
from tertulia_llm.history.history import HistoryCache
from tertulia_llm.lorebooks import ConversationLorebooks
from tertulia_llm.metrics import LLMMetrics
from tertulia_llm.model.client import Model
from tertulia_llm.outbox.drainer import OutboxDrainer
from tertulia_llm.past import Past
from tertulia_llm.settings import LLMSettings
from tertulia_llm.turn_handler import TurnHandler
from tertulia_shared.bus import Bus, Claim, WriteRefused
from tertulia_shared.codec import decode, decode_event
from tertulia_shared.conversation_writes import accept_turn
from tertulia_shared.entries import AudioChunk, Speaker, UserTurn, Work
from tertulia_shared.events import ListeningStopped, MessageComplete, TurnComplete
from tertulia_shared.ids import new_id, reply_id
from tertulia_shared.jobs import Handler
from tertulia_shared.keys import Keys
from tertulia_shared.metrics import Metrics
from tertulia_shared.outbox import Outbox
from tertulia_shared.store import Message
from tertulia_shared.store.ordering import turn_position
from tertulia_shared.store.records import utc_now
from tertulia_shared.store.sqlite import SQLiteStore
from tertulia_shared.testing.memory_bus import MemoryBus
from tertulia_shared.worker import Worker
from tertulia_stt.listener import Listener
from tertulia_stt.settings import STTSettings
from tertulia_tts.engines.instant.engine import InstantEngine
from tertulia_tts.settings import TTSSettings
from tertulia_tts.speech_handler import SpeechHandler
from tests.fakes.scripted_recognition import ScriptedRecognition
from tests.harness.bus import running
from tests.harness.eventually import PATIENCE_S
from tests.harness.llm import BenchModel
from tests.harness.raw_writes import MemoryRawWrites, RawWrites, RedisRawWrites
from tests.harness.settings_of import settings_of

LINES = {"Luna": "Hello there. It is Vega.", "Rex": "Woof."}
SENTENCES = {"Luna": 2, "Rex": 1}
HELLO = "Hello, Luna and Rex"
"""Time limit for a turn, even if its data is corrupted."""
LEASE_S = 1.0
POLL_S = 0.01


class AttemptRecorder(Handler):
    """A handler that records the highest attempt of any work in `highest`."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self.highest = 0

    async def handle(self, claim: Claim) -> None:
        self.highest = max(self.highest, claim.attempt)
        await self._handler.handle(claim)

    async def give_up(self, claim: Claim, reason: str) -> str | None:
        return await self._handler.give_up(claim, reason)


@dataclass
class CorruptionBench:
    """Workers of all stages, for any number of conversations."""

    bus: Bus
    raw: RawWrites
    path: Path
    speakers: Mapping[str, Speaker]
    model: BenchModel
    handlers: list[AttemptRecorder] = field(default_factory=list[AttemptRecorder])

    def set_column(self, table: str, id: str, column: str, value: object) -> None:
        """Set a column of a row, if the database accepts the value."""
        with sqlite3.connect(self.path, timeout=PATIENCE_S) as db, suppress(sqlite3.IntegrityError, sqlite3.DataError):
            db.execute(f"UPDATE {table} SET {column} = ? WHERE id = ?", (value, id))  # noqa: S608 - the names come from the test

    def insert_message(self, columns: Mapping[str, object]) -> None:
        """Insert a message row, if the database accepts it."""
        names, marks = ", ".join(columns), ", ".join("?" for _ in columns)
        with sqlite3.connect(self.path, timeout=PATIENCE_S) as db, suppress(sqlite3.IntegrityError, sqlite3.DataError):
            db.execute(f"INSERT INTO messages ({names}) VALUES ({marks})", tuple(columns.values()))  # noqa: S608


class CorruptedConversation:
    """One conversation on a bench."""

    def __init__(self, bench: CorruptionBench) -> None:
        self.bench = bench
        self.id = new_id()
        self.session_id = new_id()

    def reply_to(self, turn_id: str, name: str) -> str:
        """The id of that character's reply."""
        return reply_id(turn_id, self.bench.speakers[name].id)

    async def say(self, turn_id: str) -> None:
        """Write the user's message as the gateway does; if Redis refuses it, mend the keys and try once more."""
        bus = self.bench.bus
        for is_last in (False, True):
            try:
                await accept_turn(bus, UserTurn(turn_id, self.id, HELLO, "typed"))
            except WriteRefused:
                if is_last:
                    raise
                await bus.mend(self.id)
            else:
                return

    async def listen(self) -> None:
        """Start a listening session as the gateway does."""
        await self.bench.bus.post("stt", Work(self.id, session_id=self.session_id))

    async def until_over(self, turn_id: str) -> bool:
        """Wait for the turn's `turn_complete`; False if it does not arrive in time."""
        return await self._until(lambda event: isinstance(event, TurnComplete) and event.turn_id == turn_id)

    async def until_listening_stopped(self) -> bool:
        """Wait for the session's `listening_stopped`; False if it does not arrive in time."""
        return await self._until(
            lambda event: isinstance(event, ListeningStopped) and event.session_id == self.session_id
        )

    async def _until(self, wanted: Callable[[object], bool]) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                while not any(wanted(event) for event in await self._events()):  # noqa: ASYNC110 - others write
                    await asyncio.sleep(POLL_S)
                return True
        return False

    async def _events(self) -> list[object]:
        """All events that can be decoded."""
        found: list[object] = []
        with suppress(WriteRefused):
            for entry in await self.bench.bus.read(self.bench.bus.keys.events(self.id)):
                with suppress(ValueError):
                    found.append(decode_event(entry.fields))
        return found

    async def faults_of(self, turn_id: str) -> list[str]:
        """The faults of the turn; empty if both replies have their text and their sound."""
        if not await self.until_over(turn_id):
            return ["it is not over"]
        events = await self._events()
        found: list[str] = []
        ends = sum(isinstance(event, TurnComplete) and event.turn_id == turn_id for event in events)
        if ends != 1:
            found.append(f"turn_complete came {ends} times")
        for name, line in LINES.items():
            message_id = self.reply_to(turn_id, name)
            completed = [e for e in events if isinstance(e, MessageComplete) and e.message_id == message_id]
            if [(each.text, each.status) for each in completed] != [(line, "complete")]:
                found.append(f"{name}'s text: {completed}")
            elif not await self._is_spoken(message_id, SENTENCES[name]):
                found.append(f"{name} has no sound: {await self._sound(message_id)}")
        return found

    async def _is_spoken(self, message_id: str, sentences: int) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                while -1 not in (sound := await self._sound(message_id)):  # noqa: ASYNC110 - others write
                    await asyncio.sleep(POLL_S)
                return sound == [*range(sentences), -1]
        return False

    async def _sound(self, message_id: str) -> list[int]:
        """The indexes of the sentences that have sound, in order, and -1 for the final entry."""
        found: list[int] = []
        with suppress(WriteRefused):
            for entry in await self.bench.bus.read(self.bench.bus.keys.audio(self.id, message_id)):
                with suppress(ValueError):
                    chunk = decode(AudioChunk, entry.fields)
                    index = -1 if chunk.is_final else chunk.sentence_index
                    if index not in found:
                        found.append(index)
        return found


@asynccontextmanager
async def bench_on(
    bus: Bus, raw: RawWrites, folder: Path, *, worker_buses: Sequence[Bus]
) -> AsyncGenerator[CorruptionBench]:
    """One worker of each stage, with the shortest lease: a peer would hide an endless loop.

    `worker_buses`: the buses on which the workers of llm, tts and stt claim work. On Redis they must differ: a bus has
    one connection for claims, and a claim blocks it.
    """
    path = folder / "tertulia.db"
    store = SQLiteStore(path)
    await store.open()
    for character in await store.characters():
        if character.name not in LINES:
            await store.delete_character(character.id)
    llm = settings_of(LLMSettings, lease_s=LEASE_S, llm_retries=1, drain_s=0, who_answers="everyone")
    characters, outbox = CharacterCache(bus, store), Outbox(bus, store, llm.store_patience_s)
    await characters.read()
    model = BenchModel(LINES)
    model.word_s = 0.001
    histories = HistoryCache(bus, store, outbox, llm.llm_history_messages, llm.user_name)
    metrics = LLMMetrics(Metrics(), "scripted")
    turns = TurnHandler(
        bus,
        outbox,
        histories=histories,
        past=Past(bus, store, outbox, histories),
        characters=characters,
        lorebooks=ConversationLorebooks(bus, store, outbox),
        model=cast("Model", model),
        settings=llm,
        metrics=metrics,
    )
    tts = settings_of(TTSSettings, lease_s=LEASE_S, drain_s=0)
    stt = settings_of(STTSettings, lease_s=LEASE_S, drain_s=0, stt_idle_s=1)
    bench = CorruptionBench(bus, raw, path, {each.name: each for each in characters.active}, model)
    bench.handlers = [
        AttemptRecorder(turns), AttemptRecorder(SpeechHandler(bus, InstantEngine(), tts)),
        AttemptRecorder(Listener(bus, ScriptedRecognition(()), stt)),
    ]  # fmt: skip
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        parts = zip(worker_buses, ("llm", "tts", "stt"), bench.handlers, (llm, tts, stt), strict=True)
        for worker_bus, stage, handler, settings in parts:
            worker = Worker(worker_bus, cast("Any", stage), handler, settings, engine="fake", concurrency=8)
            tasks.create_task(worker.run(stop))
        draining = tasks.create_task(OutboxDrainer(bus, store, "drainer").run())
        try:
            yield bench
        finally:
            stop.set()
            draining.cancel()
    await store.close()


@asynccontextmanager
async def memory_bench(keys: Keys, folder: Path) -> AsyncGenerator[CorruptionBench]:
    """A bench on the memory bus."""
    bus = MemoryBus(keys)
    async with bench_on(bus, MemoryRawWrites(bus), folder, worker_buses=(bus, bus, bus)) as bench:
        yield bench


@asynccontextmanager
async def redis_bench(url: str, keys: Keys, folder: Path) -> AsyncGenerator[CorruptionBench]:
    """A bench on a real Redis."""
    raw = RedisRawWrites(url)
    try:
        async with (
            running(url, keys) as bus,
            running(url, keys) as tts_bus,
            running(url, keys) as stt_bus,
            bench_on(bus, raw, folder, worker_buses=(bus, tts_bus, stt_bus)) as bench,
        ):
            yield bench
    finally:
        await raw.close()


def message_row(conversation: CorruptedConversation, turn_id: str) -> dict[str, object]:
    """A message's row as the store writes it."""
    now = utc_now()
    row = Message(
        new_id(),
        conversation.id,
        turn_id,
        "user",
        None,
        "Jay",
        "Hello",
        "complete",
        turn_position("1767225600000-0", 0),
        now,
        now,
    )
    return {
        "id": row.id, "conversation_id": row.conversation_id, "turn_id": row.turn_id, "role": row.role,
        "character_id": row.character_id, "character_name": row.character_name, "text": row.text,
        "status": row.status, "position": row.position, "created_at": now.isoformat(), "updated_at": now.isoformat(),
    }  # fmt: skip
