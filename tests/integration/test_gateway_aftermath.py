"""When the talk is over, and when it is not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from redis.asyncio import Redis

from tertulia_gateway.conversation.audio_queue import AudioQueue
from tertulia_gateway.conversation.event_filter import EventFilter
from tertulia_gateway.conversation.playback import Playback
from tertulia_gateway.conversation.resume import OpenedConversation
from tertulia_gateway.conversation.turn_completion import TurnCompletion
from tertulia_gateway.conversation.turn_timeline import TurnTimeline
from tertulia_shared.bus import Append, Applied
from tertulia_shared.bus.redis_bus import RedisBus, open_bus
from tertulia_shared.entries import AudioChunk, Receipt
from tertulia_shared.keys import SOUND_GRACE_S, Keys

C = "cccccccc-0000-4000-8000-000000000001"


@dataclass
class Heard:
    """A wire that keeps what it is given."""

    events: asyncio.Queue[str] = field(default_factory=asyncio.Queue[str])

    async def text(self, frame: str) -> None:
        self.events.put_nowait(json.loads(frame)["type"])

    async def binary(self, frame: bytes) -> None:
        raise AssertionError("the aftermath sends no sound")


class Scene:
    """A turn whose text is complete and whose sound was sent, but not yet played."""

    def __init__(self, bus: RedisBus, url: str) -> None:
        self.bus = bus
        self.url = url
        self.now = 0.0
        self.wire = Heard()
        self.said_over = asyncio.Event()
        self.playback = Playback()
        self.timeline = TurnTimeline()
        self.timeline.see(b"turn_accepted", {b"turn_id": b"t", b"source": b"typed", b"ts": b"1"})
        self.timeline.see(b"message_started", {b"turn_id": b"t", b"message_id": b"m", b"ts": b"1"})
        self.playback.sent("m", 0, 0, 48_000, 0.0)
        opening = OpenedConversation(
            C,
            resumed=False,
            after="0-0",
            feed=EventFilter("me", claimed=True),
            playlist=AudioQueue(epoch=1),
            timeline=self.timeline,
        )
        self.aftermath = TurnCompletion(bus, self.wire, opening, self.playback, clock=lambda: self.now)

    async def speak(self) -> None:
        """The message's sound is in Redis."""
        final = AudioChunk(b"", 1, 0, C, "m", "luna", is_final=True)
        await self.bus.transact(C, [Append(self.bus.keys.audio(C, "m"), final, "2-0")])

    def settle(self) -> None:
        self.timeline.see(b"turn_complete", {b"turn_id": b"t", b"ts": b"2"})
        self.timeline.note_audio_complete("m", 3)
        self.aftermath.changed()

    async def heard(self) -> str:
        async with asyncio.timeout(10):
            return await self.wire.events.get()

    async def is_talking(self) -> bool:
        return b"talk" in await self.bus.hash(self.bus.keys.state(C))

    async def play(self) -> None:
        """The client has played all of it."""
        self.playback.receipt(Receipt("m", 0, 0, 1000))
        self.aftermath.changed()
        async with asyncio.timeout(10):
            await self.said_over.wait()


@pytest.fixture
async def scene(redis_url: str, keys: Keys, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Scene]:
    async with open_bus(redis_url, keys) as bus:
        await bus.transact(C, [], raise_epoch=True, talk=True)
        made = Scene(bus, redis_url)
        transact = bus.transact

        async def watched(*args: Any, **options: Any) -> Applied:
            try:
                return await transact(*args, **options)
            finally:
                if options.get("talk") is False:
                    made.said_over.set()

        monkeypatch.setattr(bus, "transact", watched)
        async with running(made.aftermath):
            yield made


@asynccontextmanager
async def running(aftermath: TurnCompletion) -> AsyncGenerator[None]:
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(aftermath.run())
        yield
        task.cancel()


async def test_the_metrics_come_once_and_the_talk_ends_when_it_was_played(scene: Scene) -> None:
    assert await scene.is_talking()
    assert scene.wire.events.empty()
    scene.settle()
    assert await scene.heard() == "turn_metrics"
    assert await scene.is_talking()
    assert not scene.said_over.is_set()
    await scene.play()
    assert not await scene.is_talking()
    scene.aftermath.changed()
    assert not await scene.is_talking()
    assert scene.wire.events.empty()


async def test_a_turn_that_has_begun_meanwhile_keeps_its_mark(scene: Scene) -> None:
    scene.settle()
    assert await scene.heard() == "turn_metrics"
    # the user has spoken, and this gateway has not read of it yet
    await scene.bus.transact(C, [], raise_epoch=True, talk=True)
    await scene.play()
    assert await scene.is_talking()


async def ttl_of(scene: Scene) -> int:
    client = cast("Any", Redis.from_url(scene.url))  # pyright: ignore[reportUnknownMemberType] - untyped kwargs
    try:
        return await client.ttl(scene.bus.keys.audio(C, "m").name)
    finally:
        await client.aclose()


async def test_sound_that_was_heard_goes_soon(scene: Scene) -> None:
    await scene.speak()
    scene.settle()
    await scene.play()
    assert 0 < await ttl_of(scene) <= SOUND_GRACE_S


async def test_sound_that_the_client_says_it_has_not_heard_keeps_its_hour(scene: Scene) -> None:
    await scene.speak()
    scene.playback.sent("m", 0, 1, 48_000, 0.0)
    scene.playback.receipt(Receipt("m", 0, 0, 1000))
    scene.now = 60.0  # longer than it may take to play
    scene.settle()
    async with asyncio.timeout(10):
        await scene.said_over.wait()
    assert await ttl_of(scene) > SOUND_GRACE_S


async def test_the_sound_of_a_reply_that_failed_keeps_its_hour_for_a_retry(scene: Scene) -> None:
    await scene.speak()
    scene.timeline.see(b"error", {b"message_id": b"m", b"code": b"tts_failed"})
    scene.settle()
    await scene.play()
    assert await ttl_of(scene) > SOUND_GRACE_S
