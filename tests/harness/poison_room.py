"""Real workers of every stage on either bus and on a SQLite file, and writes that corrupt their shared data.

`Room` runs the workers for any number of conversations. `Talk` is one conversation: it writes as the gateway does, and
checks the outcome of a turn. `Raw` writes data into Redis (or the memory bus) that the product never writes.
"""

from __future__ import annotations

import asyncio
import sqlite3
from abc import abstractmethod
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, cast

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from tertulia_llm.characters import CharacterCache
from tertulia_llm.history.history import HistoryCache
from tertulia_llm.metrics import LLMMetrics
from tertulia_llm.model.client import Model
from tertulia_llm.outbox.drainer import OutboxDrainer
from tertulia_llm.settings import LLMSettings
from tertulia_llm.turn_handler import TurnHandler
from tertulia_shared.bus import Append, Bus, Claim, WriteRefused
from tertulia_shared.codec import decode, decode_event
from tertulia_shared.entries import AudioChunk, Interrupt, Speaker, UserTurn, Work
from tertulia_shared.events import Interrupted, ListeningStopped, MessageComplete, TurnAccepted, TurnComplete
from tertulia_shared.ids import new_id, reply_id
from tertulia_shared.jobs import Handler
from tertulia_shared.keys import Key, Keys
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
from tests.fakes.recognition_engine import ScriptedRecognition
from tests.harness.bus import running
from tests.harness.llm import TableModel
from tests.harness.settings_of import settings_of

LINES = {"Luna": "Hello there. It is Vega.", "Rex": "Woof."}
SENTENCES = {"Luna": 2, "Rex": 1}
HELLO = "Hello, Luna and Rex"
PATIENCE_S = 15.0
"""The longest time of a turn, also of a corrupted one."""
LEASE_S = 1.0
LOOK_S = 0.01
LIFE_S = 600


class Raw(Protocol):
    """Writes without any validation."""

    @abstractmethod
    async def add(self, key: Key, fields: Mapping[bytes, bytes], id: str | None) -> None:
        """Append an entry, if the server accepts it."""

    @abstractmethod
    async def put(self, key: Key, name: bytes, value: bytes) -> None:
        """Set a field, if the key holds a hash."""

    @abstractmethod
    async def turn_into(self, key: Key, kind: str, value: bytes) -> None:
        """Replace the key by a `string`, `hash` or `stream`."""


class RawRedis(Raw):
    def __init__(self, url: str) -> None:
        self._client = cast("Any", Redis.from_url(url))  # pyright: ignore[reportUnknownMemberType] - untyped kwargs

    async def add(self, key: Key, fields: Mapping[bytes, bytes], id: str | None) -> None:
        with suppress(ResponseError):  # the key is not a stream, or the id is not above the last one
            await self._client.xadd(key.name, dict(fields) or {b"": b""}, id or "*")
            await self._client.expire(key.name, LIFE_S)

    async def put(self, key: Key, name: bytes, value: bytes) -> None:
        with suppress(ResponseError):
            await self._client.hset(key.name, name, value)
            await self._client.expire(key.name, LIFE_S)

    async def turn_into(self, key: Key, kind: str, value: bytes) -> None:
        await self._client.delete(key.name)
        if kind == "string":
            await self._client.set(key.name, value, ex=LIFE_S)
        elif kind == "hash":
            await self.put(key, b"a", value)
        else:
            await self.add(key, {b"a": value}, None)

    async def close(self) -> None:
        await self._client.aclose()


class RawMemory(Raw):
    def __init__(self, bus: MemoryBus) -> None:
        self._bus = bus
        self._server = bus._server

    async def add(self, key: Key, fields: Mapping[bytes, bytes], id: str | None) -> None:
        with suppress(ValueError, WriteRefused):
            self._server._own_stream(key).add(fields, id=id, now_ms=self._bus._now_ms(), max_len=key.max_len)
            self._server._arrived(key.name)

    async def put(self, key: Key, name: bytes, value: bytes) -> None:
        with suppress(WriteRefused):
            self._server._own_hash(key)[name] = value

    async def turn_into(self, key: Key, kind: str, value: bytes) -> None:
        self._server.drop(key.name)
        if kind == "string":
            self._server._strings[key.name] = value.decode(errors="replace")
        elif kind == "hash":
            await self.put(key, b"a", value)
        else:
            await self.add(key, {b"a": value}, None)


