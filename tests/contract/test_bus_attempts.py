"""A worker renews its claims. An attempt that was lost, nacked or reclaimed can change nothing any more."""

from __future__ import annotations

import pytest

from tertulia_shared.bus import Bus, NotOwner
from tertulia_shared.ids import new_id
from tests.harness.bus import IDLE_S, LONG_S, Bench, claimed, owned
from tests.harness.eventually import eventually


async def test_renewal_sets_the_idle_time_to_zero(bench: Bench) -> None:
    renewed, forgotten = [await claimed(bench.bus, worker="a") for _ in range(2)]
    await bench.let_idle(renewed, "a")
    await bench.let_idle(forgotten, "a")
    assert await bench.bus.renew("tts", "a", [renewed.id]) == set()
    taken = await bench.rival.take_over("tts", "b", idle_s=LONG_S, count=9)
    assert [claim.id for claim in taken] == [forgotten.id]


async def test_worker_can_neither_renew_nor_finish_work_that_it_nacked(bus: Bus) -> None:
    claim = await claimed(bus, worker="a")
    await bus.nack(claim, "a")
    assert await bus.renew("tts", "a", [claim.id]) == {claim.id}
    assert not await bus.finish(claim, "a")
    assert not await bus.nack(claim, "a")
    assert await bus.open_work("tts") == 1


async def test_renew_returns_the_work_that_the_worker_has_lost(bench: Bench) -> None:
    kept, finished, taken = [await claimed(bench.bus, worker="a") for _ in range(3)]
    await bench.bus.finish(finished, "a")
    await bench.bus.nack(taken, "a")
    assert len(await bench.rival.take_over("tts", "b", idle_s=LONG_S, count=9)) == 1
    lost = await bench.bus.renew("tts", "a", [kept.id, finished.id, taken.id])
    assert lost == {finished.id, taken.id}
    assert await bench.bus.renew("tts", "a", []) == set()


async def test_paused_worker_cannot_change_work_that_a_peer_has_taken_over(bench: Bench) -> None:
    claim = await claimed(bench.bus, worker="paused")
    await bench.pass_time(IDLE_S)
    (again,) = await bench.rival.take_over("tts", "rival", idle_s=IDLE_S, count=1)

    assert await bench.bus.renew("tts", "paused", [claim.id]) == {claim.id}
    assert not await bench.bus.finish(claim, "paused")
    assert not await bench.bus.nack(claim, "paused")

    assert await bench.bus.take_over("tts", "third", idle_s=LONG_S, count=1) == []
    assert await bench.rival.renew("tts", "rival", [again.id]) == set()
    assert await bench.rival.finish(again, "rival")
    assert await bench.bus.open_work("tts") == 0


async def test_earlier_attempt_of_the_same_worker_can_neither_finish_nor_nack(bus: Bus) -> None:
    """A worker that stalled takes over its own work: the stalled attempt must not end the new attempt."""
    first = await claimed(bus)
    (second,) = await bus.take_over("tts", "a", idle_s=0, count=1)
    assert (second.id, second.attempt) == (first.id, first.attempt + 1)
    assert not await bus.finish(first, "a")
    assert not await bus.nack(first, "a")
    assert await bus.finish(second, "a")


async def test_reclaim_begins_a_new_attempt_that_does_not_count(bench: Bench) -> None:
    claim = await claimed(bench.bus, worker="a")
    again = await bench.bus.reclaim(claim, "a")
    assert again is not None
    assert (again.id, again.attempt, again.fields) == (claim.id, 2, claim.fields)
    assert await bench.rival.uncounted(again) == 1
    assert not await bench.bus.finish(claim, "a"), "the attempt that was interrupted ends nothing"
    # reclaim the same attempt twice: the reply to the first call may have been lost
    third = await bench.bus.reclaim(claim, "a")
    assert third is not None
    assert (third.attempt, await bench.bus.uncounted(third)) == (3, 2)
    assert await bench.bus.finish(third, "a")


async def test_interrupted_attempt_cannot_write_after_reclaim(bench: Bench) -> None:
    claim = await claimed(bench.bus, "llm", "a")
    conversation_id = new_id()
    before = await owned(bench.bus, claim, conversation_id, "turns")
    again = await bench.bus.reclaim(claim, "a")
    assert again is not None
    after = await owned(bench.bus, again, conversation_id, "turns")
    with pytest.raises(NotOwner):
        await bench.bus.transact(conversation_id, [], fence=before.fence(0), raise_epoch=True)
    assert (await bench.bus.transact(conversation_id, [], fence=after.fence(0), raise_epoch=True)).new


async def test_work_that_a_peer_has_taken_over_cannot_be_reclaimed(bench: Bench) -> None:
    claim = await claimed(bench.bus, worker="a")
    (taken,) = await bench.rival.take_over("tts", "b", idle_s=0, count=1)
    assert await bench.bus.reclaim(claim, "a") is None
    assert await bench.rival.finish(taken, "b")
    assert await bench.bus.reclaim(claim, "a") is None


async def test_reclaim_renews_the_lease(bench: Bench) -> None:
    claim = await claimed(bench.bus, worker="a")
    await bench.let_idle(claim, "a")
    assert await bench.bus.reclaim(claim, "a") is not None
    assert await bench.rival.take_over("tts", "b", idle_s=LONG_S, count=1) == []


async def test_lease_keeper_renews_leases_and_reports_lost_work_with_its_attempt_number(bench: Bench) -> None:
    kept, stolen = await claimed(bench.bus, worker="a"), await claimed(bench.bus, worker="a")
    (taken,) = await bench.rival.take_over("tts", "b", idle_s=0, count=1)
    stolen_id = taken.id
    lost: list[tuple[str, int]] = []
    mine = kept if stolen_id == stolen.id else stolen
    await bench.let_idle(mine, "a")
    held = {kept.id: kept.attempt, stolen.id: stolen.attempt}
    async with bench.bus.keep_leases(
        "tts",
        "a",
        every_s=0.01,
        held=lambda: dict(held),
        on_lost=lambda work_id, attempt: lost.append((work_id, attempt)),
    ):
        await eventually(lambda: lost, "the loss is reported")
        assert lost[0] == (stolen_id, 1)
        assert await bench.rival.take_over("tts", "b", idle_s=LONG_S, count=9, of="a") == []
