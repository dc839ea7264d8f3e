"""The real gateway under uvicorn, a client, and a scripted peer that plays all the workers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Self, cast

import msgpack
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tertulia_gateway.main import serve_until
from tertulia_gateway.protocols.bounds import SocketBounds
from tertulia_gateway.settings import GatewaySettings
from tertulia_shared.bus import Bus, BusUnavailable
from tertulia_shared.bus.redis_bus import open_bus
from tertulia_shared.codec import decode, envelope
from tertulia_shared.entries import TURN_VERSION, AudioChunk, TTSSentence, UserTurn
from tertulia_shared.events import LLMChunk, MessageComplete, MessageStarted, Thinking, TurnComplete, TurnStarted
from tertulia_shared.ids import reply_id
from tertulia_shared.keys import Keys
from tertulia_shared.store import Store
from tertulia_shared.testing.memory_store import MemoryStore
from tests.harness.eventually import PATIENCE_S, eventually

"""How long a test waits for a frame or for the end of the gateway."""
LUNA = "aaaaaaaa-0000-4000-8000-000000000001"
REX = "aaaaaaaa-0000-4000-8000-000000000002"
NAMES = {LUNA: "Luna", REX: "Rex"}


@dataclass(frozen=True, slots=True)
class Gateway:
    """A running gateway."""

    port: int
    bus: Bus
    stop: asyncio.Event

    def url(self, query: str = "") -> str:
        return f"ws://127.0.0.1:{self.port}/ws{query}"


@asynccontextmanager
async def gateway(
    redis_url: str, keys: Keys, *, store: Store | None = None, bounds: SocketBounds | None = None, **settings: Any
) -> AsyncGenerator[Gateway]:
    """A gateway inside this process, with its own bus; it shuts down normally at the end."""
    if store is None:
        store = MemoryStore()
        await store.open()
    made = GatewaySettings(_env_file=None, redis_url=redis_url, namespace=keys.ns, port=0, drain_s=5, **settings)  # pyright: ignore[reportCallIssue] - pydantic-settings' own argument
    stop = asyncio.Event()
    port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    async with open_bus(redis_url, keys, name="gateway") as bus, asyncio.TaskGroup() as tasks:
        serving = tasks.create_task(serve_until(stop, made, bus, store, port.set_result, bounds=bounds))
        try:
            yield Gateway(await port, bus, stop)
        finally:
            stop.set()
            _, running = await asyncio.wait([serving], timeout=PATIENCE_S)
            assert not running, "the gateway does not stop"


@dataclass
class Client:
    """A client that keeps all received frames."""

    socket: ClientConnection
    frames: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    conversation_id: str = ""

    @classmethod
    @asynccontextmanager
    async def at(cls, url: str, *, max_queue: int | None = None, **options: Any) -> AsyncGenerator[Self]:
        """Connect; closes the connection at the end. With `max_queue`, unread frames delay the close by ten seconds."""
        async with connect(url, proxy=None, compression=None, max_queue=max_queue, **options) as socket:
            yield cls(socket)

    async def send(self, kind: str, **data: Any) -> None:
        await self.socket.send(json.dumps({"type": kind, "data": data}))

    async def next(self) -> dict[str, Any]:
        """Receive the next frame: an event, or an audio frame (type "audio")."""
        async with asyncio.timeout(PATIENCE_S):
            raw = await self.socket.recv()
        frame: dict[str, Any] = json.loads(raw) if isinstance(raw, str) else msgpack.unpackb(raw)
        self.frames.append(frame)
        if frame["type"] == "conversation_started":
            self.conversation_id = frame["conversation_id"]
        return frame

    async def until(self, kind: str, test: Callable[[dict[str, Any]], bool] = lambda _: True) -> dict[str, Any]:
        """Read frames until one has this type and passes the test; return it."""
        while True:
            frame = await self.next()
            if frame["type"] == kind and test(frame):
                return frame

    async def until_each(self, *kinds: str) -> dict[str, dict[str, Any]]:
        """Read frames until one of each type has come, in any order; return the first ones by type."""
        found: dict[str, dict[str, Any]] = {}
        while len(found) < len(kinds):
            frame = await self.next()
            if frame["type"] in kinds:
                found.setdefault(frame["type"], frame)
        return found

    async def close_code(self) -> int:
        """Read until the server closes the connection; returns the close code."""
        with pytest.raises(ConnectionClosed) as closed:
            await self.until("a type that never comes")
        assert closed.value.rcvd is not None, "the server did not close the connection"
        return closed.value.rcvd.code

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The frames of one type that were received so far."""
        return [frame for frame in self.frames if frame["type"] == kind]

    def resume(self) -> dict[str, Any]:
        """The data of a `resume` that continues after the received frames."""
        return resume_of(self.conversation_id, self.frames)


