"""The queue of an owner's writes. The test takes and settles them."""

from __future__ import annotations

import asyncio

import pytest

from tertulia_shared.bus import Append, Expire, Fence, NotOwner, Put, Stale
from tertulia_shared.bus.outlet import MAX_QUEUED, QueueOutlet
from tertulia_shared.events import LLMChunk, TurnComplete
from tertulia_shared.keys import Key
from tertulia_shared.ticks import TICK_S
from tests.harness.virtual_time import settle, virtual_time

KEY = Key("k", 60)


class HandSink:
    """Counts how often it is woken; the test takes and settles the writes."""

    def __init__(self) -> None:
        self.woken = 0

    def wake(self, outlet: QueueOutlet) -> None:
        self.woken += 1


@pytest.fixture
def sink() -> HandSink:
    return HandSink()


@pytest.fixture
def outlet(sink: HandSink) -> QueueOutlet:
    return QueueOutlet(sink, None, 0)


async def waits(task: asyncio.Task[None]) -> bool:
    """Whether the task still waits after all other tasks have run."""
    for _ in range(5):
        await asyncio.sleep(0)
    return not task.done()


def test_outlet_writes_entries_with_the_epoch_of_its_fence(sink: HandSink) -> None:
    owner = Key("owner", 60)
    assert QueueOutlet(sink, None, 4).epoch == 4
    assert QueueOutlet(sink, Fence(owner, "1-0/1", 7), 4).epoch == 7
    assert QueueOutlet(sink, Fence(owner, "1-0/1"), 4).epoch == 4


def test_outlet_wakes_its_sink_once_per_batch(sink: HandSink, outlet: QueueOutlet) -> None:
    outlet.append(KEY, TurnComplete("1"))
    outlet.put(KEY, {"a": 1})
    assert sink.woken == 1
    assert outlet.take() == [Append(KEY, TurnComplete("1")), Put(KEY, {"a": 1})]
    outlet.append(KEY, TurnComplete("2"), id="1-0", more=b"x")
    assert sink.woken == 2
    assert outlet.take() == [Append(KEY, TurnComplete("2"), "1-0", {"more": b"x"})]


def test_outlet_merges_only_consecutive_tokens(outlet: QueueOutlet) -> None:
    tokens = [LLMChunk("a", "c", "m"), LLMChunk("b", "c", "m"), LLMChunk("c", "d", "n"), LLMChunk("d", "c", "m")]
    for token in tokens:
        outlet.append(KEY, token)
    assert [write.entry for write in outlet.take() if isinstance(write, Append)] == [
        LLMChunk("ab", "c", "m"), LLMChunk("c", "d", "n"), LLMChunk("d", "c", "m"),
    ]  # fmt: skip
    for token in (LLMChunk("A. ", "c", "m"), LLMChunk("B", "c", "m", (3,)), LLMChunk(". C", "c", "m", (6,))):
        outlet.append(KEY, token)
    assert outlet.take() == [Append(KEY, LLMChunk("A. B. C", "c", "m", (3, 6)))]
    outlet.append(KEY, LLMChunk("e", "c", "m"))
    outlet.put(KEY, {"cursor": "1"})
    outlet.append(KEY, LLMChunk("f", "c", "m"))
    assert len(outlet.take()) == 3


@virtual_time
async def test_writes_that_can_wait_go_out_together_at_the_next_tick() -> None:
    sink = HandSink()
    outlets = QueueOutlet(sink, None, 0), QueueOutlet(sink, None, 0)
    outlets[0].append_by_tick(KEY, LLMChunk("a", "c", "m"))
    await asyncio.sleep(TICK_S / 2)
    outlets[1].append_by_tick(KEY, LLMChunk("x", "c", "n"))
    outlets[0].append_by_tick(KEY, LLMChunk("b", "c", "m"))
    assert sink.woken == 0
    await asyncio.sleep(TICK_S / 2)
    assert sink.woken == 2
    assert outlets[0].take() == [Append(KEY, LLMChunk("ab", "c", "m"))]
    assert outlets[1].take() == [Append(KEY, LLMChunk("x", "c", "n"))]
    outlets[0].append_by_tick(KEY, LLMChunk("c", "c", "m"))
    await asyncio.sleep(2 * TICK_S)
    assert sink.woken == 3, "the queue is announced once"


