"""Audio sending, step by step: the test's transport accepts a frame only when the test allows it."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import msgpack
import pytest

from tertulia_gateway.commands import AudioMark
from tertulia_gateway.conversation.conversation import Conversation
from tertulia_gateway.conversation.position import ClientPosition
from tertulia_gateway.conversation.resume import OpenedConversation
from tertulia_shared.bus import Follow
from tertulia_shared.clock import wall_ms
from tertulia_shared.codec import pack
from tertulia_shared.entries import AudioChunk
from tertulia_shared.events import Interrupted, MessageStarted, TurnAccepted, TurnStarted
from tertulia_shared.keys import Key
from tertulia_shared.testing.memory_bus import MemoryBus
from tertulia_shared.testing.memory_store import MemoryStore
from tests.harness.eventually import PATIENCE_S

C = "cccccccc-0000-4000-8000-000000000001"
A = "aaaaaaaa-0000-4000-8000-000000000001"
B = "bbbbbbbb-0000-4000-8000-000000000001"
D = "dddddddd-0000-4000-8000-000000000001"


@dataclass
class GatedTransport:
    """Accepts an audio frame only while the gate is open."""

    gate: asyncio.Event = field(default_factory=asyncio.Event)
    taken: list[str] = field(default_factory=list[str])
    pcm: bytes = b""
    """The sound of all frames that were accepted."""
    asked: asyncio.Queue[str] = field(default_factory=asyncio.Queue[str])

    async def send_text(self, frame: str) -> None:
        self.taken.append(json.loads(frame)["type"])
        self.asked.put_nowait(self.taken[-1])

    async def send_bytes(self, frame: bytes) -> None:
        audio = msgpack.unpackb(frame)
        name = f"{audio['message_id'][0]}{audio['id']}"
        self.asked.put_nowait(name)
        await self.gate.wait()
        self.taken.append(name)
        self.pcm += audio["pcm"]

    async def until(self, name: str) -> None:
        """Wait until the gateway has tried to send this frame, whether the transport has accepted it or not."""
        async with asyncio.timeout(PATIENCE_S):
            while await self.asked.get() != name:
                pass


@pytest.fixture
def transport() -> GatedTransport:
    return GatedTransport()


@asynccontextmanager
async def talk(
    bus: MemoryBus, transport: GatedTransport, position: ClientPosition | None = None
) -> AsyncGenerator[Conversation]:
    opened = OpenedConversation(C, position or ClientPosition("me", claimed=True))
    conversation = Conversation(bus, MemoryStore(), transport, opened, demo=False, clock=lambda: 0.0, wall_ms=wall_ms)
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


async def test_frame_waiting_for_a_slow_client_is_not_sent_after_an_interruption(
    bus: MemoryBus, transport: GatedTransport
) -> None:
    async with talk(bus, transport) as conversation:
        await begin(bus, A, epoch=0, chunks=3)
        await transport.until("a1-1")
        await conversation.interrupt()
        transport.gate.set()
        await begin(bus, B, epoch=1, chunks=1, final=True)
        await transport.until("audio_complete")
    assert [frame for frame in transport.taken if frame[0] in "ab"] == ["b1-1", "audio_complete"]


class FollowedSound:
    """The messages whose sound is followed now, and how often each was followed."""

    def __init__(self, bus: MemoryBus, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now: list[str] = []
        self.count: Counter[str] = Counter()
        self._changed = asyncio.Event()
        follow = bus.follow

        def followed(key: Key, after: str, **options: bool) -> Follow:
            made = follow(key, after, **options)
            if key.name.endswith(":audio"):
                message_id = key.name.split(":")[-2]
                self.now.append(message_id)
                self.count[message_id] += 1
                self._changed.set()
                close = made.close

                def closed() -> None:
                    self.now.remove(message_id)
                    self._changed.set()
                    close()

                monkeypatch.setattr(made, "close", closed)
            return made

        monkeypatch.setattr(bus, "follow", followed)

    async def until(self, *message_ids: str) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while self.now != list(message_ids):
                self._changed.clear()
                await self._changed.wait()


@pytest.fixture
def followed(bus: MemoryBus, monkeypatch: pytest.MonkeyPatch) -> FollowedSound:
    return FollowedSound(bus, monkeypatch)


def announce(bus: MemoryBus, message_id: str, *, epoch: int) -> None:
    reply = {"message_id": message_id, "character_id": "c", "character_name": "Luna", "reason": "named"}
    bus.outlet(epoch=epoch).append(bus.keys.events(C), TurnStarted("t", (reply,)))


@asynccontextmanager
async def announced_talk(
    bus: MemoryBus, transport: GatedTransport, followed: FollowedSound, position: ClientPosition | None = None
) -> AsyncGenerator[Conversation]:
    """A talk whose first turn has started, with a reply by A, which is followed already."""
    transport.gate.set()
    async with talk(bus, transport, position) as conversation:
        announce(bus, A, epoch=0)
        await followed.until(A)
        yield conversation


async def test_sound_is_followed_once_from_the_start_of_its_turn_and_sent_after_its_message_has_started(
    bus: MemoryBus, transport: GatedTransport, followed: FollowedSound
) -> None:
    async with announced_talk(bus, transport, followed):
        await begin(bus, A, epoch=0, chunks=2, final=True)
        await transport.until("audio_complete")
        await followed.until()
    assert transport.taken == ["turn_started", "message_started", "a1-1", "a1-2", "audio_complete"]
    assert followed.count == {A: 1}


async def test_sound_of_a_turn_that_is_interrupted_before_its_reply_is_followed_no_longer(
    bus: MemoryBus, transport: GatedTransport, followed: FollowedSound
) -> None:
    async with announced_talk(bus, transport, followed) as conversation:
        await conversation.interrupt()
        await followed.until()
        announce(bus, B, epoch=1)
        await followed.until(B)
        await begin(bus, B, epoch=1, chunks=1, final=True)
        await transport.until("audio_complete")
        await followed.until()
    assert followed.count == {A: 1, B: 1}


async def test_another_message_than_the_announced_one_is_sent(
    bus: MemoryBus, transport: GatedTransport, followed: FollowedSound
) -> None:
    async with announced_talk(bus, transport, followed):
        await begin(bus, B, epoch=0, chunks=1, final=True)
        await transport.until("audio_complete")
        await begin(bus, D, epoch=0, chunks=1, final=True)  # shows that the sender looks at the queue again
        await transport.until("audio_complete")
        await followed.until()
    frames = [frame for frame in transport.taken if frame[0] in "abd"]
    assert frames == ["b1-1", "audio_complete", "d1-1", "audio_complete"]
    assert followed.count == {A: 1, B: 1, D: 1}


async def test_sound_is_followed_anew_if_its_message_is_announced_again_after_a_loss(
    bus: MemoryBus, transport: GatedTransport, followed: FollowedSound
) -> None:
    position = ClientPosition("me", claimed=True)
    async with announced_talk(bus, transport, followed, position):
        position.accept_any_epoch()  # Redis has lost its data; the same turn begins again, in one step
        position.audio.see(b"turn_started", {b"replies": pack([{"message_id": A}])}, position.epoch)
        await begin(bus, A, epoch=0, chunks=1, final=True)
        await transport.until("audio_complete")
        await followed.until()
    assert followed.count == {A: 2}


async def test_next_message_is_sent_although_the_interrupted_message_has_no_final_entry(
    bus: MemoryBus, transport: GatedTransport
) -> None:
    transport.gate.set()
    async with talk(bus, transport) as conversation:
        await begin(bus, A, epoch=0, chunks=1)
        await transport.until("a1-1")
        # after the interruption, the first message gets no more audio, and no final entry either
        await conversation.interrupt()
        await begin(bus, B, epoch=1, chunks=2, final=True)
        await transport.until("audio_complete")
    assert [frame for frame in transport.taken if frame[0] in "ab"] == ["a1-1", "b1-1", "b1-2", "audio_complete"]


async def test_audio_of_the_next_turn_is_sent_if_redis_lost_the_message_being_sent(
    bus: MemoryBus, transport: GatedTransport
) -> None:
    transport.gate.set()
    async with talk(bus, transport):
        await begin(bus, A, epoch=3, chunks=1)
        await transport.until("a1-1")
        # Redis has lost the state and the audio, and counts epochs from 0 again; since then the user has spoken twice
        for epoch in (2, 3):
            outlet = bus.outlet(epoch=epoch)
            outlet.append(bus.keys.events(C), TurnAccepted(f"t{epoch}", "Hello?", "typed"))
            await outlet.flush()
        await begin(bus, B, epoch=3, chunks=1, final=True)
        await transport.until("audio_complete")
    assert [frame for frame in transport.taken if frame[0] in "ab"] == ["a1-1", "b1-1", "audio_complete"]


async def test_frames_already_read_are_not_sent_after_the_epoch_rises(
    bus: MemoryBus, transport: GatedTransport
) -> None:
    position = ClientPosition("me", claimed=True)
    async with talk(bus, transport, position):
        raised = False

        async def send_bytes(frame: bytes) -> None:
            nonlocal raised
            transport.taken.append(f"a{msgpack.unpackb(frame)['id']}")
            if not raised:
                raised = True
                position.raise_epoch(1)  # raise the epoch in the middle of a batch, as a command of the client does

        transport.send_bytes = send_bytes
        await begin(bus, A, epoch=0, chunks=5)
        await begin(bus, B, epoch=1, chunks=0, final=True)
        await transport.until("audio_complete")
    assert [frame for frame in transport.taken if frame.startswith("a1")] == ["a1-1"]


async def test_older_audio_is_dropped_before_the_interrupted_event_is_sent(
    bus: MemoryBus, transport: GatedTransport
) -> None:
    epochs: list[int] = []
    position = ClientPosition("me", claimed=True)
    async with talk(bus, transport, position):

        async def send_text(frame: str) -> None:
            if json.loads(frame)["type"] == "interrupted":
                epochs.append(position.audio.epoch)
            transport.asked.put_nowait(json.loads(frame)["type"])

        transport.send_text = send_text
        await begin(bus, A, epoch=0, chunks=1)
        outlet = bus.outlet(epoch=4)
        outlet.append(bus.keys.events(C), Interrupted("turn"))
        await outlet.flush()
        await transport.until("interrupted")
    assert epochs == [4]


async def test_audio_is_sent_after_the_message_started_event(bus: MemoryBus, transport: GatedTransport) -> None:
    transport.gate.set()
    async with talk(bus, transport):
        await begin(bus, A, epoch=0, chunks=2, final=True)
        await begin(bus, B, epoch=0, chunks=1, final=True)
        await transport.until("audio_complete")
        await transport.until("audio_complete")
    assert transport.taken.index("message_started") < transport.taken.index("a1-1")
    assert [frame for frame in transport.taken if frame != "message_started"] == [
        "a1-1", "a1-2", "audio_complete", "b1-1", "audio_complete",
    ]  # fmt: skip


async def test_only_the_first_frame_lacks_the_samples_that_were_heard(
    bus: MemoryBus, transport: GatedTransport
) -> None:
    transport.gate.set()
    outlet = bus.outlet()
    outlet.append(bus.keys.events(C), MessageStarted(A, "t", "c", "Luna"))
    pcm = [bytes([k]) * 20 for k in range(3)]
    for k, chunk in enumerate(pcm):
        outlet.append(bus.keys.audio(C, A), AudioChunk(chunk, 0, k, C, A, "c"), id=f"1-{k + 1}")
    outlet.append(bus.keys.audio(C, A), AudioChunk(b"", 1, 0, C, A, "c", is_final=True), id="2-0")
    await outlet.flush()
    position = ClientPosition("me", claimed=True)
    for entry in await bus.read(bus.keys.events(C)):
        position.rebuild(entry)
        position.after = entry.id
    position.audio.keep_from(AudioMark(A, "1-1"), 7)
    async with talk(bus, transport, position):
        await transport.until("audio_complete")
    assert [frame for frame in transport.taken if frame[0] == "a"] == ["a1-2", "a1-3", "audio_complete"]
    assert transport.pcm == pcm[1][14:] + pcm[2]