def resume_of(conversation_id: str, frames: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The data of a `resume` that continues after these frames."""
    data: dict[str, Any] = {"conversation_id": conversation_id}
    for frame in frames:
        if "event_id" in frame:
            data["last_event_id"] = frame["event_id"]
        if frame["type"] == "audio" or (frame["type"] == "audio_complete" and frame["id"]):
            data["last_audio"] = {"message_id": frame["message_id"], "id": frame["id"]}
    return data


async def redis_is_back(bus: Bus) -> None:
    """Wait until the bus reaches Redis again."""

    async def answers() -> bool:
        try:
            await bus.ping()
        except BusUnavailable:
            return False
        return True

    await eventually(answers)


class Workers:
    """Scripted stt, llm and tts for one conversation, step by step."""

    def __init__(self, bus: Bus, conversation_id: str) -> None:
        self.bus = bus
        self.conversation_id = conversation_id
        self._turns = bus.follow(bus.keys.turns(conversation_id))
        self._ready: list[tuple[UserTurn, int]] = []

    async def next_turn(self) -> tuple[UserTurn, int]:
        """Read the user's next message and its epoch."""
        async with asyncio.timeout(PATIENCE_S):
            while not self._ready:
                self._ready += [
                    (decode(UserTurn, entry.fields, newest=TURN_VERSION), envelope(entry.fields).epoch)
                    for entry in await self._turns.read()
                ]
        return self._ready.pop(0)

    def reply(self, turn: UserTurn, epoch: int, speakers: Sequence[str] = (LUNA,)) -> Reply:
        """A reply to a turn."""
        return Reply(self, turn, epoch, speakers)


class Reply:
    """The answer to one turn, in steps; `flush` waits until they are written."""

    def __init__(self, workers: Workers, turn: UserTurn, epoch: int, speakers: Sequence[str]) -> None:
        self._bus = workers.bus
        self._c = workers.conversation_id
        self._turn = turn
        self._epoch = epoch
        self.outlet = workers.bus.outlet(epoch=epoch)
        self.message_ids = {speaker: reply_id(turn.turn_id, speaker, version=turn.version) for speaker in speakers}
        self._events = workers.bus.keys.events(self._c)

    def start(self) -> None:
        replies = tuple(
            {"message_id": id, "character_id": speaker, "character_name": NAMES[speaker]}
            for speaker, id in self.message_ids.items()
        )
        self.outlet.append(self._events, TurnStarted(self._turn.turn_id, replies))

    def think(self, speaker: str) -> None:
        message_id = self.message_ids[speaker]
        self.outlet.append(self._events, Thinking(message_id, self._turn.turn_id, speaker, NAMES[speaker]))

    def begin(self, speaker: str) -> None:
        message_id = self.message_ids[speaker]
        self.outlet.append(self._events, MessageStarted(message_id, self._turn.turn_id, speaker, NAMES[speaker]))

    def text(self, speaker: str, text: str) -> None:
        self.outlet.append(self._events, LLMChunk(text, speaker, self.message_ids[speaker]))

    def sentence(self, speaker: str, index: int, text: str, *, final: bool = False) -> None:
        message_id = self.message_ids[speaker]
        entry = TTSSentence(text, index, self._c, message_id, speaker, NAMES[speaker], "voice", is_final=final)
        self.outlet.append(self._bus.keys.sentences(self._c, message_id), entry, id=f"{index + 1}-0")

    def sound(self, speaker: str, sentence: int, chunk: int, pcm: bytes) -> None:
        message_id = self.message_ids[speaker]
        entry = AudioChunk(pcm, sentence, chunk, self._c, message_id, speaker)
        self.outlet.append(self._bus.keys.audio(self._c, message_id), entry, id=f"{sentence + 1}-{chunk + 1}")

    def end_sound(self, speaker: str, sentences: int) -> None:
        message_id = self.message_ids[speaker]
        entry = AudioChunk(b"", sentences, 0, self._c, message_id, speaker, is_final=True)
        self.outlet.append(self._bus.keys.audio(self._c, message_id), entry, id=f"{sentences + 1}-0")

    def end_text(self, speaker: str, text: str, status: str = "complete") -> None:
        event = MessageComplete(self.message_ids[speaker], speaker, text, cast("Any", status))
        self.outlet.append(self._events, event)

    def complete(self) -> None:
        self.outlet.append(self._events, TurnComplete(self._turn.turn_id))

    async def flush(self) -> None:
        await self.outlet.flush()

    def steps(self, *, sentences: int = 3, chunks: int = 4, pcm: bytes = b"\1\0" * 240) -> list[Callable[[], None]]:
        """The steps of a whole answer; the sound of one speaker comes while the text of the next is written."""
        steps: list[Callable[[], None]] = [self.start]
        late: list[Callable[[], None]] = []
        for speaker in self.message_ids:
            steps.append(lambda s=speaker: self.begin(s))
            for i in range(sentences):
                steps.append(lambda s=speaker, i=i: self.text(s, f"sentence {i}. "))
                steps.append(lambda s=speaker, i=i: self.sentence(s, i, f"sentence {i}."))
                if late:
                    steps.append(late.pop(0))
            steps.append(lambda s=speaker: self.sentence(s, sentences, "", final=True))
            steps.append(lambda s=speaker: self.end_text(s, "all of it"))
            late += [
                lambda s=speaker, i=i, k=k: self.sound(s, i, k, pcm) for i in range(sentences) for k in range(chunks)
            ]
            late.append(lambda s=speaker: self.end_sound(s, sentences))
        half = len(late) // 2
        return [*steps, *late[:half], self.complete, *late[half:]]

    async def whole(self, **shape: Any) -> None:
        """Write the whole answer."""
        for step in self.steps(**shape):
            step()
            await self.outlet.room()
        await self.flush()