class Counted(Handler):
    """A handler that records the highest attempt of any work in `most`."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self.most = 0

    async def handle(self, claim: Claim) -> None:
        self.most = max(self.most, claim.attempt)
        await self._handler.handle(claim)

    async def give_up(self, claim: Claim, reason: str) -> str | None:
        return await self._handler.give_up(claim, reason)


@dataclass
class Room:
    """Workers of all stages, for any number of conversations."""

    bus: Bus
    raw: Raw
    path: Path
    speakers: Mapping[str, Speaker]
    model: TableModel
    handlers: list[Counted] = field(default_factory=list[Counted])

    def row(self, table: str, id: str, column: str, value: object) -> None:
        """Set a column of a row, if the database accepts the value."""
        with sqlite3.connect(self.path, timeout=5) as db, suppress(sqlite3.IntegrityError, sqlite3.DataError):
            db.execute(f"UPDATE {table} SET {column} = ? WHERE id = ?", (value, id))  # noqa: S608 - the names come from the test

    def new_row(self, columns: Mapping[str, object]) -> None:
        """Insert a message row, if the database accepts it."""
        names, marks = ", ".join(columns), ", ".join("?" for _ in columns)
        with sqlite3.connect(self.path, timeout=5) as db, suppress(sqlite3.IntegrityError, sqlite3.DataError):
            db.execute(f"INSERT INTO messages ({names}) VALUES ({marks})", tuple(columns.values()))  # noqa: S608


class Talk:
    """One conversation of a room."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.id = new_id()
        self.session_id = new_id()

    def reply_to(self, turn_id: str, name: str) -> str:
        """The id of that character's reply."""
        return reply_id(turn_id, self.room.speakers[name].id)

    async def say(self, turn_id: str) -> None:
        """Write the user's message as the gateway does; if Redis refuses it, mend the keys and try once more."""
        bus, keys = self.room.bus, self.room.bus.keys
        why = [Append(keys.control(self.id), Interrupt("turn")), Append(keys.events(self.id), Interrupted("turn"))]
        for is_last in (False, True):
            try:
                await bus.transact(
                    self.id,
                    [
                        Append(keys.turns(self.id), UserTurn(turn_id, self.id, HELLO, "typed")),
                        Append(keys.events(self.id), TurnAccepted(turn_id, HELLO, "typed")),
                    ],
                    raise_epoch=True, talk=True, if_talking=why, once=keys.turn_seen(self.id, turn_id),
                    then=("llm", Work(self.id)),
                )  # fmt: skip
            except WriteRefused:
                if is_last:
                    raise
                await bus.mend(self.id)
            else:
                return

    async def listen(self) -> None:
        """Start a listening session as the gateway does."""
        await self.room.bus.post("stt", Work(self.id, session_id=self.session_id))

    async def until_over(self, turn_id: str) -> bool:
        """Wait for the turn's `turn_complete`; False if it does not arrive in time."""
        return await self._until(lambda event: isinstance(event, TurnComplete) and event.turn_id == turn_id)

    async def until_heard_out(self) -> bool:
        """Wait for the session's `listening_stopped`; False if it does not arrive in time."""
        return await self._until(
            lambda event: isinstance(event, ListeningStopped) and event.session_id == self.session_id
        )

    async def _until(self, wanted: Callable[[object], bool]) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                while not any(wanted(event) for event in await self._events()):  # noqa: ASYNC110 - others write
                    await asyncio.sleep(LOOK_S)
                return True
        return False

    async def _events(self) -> list[object]:
        """All events that can be decoded."""
        found: list[object] = []
        with suppress(WriteRefused):
            for entry in await self.room.bus.read(self.room.bus.keys.events(self.id)):
                with suppress(ValueError):
                    found.append(decode_event(entry.fields))
        return found

    async def trouble_with(self, turn_id: str) -> list[str]:
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
                    await asyncio.sleep(LOOK_S)
                return sound == [*range(sentences), -1]
        return False

    async def _sound(self, message_id: str) -> list[int]:
        """The sentences that have sound, in order, and -1 for the end."""
        found: list[int] = []
        with suppress(WriteRefused):
            for entry in await self.room.bus.read(self.room.bus.keys.audio(self.id, message_id)):
                with suppress(ValueError):
                    chunk = decode(AudioChunk, entry.fields)
                    index = -1 if chunk.is_final else chunk.sentence_index
                    if index not in found:
                        found.append(index)
        return found


