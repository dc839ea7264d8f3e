"""Audio on its way out, step by step: the wire decides when a frame is taken, so every moment can be looked at."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import msgpack
import pytest

from tertulia_gateway.conversation.audio_queue import Playlist
from tertulia_gateway.conversation.conversation import Conversation
from tertulia_gateway.conversation.event_filter import Feed
from tertulia_gateway.conversation.resume import Opening
from tertulia_gateway.conversation.turn_timeline import Timeline
from tertulia_shared.clock import wall_ms
from tertulia_shared.entries import AudioChunk
from tertulia_shared.events import Interrupted, MessageStarted, TurnAccepted
from tertulia_shared.keys import Keys
from tertulia_shared.testing.memory_bus import MemoryBus

C = "cccccccc-0000-4000-8000-000000000001"
A = "aaaaaaaa-0000-4000-8000-000000000001"
B = "bbbbbbbb-0000-4000-8000-000000000001"


@dataclass
class GatedWire:
    """Takes a frame only while the gate is open. `taken` says what it took."""

    gate: asyncio.Event = field(default_factory=asyncio.Event)
    taken: list[str] = field(default_factory=list[str])
    asked: asyncio.Queue[str] = field(default_factory=asyncio.Queue[str])

    async def text(self, frame: str) -> None:
        self.taken.append(json.loads(frame)["type"])
        self.asked.put_nowait(self.taken[-1])

    async def binary(self, frame: bytes) -> None:
        audio = msgpack.unpackb(frame)
        name = f"{audio['message_id'][0]}{audio['id']}"
        self.asked.put_nowait(name)
        await self.gate.wait()
        self.taken.append(name)

    async def until(self, name: str) -> None:
        """Wait until this frame was handed over."""
        async with asyncio.timeout(10):
            while await self.asked.get() != name:
                pass


@pytest.fixture
def bus(keys: Keys) -> MemoryBus:
    return MemoryBus(keys)


@pytest.fixture
def wire() -> GatedWire:
    return GatedWire()


@asynccontextmanager
async def talk(bus: MemoryBus, wire: GatedWire, playlist: Playlist | None = None) -> AsyncGenerator[Conversation]:
    feed = Feed("me", claimed=True)
    opening = Opening(
        C, resumed=False, after="0-0", feed=feed, playlist=playlist or Playlist(), timeline=Timeline()
    )  # fmt: skip
    conversation = Conversation(bus, wire, opening, demo=False, clock=lambda: 0.0, wall_ms=wall_ms)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(conversation.run())
        yield conversation
        running.cancel()


async def begin(bus: MemoryBus, message_id: str, *, epoch: int, chunks: int, final: bool = False) -> None:
    outlet = bus.outlet(epoch=epoch)
    outlet.append(bus.keys.events(C), MessageStarted(message_id, "t", "c", "Luna"))
    for k in range(chunks):
        outlet.append(bus.keys.audio(C, message_id), AudioChunk(b"\0\0", 0, k, C, message_id, "c"), id=f"1-{k + 1}")
    if final:
        outlet.append(bus.keys.audio(C, message_id), AudioChunk(b"", 1, 0, C, message_id, "c", is_final=True), id="2-0")
    await outlet.flush()


async def test_a_frame_that_waits_for_a_slow_client_is_not_sent_after_the_interruption(
    bus: MemoryBus, wire: GatedWire
) -> None:
    async with talk(bus, wire) as conversation:
        await begin(bus, A, epoch=0, chunks=3)
        await wire.until("a1-1")
        await conversation.interrupt()
        wire.gate.set()
        await begin(bus, B, epoch=1, chunks=1, final=True)
        await wire.until("audio_complete")
    assert [frame for frame in wire.taken if frame[0] in "ab"] == ["b1-1", "audio_complete"]


async def test_a_message_whose_sound_never_ends_gives_way_to_the_next_epoch(bus: MemoryBus, wire: GatedWire) -> None:
    wire.gate.set()
    async with talk(bus, wire) as conversation:
        await begin(bus, A, epoch=0, chunks=1)
        await wire.until("a1-1")
        await conversation.interrupt()  # nothing more comes for the first message, not even its end
        await begin(bus, B, epoch=1, chunks=2, final=True)
        await wire.until("audio_complete")
    assert [frame for frame in wire.taken if frame[0] in "ab"] == ["a1-1", "b1-1", "b1-2", "audio_complete"]


async def test_a_message_that_redis_has_lost_gives_way_to_the_next_turn_of_whatever_epoch(
    bus: MemoryBus, wire: GatedWire
) -> None:
    wire.gate.set()
    async with talk(bus, wire):
        await begin(bus, A, epoch=3, chunks=1)
        await wire.until("a1-1")
        # Redis has lost the state, the sound and its end, and counts anew; the user has spoken twice since
        for epoch in (2, 3):
            outlet = bus.outlet(epoch=epoch)
            outlet.append(bus.keys.events(C), TurnAccepted(f"t{epoch}", "Hello?", "typed"))
            await outlet.flush()
        await begin(bus, B, epoch=3, chunks=1, final=True)
        await wire.until("audio_complete")
    assert [frame for frame in wire.taken if frame[0] in "ab"] == ["a1-1", "b1-1", "audio_complete"]


async def test_between_two_frames_of_one_read_the_epoch_is_looked_at(bus: MemoryBus, wire: GatedWire) -> None:
    async with talk(bus, wire) as conversation:
        raised = False

        async def binary(frame: bytes) -> None:
            nonlocal raised
            wire.taken.append(f"a{msgpack.unpackb(frame)['id']}")
            if not raised:
                raised = True
                conversation.raise_epoch(1)  # what the receiver does, in the middle of a batch

        wire.binary = binary
        await begin(bus, A, epoch=0, chunks=5)
        await begin(bus, B, epoch=1, chunks=0, final=True)
        await wire.until("audio_complete")
    assert [frame for frame in wire.taken if frame.startswith("a1")] == ["a1-1"]


async def test_when_the_client_hears_of_an_interruption_nothing_older_can_follow(
    bus: MemoryBus, wire: GatedWire
) -> None:
    epochs: list[int] = []
    playlist = Playlist()
    async with talk(bus, wire, playlist):

        async def text(frame: str) -> None:
            if json.loads(frame)["type"] == "interrupted":
                epochs.append(playlist.epoch)
            wire.asked.put_nowait(json.loads(frame)["type"])

        wire.text = text
        await begin(bus, A, epoch=0, chunks=1)
        outlet = bus.outlet(epoch=4)
        outlet.append(bus.keys.events(C), Interrupted("turn"))
        await outlet.flush()
        await wire.until("interrupted")
    assert epochs == [4]


async def test_sound_waits_for_the_event_that_announces_its_message(bus: MemoryBus, wire: GatedWire) -> None:
    wire.gate.set()
    async with talk(bus, wire):
        await begin(bus, A, epoch=0, chunks=2, final=True)
        await begin(bus, B, epoch=0, chunks=1, final=True)
        await wire.until("audio_complete")
        await wire.until("audio_complete")
    assert wire.taken.index("message_started") < wire.taken.index("a1-1")
    assert [frame for frame in wire.taken if frame != "message_started"] == [
        "a1-1", "a1-2", "audio_complete", "b1-1", "audio_complete",
    ]  # fmt: skip
