"""The completion of a turn: its metrics, the end of its talk mark, and the TTL of its audio."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest
from redis.asyncio import Redis

from tertulia_gateway.conversation.position import ClientPosition
from tertulia_gateway.conversation.turn_completion import TurnCompletion
from tertulia_shared.bus import Append, Applied, Entry
from tertulia_shared.bus.redis_bus import RedisBus, open_bus
from tertulia_shared.codec import pack
from tertulia_shared.entries import AudioChunk, Receipt
from tertulia_shared.keys import SOUND_GRACE_S, Keys
from tertulia_shared.testing.memory_store import MemoryStore
from tests.harness.eventually import PATIENCE_S
from tests.harness.store_records import reply

C = "cccccccc-0000-4000-8000-000000000001"


@dataclass
class RecordingTransport:
    """Keeps the events that were sent, and their types."""

    events: asyncio.Queue[str] = field(default_factory=asyncio.Queue[str])
    sent: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    on_send: Callable[[], Awaitable[None]] | None = None
    """Called before a frame is sent."""

    async def send_text(self, frame: str) -> None:
        if self.on_send is not None:
            await self.on_send()
        self.sent.append(json.loads(frame))
        self.events.put_nowait(self.sent[-1]["type"])

    async def send_bytes(self, frame: bytes) -> None:
        raise AssertionError("turn completion sends no audio")


class TurnBench:
    """A turn whose text is complete and whose audio was sent, but not played yet."""

    def __init__(self, bus: RedisBus, url: str) -> None:
        self.bus = bus
        self.url = url
        self.now = 0.0
        self.transport = RecordingTransport()
        self.talk_ended = asyncio.Event()
        self.position = ClientPosition("me", claimed=True)
        self.event(b"turn_accepted", turn_id=b"t", source=b"typed", epoch=b"1")
        self.event(b"message_started", turn_id=b"t", message_id=b"m", epoch=b"1")
        self.position.playback.sent("m", 0, 0, 48_000, 0.0)
        self.store = MemoryStore()
        self.completion = TurnCompletion(bus, self.store, self.transport, C, self.position, clock=lambda: self.now)

    def event(self, kind: bytes, **fields: bytes) -> None:
        """Report that the client has received an event."""
        given = {name.encode(): value for name, value in fields.items()}
        self.position.has_event(Entry("1-0", {b"type": kind, b"ts": b"1", **given}))

    async def write_audio(self) -> None:
        final = AudioChunk(b"", 1, 0, C, "m", "luna", is_final=True)
        await self.bus.transact(C, [Append(self.bus.keys.audio(C, "m"), final, "2-0")])

    def settle(self) -> None:
        self.event(b"turn_complete", turn_id=b"t")
        self.position.audio_complete("m", 3)

    async def next_event(self) -> str:
        async with asyncio.timeout(PATIENCE_S):
            return await self.transport.events.get()

    async def is_talking(self) -> bool:
        return b"talk" in await self.bus.hash(self.bus.keys.state(C))

    async def play(self) -> None:
        """Report that all audio was played, and wait until the talk mark is cleared."""
        self.position.played(Receipt("m", 0, 0, 1000))
        async with asyncio.timeout(PATIENCE_S):
            await self.talk_ended.wait()

    async def audio_ttl(self) -> int:
        client = cast("Any", Redis.from_url(self.url))  # pyright: ignore[reportUnknownMemberType] - untyped kwargs
        try:
            return await client.ttl(self.bus.keys.audio(C, "m").name)
        finally:
            await client.aclose()


@pytest.fixture
async def bench(redis_url: str, keys: Keys, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[TurnBench]:
    async with open_bus(redis_url, keys) as bus:
        await bus.transact(C, [], raise_epoch=True, talk=True)
        made = TurnBench(bus, redis_url)
        transact = bus.transact

        async def watched(*args: Any, **options: Any) -> Applied:
            try:
                return await transact(*args, **options)
            finally:
                if options.get("talk") is False:
                    made.talk_ended.set()

        monkeypatch.setattr(bus, "transact", watched)
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(made.completion.run())
            yield made
            running.cancel()


async def test_metrics_of_a_turn_that_was_played_follow_the_end_of_its_talk_mark(bench: TurnBench) -> None:
    is_talking: list[bool] = []

    async def look() -> None:
        is_talking.append(await bench.is_talking())

    bench.transport.on_send = look
    bench.position.played(Receipt("m", 0, 0, 1000))
    bench.settle()
    assert await bench.next_event() == "turn_metrics"
    assert is_talking == [False], "a client that answers the metrics at once would interrupt the turn"


async def test_talk_mark_is_cleared_when_the_turn_was_played_to_its_end(bench: TurnBench) -> None:
    assert await bench.is_talking()
    assert bench.transport.events.empty()
    bench.settle()
    assert await bench.next_event() == "turn_metrics"
    assert await bench.is_talking()
    assert not bench.talk_ended.is_set()
    await bench.play()
    assert not await bench.is_talking()
    await bench.play()
    assert not await bench.is_talking()
    assert bench.transport.events.empty()


async def test_talk_mark_is_cleared_once_before_a_turn_that_follows_the_last_receipt(bench: TurnBench) -> None:
    bench.settle()
    assert await bench.next_event() == "turn_metrics"
    bench.position.played(Receipt("m", 0, 0, 1000))
    await bench.completion.clear_if_played()
    assert not await bench.is_talking()
    await bench.bus.transact(C, [], raise_epoch=True, talk=True)
    await bench.completion.clear_if_played()
    assert await bench.is_talking(), "it is the mark of the next turn"


async def test_talk_mark_is_not_cleared_if_a_new_turn_has_begun(bench: TurnBench) -> None:
    bench.settle()
    assert await bench.next_event() == "turn_metrics"
    # the user has spoken, but this gateway has not read the event yet
    await bench.bus.transact(C, [], raise_epoch=True, talk=True)
    await bench.play()
    assert await bench.is_talking()


async def test_talk_mark_is_not_cleared_if_this_gateway_has_just_written_a_turn(bench: TurnBench) -> None:
    bench.settle()
    assert await bench.next_event() == "turn_metrics"
    applied = await bench.bus.transact(C, [], raise_epoch=True, talk=True)
    bench.position.raise_epoch(applied.epoch)  # the event of the turn comes later
    async with asyncio.timeout(PATIENCE_S):
        await bench.talk_ended.wait()
    assert await bench.is_talking()


async def test_audio_gets_a_short_ttl_after_it_was_played(bench: TurnBench) -> None:
    await bench.write_audio()
    bench.settle()
    await bench.play()
    assert 0 < await bench.audio_ttl() <= SOUND_GRACE_S


async def test_audio_keeps_its_ttl_if_no_receipt_confirms_its_end(bench: TurnBench) -> None:
    await bench.write_audio()
    bench.position.playback.sent("m", 0, 1, 48_000, 0.0)
    bench.position.playback.receipt(Receipt("m", 0, 0, 1000))
    bench.now = 60.0  # longer than playing can take
    bench.settle()
    async with asyncio.timeout(PATIENCE_S):
        await bench.talk_ended.wait()
    assert await bench.audio_ttl() > SOUND_GRACE_S


async def test_audio_of_a_failed_reply_keeps_its_ttl_so_that_it_can_be_retried(bench: TurnBench) -> None:
    await bench.write_audio()
    bench.event(b"error", message_id=b"m", code=b"tts_failed")
    bench.settle()
    await bench.play()
    assert await bench.audio_ttl() > SOUND_GRACE_S


async def test_turn_metrics_event_has_the_usage_of_the_whole_conversation(bench: TurnBench) -> None:
    await bench.store.open()
    await bench.store.ensure_conversation(C)
    await bench.store.save_messages([replace(reply(C, 1, "Hi.", "complete"), usage={"prompt_tokens": 7, "cost": 0.5})])
    bench.event(b"message_complete", message_id=b"m", usage=pack({"prompt_tokens": 3, "completion_tokens": 2}))
    bench.settle()
    assert await bench.next_event() == "turn_metrics"
    metrics = bench.transport.sent[-1]["metrics"]
    assert metrics["usage"] == {"prompt_tokens": 3, "completion_tokens": 2}
    assert metrics["conversation_usage"] == {"prompt_tokens": 10, "completion_tokens": 2, "cost": 0.5}


async def test_usage_in_turn_metrics_is_unknown_while_the_store_is_unavailable(bench: TurnBench) -> None:
    bench.settle()  # the store was not opened
    assert await bench.next_event() == "turn_metrics"
    assert bench.transport.sent[-1]["metrics"]["conversation_usage"] is None