@virtual_time
async def test_writes_that_can_wait_go_out_with_the_next_write_or_flush() -> None:
    sink = HandSink()
    outlet = QueueOutlet(sink, None, 0)
    outlet.append_by_tick(KEY, LLMChunk("a", "c", "m"))
    outlet.append(KEY, LLMChunk("b", "c", "m"))
    assert sink.woken == 1
    outlet.append_by_tick(KEY, LLMChunk("c", "c", "m"))
    assert outlet.take() == [Append(KEY, LLMChunk("abc", "c", "m"))]
    outlet.append_by_tick(KEY, TurnComplete("1"))
    outlet.put(KEY, {"a": 1})
    assert sink.woken == 2
    assert outlet.take() == [Append(KEY, TurnComplete("1")), Put(KEY, {"a": 1})]
    outlet.append_by_tick(KEY, TurnComplete("2"))
    outlet.expire(KEY, 5)
    assert sink.woken == 3
    assert outlet.take() == [Append(KEY, TurnComplete("2")), Expire(KEY, 5)]
    outlet.append_by_tick(KEY, TurnComplete("3"))
    flushing = asyncio.create_task(outlet.flush())
    await settle()
    assert sink.woken == 4
    outlet.take()
    outlet.settle(6, None)
    await flushing
    await asyncio.sleep(2 * TICK_S)
    assert sink.woken == 4, "nothing is left for the tick"


@virtual_time
async def test_flush_by_tick_waits_for_the_tick_only_if_nothing_is_urgent() -> None:
    sink = HandSink()
    outlet = QueueOutlet(sink, None, 0)
    outlet.append_by_tick(KEY, TurnComplete("1"), id="1-0")
    flushing = asyncio.create_task(outlet.flush(by_tick=True))
    await asyncio.sleep(TICK_S / 2)
    assert sink.woken == 0
    await asyncio.sleep(TICK_S / 2)
    assert outlet.take() == [Append(KEY, TurnComplete("1"), "1-0")]
    assert not flushing.done()
    outlet.settle(1, None)
    await flushing
    outlet.append_by_tick(KEY, TurnComplete("2"))
    outlet.append(KEY, TurnComplete("3"))
    flushing = asyncio.create_task(outlet.flush(by_tick=True))
    await settle()
    assert sink.woken == 2
    outlet.take()
    outlet.settle(2, None)
    await flushing


@virtual_time
async def test_writes_that_wait_for_a_tick_are_dropped_after_a_failure() -> None:
    sink = HandSink()
    outlet = QueueOutlet(sink, None, 0)
    outlet.append(KEY, TurnComplete("1"))
    outlet.take()
    outlet.append_by_tick(KEY, TurnComplete("2"))
    outlet.settle(1, Stale("over"))
    await asyncio.sleep(2 * TICK_S)
    assert (sink.woken, outlet.take()) == (1, [])
    with pytest.raises(Stale):
        outlet.append_by_tick(KEY, TurnComplete("3"))


async def test_flush_waits_for_all_writes_of_the_outlet(outlet: QueueOutlet) -> None:
    outlet.append(KEY, TurnComplete("1"))
    flushing = asyncio.create_task(outlet.flush())
    assert await waits(flushing)
    outlet.take()
    outlet.append(KEY, TurnComplete("2"))
    outlet.settle(1, None)
    assert await waits(flushing)
    outlet.take()
    outlet.settle(1, None)
    await flushing


async def test_room_waits_while_too_many_writes_are_queued_or_unanswered(outlet: QueueOutlet) -> None:
    for n in range(MAX_QUEUED):
        outlet.append(KEY, TurnComplete(str(n)))
    await outlet.room()
    assert len(outlet.take()) == MAX_QUEUED
    outlet.append(KEY, TurnComplete("one more"))
    waiting = asyncio.create_task(outlet.room())
    assert await waits(waiting)
    outlet.settle(1, None)
    await waiting


async def test_first_failure_of_an_outlet_is_raised_by_every_later_call(outlet: QueueOutlet) -> None:
    outlet.append(KEY, TurnComplete("1"))
    waiting = [asyncio.create_task(outlet.flush()) for _ in range(3)]
    assert await waits(waiting[0])
    outlet.take()
    outlet.append(KEY, TurnComplete("2"))
    outlet.settle(1, Stale("over"))
    assert outlet.take() == []  # writes after the failed one are dropped
    outlet.settle(0, NotOwner("later"))
    for result in await asyncio.gather(*waiting, outlet.room(), outlet.flush(), return_exceptions=True):
        assert isinstance(result, Stale)
    with pytest.raises(Stale):
        outlet.append(KEY, TurnComplete("3"))
    with pytest.raises(Stale):
        outlet.put(KEY, {})


async def test_cancelled_flush_does_not_affect_other_waiters(outlet: QueueOutlet) -> None:
    outlet.append(KEY, TurnComplete("1"))
    gone, stays = asyncio.create_task(outlet.flush()), asyncio.create_task(outlet.flush())
    assert await waits(stays)
    gone.cancel()
    await asyncio.wait([gone])
    outlet.take()
    outlet.settle(1, None)
    await stays
