"""How workers share new work: by their slots, and without waiting for a peer that hangs."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from tertulia_shared.bus import QueueLoad
from tertulia_shared.new_work import GRACE_S, NewWork, share_of
from tertulia_shared.testing.memory_bus import MemoryBus
from tertulia_shared.worker import BEAT_S
from tests.harness.virtual_time import now, settle, virtual_time
from tests.unit.shared.worker_bench import ScriptedHandler, forever, make_bus, post, working


@pytest.mark.parametrize(
    ("waiting", "held", "slots", "shares"),
    [
        (12, {}, {"a": 64, "b": 64}, {"a": 6, "b": 6}),
        (13, {}, {"a": 64, "b": 64}, {"a": 7, "b": 6}),
        (10, {"a": 1, "b": 1}, {"a": 64, "b": 64}, {"a": 5, "b": 5}),
        (4, {"a": 6}, {"a": 64, "b": 64}, {"a": 0, "b": 4}),
        (9, {}, {"a": 8, "b": 1}, {"a": 8, "b": 1}),
        (6, {"a": 1, "b": 1}, {"a": 1, "b": 1}, {"a": 3, "b": 3}),
        (0, {}, {"a": 1, "b": 1}, {"a": 0, "b": 0}),
        (3, {"unknown": 5}, {"a": 2}, {"a": 3}),
    ],
    ids=[
        "even",
        "odd",
        "each_holds_one",
        "one_is_ahead",
        "different_slots",
        "all_are_full",
        "nothing",
        "older_release",
    ],
)
def test_waiting_entries_fill_the_slots_of_the_workers_evenly(
    waiting: int, held: Mapping[str, int], slots: Mapping[str, int], shares: Mapping[str, int]
) -> None:
    assert {name: share_of(name, QueueLoad(waiting, held), slots, most=100) for name in slots} == shares


def test_share_is_limited_by_the_room_of_the_worker() -> None:
    assert share_of("a", QueueLoad(12, {}), {"a": 64, "b": 64}, most=2) == 2


def test_worker_that_claims_after_its_peer_gets_the_rest() -> None:
    slots = {"a": 64, "b": 64}
    first = share_of("b", QueueLoad(11, {}), slots, most=64)
    assert share_of("a", QueueLoad(11 - first, {"b": first}), slots, most=64) == 11 - first


@asynccontextmanager
async def workers(bus: MemoryBus, count: int) -> AsyncGenerator[list[ScriptedHandler]]:
    """Run this many workers, which know each other."""
    async with AsyncExitStack() as stack:
        handlers = [ScriptedHandler(forever) for _ in range(count)]
        for handler in handlers:
            await stack.enter_async_context(working(bus, handler, concurrency=64))
        await asyncio.sleep(2 * BEAT_S)
        yield handlers


@pytest.mark.parametrize(("count", "posted"), [(2, 12), (2, 13), (3, 30)])
@virtual_time
async def test_idle_workers_share_a_burst_within_one_of_each_other(count: int, posted: int) -> None:
    bus = make_bus()
    async with workers(bus, count) as handlers:
        await post(bus, posted)
        await settle()
        begun = [len(handler.begun) for handler in handlers]
        assert sum(begun) == posted
        assert max(begun) - min(begun) <= 1


@virtual_time
async def test_single_worker_claims_a_burst_at_once() -> None:
    bus = make_bus()
    async with workers(bus, 1) as (handler,):
        await post(bus, 12)
        await settle()
        assert len(handler.begun) == 12


@virtual_time
async def test_worker_without_peers_claims_as_much_as_it_holds_and_has_slots_for() -> None:
    bus = make_bus()
    await bus.prepare("tts")
    await post(bus, 20)
    work = NewWork(bus, "tts", "alone", slots=8, limit=64)
    assert [len(await work.claim(held, 5.0)) for held in (0, 1, 3, 6, 8, 9)] == [1, 1, 3, 2, 1, 1]


async def claim_repeatedly(work: NewWork, counts: Counter[str], name: str, held: int) -> None:
    while True:
        counts[name] += len(await work.claim(held + counts[name], 5.0))


@virtual_time
async def test_share_of_a_peer_that_hangs_is_claimed_after_the_grace_time() -> None:
    bus, counts = make_bus(), Counter[str]()
    work = NewWork(bus, "tts", "a", slots=64, limit=64)
    work.share_with({"hanging": 64})
    await bus.prepare("tts")
    await post(bus, 12)
    claiming = asyncio.create_task(claim_repeatedly(work, counts, "a", 0))
    await settle()
    assert counts["a"] == 6
    begun = now()
    while counts["a"] < 12:  # noqa: ASYNC110 - virtual time
        await asyncio.sleep(GRACE_S / 10)
    assert GRACE_S * 0.9 <= now() - begun <= GRACE_S * 1.5
    claiming.cancel()


@virtual_time
async def test_worker_without_a_free_slot_leaves_new_work_to_a_peer_with_one() -> None:
    bus, counts = make_bus(), Counter[str]()
    full, free = (NewWork(bus, "tts", name, slots=1, limit=64) for name in ("full", "free"))
    full.share_with({"free": 1})
    free.share_with({"full": 1})
    await bus.prepare("tts")
    await post(bus)
    held = await bus.claim("tts", "full", count=1, block_s=0)
    claiming = asyncio.create_task(claim_repeatedly(full, counts, "full", len(held)))
    await settle()
    claiming_too = asyncio.create_task(claim_repeatedly(free, counts, "free", 0))
    await post(bus)
    await settle()
    assert counts == {"free": 1, "full": 0}
    await post(bus, 2)  # now both are full: they share what waits
    await settle()
    assert counts == {"free": 2, "full": 1}
    claiming.cancel()
    claiming_too.cancel()


@virtual_time
async def test_work_of_a_peer_whose_process_ended_is_claimed_at_once() -> None:
    bus = make_bus()
    work = NewWork(bus, "tts", "a", slots=64, limit=64)
    work.share_with({"ended": 64})
    work.forget("ended")
    await bus.prepare("tts")
    await post(bus, 12)
    begun, claimed = now(), 0
    while claimed < 12:
        claimed += len(await work.claim(claimed, 5.0))
    assert now() == begun
