"""Takeover: a peer gets the work of a worker that died, stopped or gave it back. Each takeover begins a new attempt."""

from __future__ import annotations

from tertulia_shared.bus import Bus
from tertulia_shared.entries import Work
from tests.harness.bus import IDLE_S, LONG_S, Bench, claimed


async def test_pending_work_is_taken_over_only_after_its_idle_time(bench: Bench) -> None:
    claim = await claimed(bench.bus, worker="a")
    assert await bench.rival.take_over("tts", "b", idle_s=LONG_S, count=9) == []
    await bench.pass_time(IDLE_S)
    (again,) = await bench.rival.take_over("tts", "b", idle_s=IDLE_S, count=9)
    assert (again.id, again.fields, again.stage) == (claim.id, claim.fields, "tts")
    assert again.attempt == 2
    assert again.token == f"{claim.id}/2"
    # the takeover has set the idle time to zero
    assert await bench.bus.take_over("tts", "c", idle_s=LONG_S, count=9) == []


async def test_takeover_counts_as_an_attempt_and_a_renewal_does_not(bench: Bench) -> None:
    claim = await claimed(bench.bus, worker="w1")
    for attempt in (2, 3, 4):
        await bench.bus.renew("tts", f"w{attempt - 1}", [claim.id])
        (claim,) = await bench.bus.take_over("tts", f"w{attempt}", idle_s=0, count=1)
        assert claim.attempt == attempt


async def test_takeover_returns_at_most_the_requested_number_of_entries(bus: Bus) -> None:
    for _ in range(5):
        await claimed(bus, worker="a")
    assert len(await bus.take_over("tts", "b", idle_s=0, count=2)) == 2


async def test_takeover_finds_idle_work_behind_many_entries_that_are_not_idle(bus: Bus) -> None:
    await bus.prepare("tts")
    for n in range(40):
        await bus.post("tts", Work(str(n)))
    *busy, idle = await bus.claim("tts", "a", count=40, block_s=0)
    assert len(busy) == 39
    assert await bus.nack(idle, "a")
    (found,) = await bus.take_over("tts", "b", idle_s=LONG_S, count=1)
    assert found.id == idle.id


async def test_worker_can_take_over_its_own_idle_work(bus: Bus) -> None:
    claim = await claimed(bus, worker="a")
    (again,) = await bus.take_over("tts", "a", idle_s=0, count=1)
    assert (again.id, again.attempt) == (claim.id, 2)


async def test_nacked_work_can_be_taken_over_before_the_idle_time_has_passed(bench: Bench) -> None:
    claim = await claimed(bench.bus, worker="a")
    assert await bench.bus.nack(claim, "a")
    (again,) = await bench.rival.take_over("tts", "b", idle_s=LONG_S, count=1)
    assert (again.id, again.attempt) == (claim.id, 2)


async def test_takeover_leaves_out_the_given_entries(bus: Bus) -> None:
    left, taken, also = [await claimed(bus, worker="a") for _ in range(3)]
    claims = await bus.take_over("tts", "b", idle_s=0, count=9, leave=[left.id, "1-1"])
    assert [claim.id for claim in claims] == [taken.id, also.id]
    assert await bus.renew("tts", "a", [left.id]) == set(), "it is still the first one's"
    (claim,) = await bus.take_over("tts", "b", idle_s=0, count=1, leave=[taken.id, also.id])
    assert (claim.id, claim.attempt) == (left.id, 2)


async def test_only_the_worker_that_has_claimed_work_can_nack_it(bus: Bus) -> None:
    claim = await claimed(bus, worker="a")
    assert not await bus.nack(claim, "b")
    assert await bus.take_over("tts", "c", idle_s=LONG_S, count=1) == []
    assert await bus.finish(claim, "a")
    assert not await bus.nack(claim, "a")


async def test_work_of_a_deregistered_worker_can_be_taken_over(bench: Bench) -> None:
    mine = [await claimed(bench.bus, worker="a") for _ in range(3)]
    theirs = await claimed(bench.bus, worker="b")
    await bench.bus.deregister("tts", "a")
    taken = await bench.rival.take_over("tts", "c", idle_s=LONG_S, count=9)
    assert [(claim.id, claim.attempt) for claim in taken] == [(claim.id, 2) for claim in mine]
    assert await bench.bus.finish(theirs, "b")
    await bench.bus.deregister("tts", "a")  # no effect if repeated, or for a worker that never existed
    await bench.bus.deregister("tts", "z")


async def test_takeover_from_one_worker_takes_no_work_of_other_workers(bench: Bench) -> None:
    of_a, of_b = await claimed(bench.bus, worker="a"), await claimed(bench.bus, worker="b")
    assert sorted(await bench.rival.holders("tts")) == ["a", "b"]
    (taken,) = await bench.rival.take_over("tts", "c", idle_s=0, count=9, of="a")
    assert (taken.id, taken.attempt) == (of_a.id, 2)
    assert await bench.rival.take_over("tts", "c", idle_s=0, count=9, of="a") == []
    assert sorted(await bench.rival.holders("tts")) == ["b", "c"]
    assert await bench.bus.finish(of_b, "b")
    assert await bench.bus.holders("tts") == ["c"]


async def test_stage_without_a_consumer_group_has_no_pending_work_of_any_worker(bus: Bus) -> None:
    assert list(await bus.holders("stt")) == []
