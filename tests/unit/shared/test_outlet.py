"""The queue of an owner's writes. The test takes and settles them."""

from __future__ import annotations

import asyncio

import pytest

from tertulia_shared.bus import Append, Fence, NotOwner, Put, Stale
from tertulia_shared.bus.outlet import MAX_QUEUED, QueueOutlet
from tertulia_shared.events import LLMChunk, TurnComplete
from tertulia_shared.keys import Key

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