@asynccontextmanager
async def room_on(bus: Bus, raw: Raw, folder: Path, *, worker_buses: Sequence[Bus]) -> AsyncGenerator[Room]:
    """One worker of each stage, with the shortest lease: a second one would hide an endless loop.

    `worker_buses`: the buses on which the workers of llm, tts and stt claim work. On Redis they must differ: a bus has
    one connection for claims, and a claim blocks it.
    """
    path = folder / "tertulia.db"
    store = SQLiteStore(path)
    await store.open()
    for character in await store.characters():
        if character.name not in LINES:
            await store.delete_character(character.id)
    llm = settings_of(LLMSettings, lease_s=LEASE_S, llm_retries=1, drain_s=0)
    characters, outbox = CharacterCache(bus, store), Outbox(bus, store, llm.store_patience_s)
    await characters.read()
    model = TableModel(LINES)
    model.word_s = 0.001
    histories = HistoryCache(bus, store, outbox, llm.llm_history_messages, llm.user_name)
    metrics = LLMMetrics(Metrics(), "scripted")
    turns = TurnHandler(
        bus,
        outbox,
        histories=histories,
        characters=characters,
        model=cast("Model", model),
        settings=llm,
        metrics=metrics,
    )
    tts = settings_of(TTSSettings, lease_s=LEASE_S, drain_s=0)
    stt = settings_of(STTSettings, lease_s=LEASE_S, drain_s=0, stt_idle_s=1)
    room = Room(bus, raw, path, {each.name: each for each in characters.active}, model)
    room.handlers = [
        Counted(turns), Counted(SpeechHandler(bus, InstantEngine(), tts)),
        Counted(Listener(bus, ScriptedRecognition(()), stt)),
    ]  # fmt: skip
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        parts = zip(worker_buses, ("llm", "tts", "stt"), room.handlers, (llm, tts, stt), strict=True)
        for worker_bus, stage, handler, settings in parts:
            worker = Worker(worker_bus, cast("Any", stage), handler, settings, engine="fake", concurrency=8)
            tasks.create_task(worker.run(stop))
        draining = tasks.create_task(OutboxDrainer(bus, store, "drainer").run())
        try:
            yield room
        finally:
            stop.set()
            draining.cancel()
    await store.close()


@asynccontextmanager
async def memory_room(keys: Keys, folder: Path) -> AsyncGenerator[Room]:
    """A room on the memory bus."""
    bus = MemoryBus(keys)
    async with room_on(bus, RawMemory(bus), folder, worker_buses=(bus, bus, bus)) as room:
        yield room


@asynccontextmanager
async def redis_room(url: str, keys: Keys, folder: Path) -> AsyncGenerator[Room]:
    """A room on a real Redis."""
    raw = RawRedis(url)
    try:
        async with (
            running(url, keys) as bus,
            running(url, keys) as tts_bus,
            running(url, keys) as stt_bus,
            room_on(bus, raw, folder, worker_buses=(bus, tts_bus, stt_bus)) as room,
        ):
            yield room
    finally:
        await raw.close()


def message_row(talk: Talk, turn_id: str) -> dict[str, object]:
    """A message's row as the store writes it."""
    now = utc_now()
    row = Message(
        new_id(),
        talk.id,
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
