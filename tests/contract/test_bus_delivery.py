"""Work has one worker at a time. It is delivered again until it is finished, and only the worker that has it can finish
it.
"""

from __future__ import annotations

import asyncio

import pytest

from tertulia_shared.bus import Bus, NotOwner
from tertulia_shared.bus.redis_bus import RedisBus
from tertulia_shared.codec import decode, envelope
from tertulia_shared.entries import Work
from tertulia_shared.ids import new_id
from tertulia_shared.keys import Keys
from tertulia_shared.testing.memory_bus import MemoryBus
from tests.harness.bus import LONG_S, Bench, claimed, owned
from tests.harness.eventually import eventually

IDLE_S = 0.02


def test_redis_bus_and_memory_bus_implement_the_port(keys: Keys) -> None:
    fake: Bus = MemoryBus(keys)
    real: Bus = RedisBus("redis://127.0.0.1:1/0", keys)  # the connection is opened at the first call
    assert fake.keys == real.keys == keys


async def test_work_is_claimed_once_and_in_the_order_in_which_it_was_posted(bench: Bench) -> None:
    work = [Work(new_id(), message_id=new_id(), session_id="s" * n) for n in range(3)]
    await bench.bus.prepare("tts")
    for piece in work:
        await bench.bus.post("tts", piece, epoch=7)
    first = await bench.bus.claim("tts", "a", count=2, block_s=0)
    second = await bench.rival.claim("tts", "b", count=9, block_s=0)
    assert [decode(Work, claim.fields) for claim in (*first, *second)] == work
    assert [claim.attempt for claim in (*first, *second)] == [1, 1, 1]
    assert [claim.stage for claim in second] == ["tts"]
    assert envelope(first[0].fields).epoch == 7
    assert await bench.bus.claim("tts", "a", count=9, block_s=0) == []


async def test_concurrent_claims_deliver_each_work_entry_to_one_worker(bench: Bench) -> None:
    await bench.bus.prepare("llm")
    wanted = {new_id() for _ in range(40)}
    seen: list[str] = []

    async def work(bus: Bus, name: str) -> None:
        while len(seen) < len(wanted):
            for claim in await bus.claim("llm", name, count=3, block_s=0.01):
                seen.append(decode(Work, claim.fields).conversation_id)
                assert await bus.finish(claim, name)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(work(bench.bus, "a"))
        tasks.create_task(work(bench.rival, "b"))
        for conversation_id in wanted:
            await bench.bus.post("llm", Work(conversation_id))
    assert sorted(seen) == sorted(wanted)
    assert await bench.bus.open_work("llm") == 0


async def test_claim_returns_only_work_of_the_requested_stage(bus: Bus) -> None:
    await claimed(bus, "stt")
    await bus.prepare("tts")
    assert await bus.claim("tts", "a", count=1, block_s=0) == []
    assert await bus.open_work("tts") == 0
    assert await bus.open_work("stt") == 1


async def test_claim_waits_until_work_is_posted(bench: Bench) -> None:
    await bench.bus.prepare("tts")
    waiting = asyncio.create_task(bench.bus.claim("tts", "a", count=1, block_s=30))
    await bench.pass_time(IDLE_S)
    await bench.rival.post("tts", Work("c"))
    (claim,) = await waiting
    assert decode(Work, claim.fields) == Work("c")


@pytest.mark.parametrize("block_s", [0, 0.0001, 0.01])
async def test_claim_returns_nothing_if_no_work_comes_in_time(bus: Bus, block_s: float) -> None:
    await bus.prepare("tts")
    assert await bus.claim("tts", "a", count=1, block_s=block_s) == []


async def test_cancelled_claim_loses_no_work(bench: Bench) -> None:
    await bench.bus.prepare("tts")
    waiting = asyncio.create_task(bench.bus.claim("tts", "a", count=1, block_s=30))
    await bench.pass_time(IDLE_S)
    waiting.cancel()
    await asyncio.wait([waiting])
    assert waiting.cancelled()
    await bench.rival.post("tts", Work("c"))
    (claim,) = await bench.rival.claim("tts", "b", count=9, block_s=30)
    assert claim.attempt == 1


async def test_work_that_was_posted_before_the_group_exists_is_delivered(bus: Bus) -> None:
    await bus.post("llm", Work("early"))
    await bus.prepare("llm")
    await bus.prepare("llm")
    (claim,) = await bus.claim("llm", "a", count=5, block_s=0)
    assert decode(Work, claim.fields).conversation_id == "early"


async def test_claim_creates_the_consumer_group_if_it_is_missing(bus: Bus) -> None:
    await bus.post("llm", Work("early"))
    assert await bus.claim("llm", "a", count=5, block_s=0) == []
    assert len(await bus.claim("llm", "a", count=5, block_s=0)) == 1


async def test_finished_work_is_deleted(bus: Bus) -> None:
    claim = await claimed(bus)
    assert await bus.open_work("tts") == 1
    assert await bus.finish(claim, "a")
    assert await bus.open_work("tts") == 0
    assert not await bus.finish(claim, "a")
    assert await bus.take_over("tts", "b", idle_s=0, count=9) == []


async def test_only_the_worker_that_has_claimed_work_can_finish_it(bus: Bus) -> None:
    claim = await claimed(bus, worker="a")
    assert not await bus.finish(claim, "b")
    assert await bus.open_work("tts") == 1
    assert await bus.renew("tts", "a", [claim.id]) == set()


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


async def test_requeued_work_is_delivered_to_a_waiting_worker(bench: Bench) -> None:
    claim = await claimed(bench.bus, worker="a")
    waiting = asyncio.create_task(bench.rival.claim("tts", "b", count=9, block_s=30))
    await bench.pass_time(IDLE_S)
    assert await bench.bus.requeue(claim, "a")
    (again,) = await waiting
    assert again.fields == claim.fields
    assert again.attempt == 1
    assert again.id != claim.id
    assert await bench.bus.open_work("tts") == 1
    assert await bench.bus.take_over("tts", "c", idle_s=LONG_S, count=9) == []
    # the worker that requeued the work no longer has it
    assert await bench.bus.renew("tts", "a", [claim.id]) == {claim.id}
    assert not await bench.bus.finish(claim, "a")
    assert not await bench.bus.requeue(claim, "a")
    assert await bench.rival.finish(again, "b")
    assert await bench.bus.open_work("tts") == 0


async def test_only_the_worker_that_has_claimed_work_can_requeue_it(bus: Bus) -> None:
    first = await claimed(bus, worker="a")
    assert not await bus.requeue(first, "b")
    (second,) = await bus.take_over("tts", "a", idle_s=0, count=1)
    assert not await bus.requeue(first, "a"), "an earlier attempt of the same worker"
    assert await bus.finish(second, "a")
    assert not await bus.requeue(second, "a")
    assert await bus.claim("tts", "c", count=9, block_s=0) == []


async def test_requeue_of_unstarted_work_leaves_started_work_pending(bench: Bench) -> None:
    await bench.bus.prepare("tts")
    for _ in range(4):
        await bench.bus.post("tts", Work(new_id(), message_id=new_id()))
    started, unstarted = await bench.bus.claim("tts", "a", count=2, block_s=0)
    (of_a_peer,) = await bench.rival.claim("tts", "b", count=1, block_s=0)
    (failed_before,) = await bench.bus.take_over("tts", "a", idle_s=0, count=1, of="b")
    (waiting,) = await bench.rival.claim("tts", "b", count=9, block_s=0)
    assert failed_before.id == of_a_peer.id
    assert await bench.bus.requeue_unstarted("tts", "a", started=[started.id]) == 1
    (again,) = await bench.rival.claim("tts", "c", count=9, block_s=0)
    assert (again.fields, again.attempt) == (unstarted.fields, 1)
    assert await bench.bus.renew("tts", "a", [started.id, failed_before.id]) == set()
    assert await bench.rival.renew("tts", "b", [waiting.id]) == set()


async def test_only_the_worker_that_has_claimed_work_can_nack_it(bus: Bus) -> None:
    claim = await claimed(bus, worker="a")
    assert not await bus.nack(claim, "b")
    assert await bus.take_over("tts", "c", idle_s=LONG_S, count=1) == []
    assert await bus.finish(claim, "a")
    assert not await bus.nack(claim, "a")


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


async def test_work_of_a_deregistered_worker_can_be_taken_over(bench: Bench) -> None:
    mine = [await claimed(bench.bus, worker="a") for _ in range(3)]
    theirs = await claimed(bench.bus, worker="b")
    await bench.bus.deregister("tts", "a")
    taken = await bench.rival.take_over("tts", "c", idle_s=LONG_S, count=9)
    assert [(claim.id, claim.attempt) for claim in taken] == [(claim.id, 2) for claim in mine]
    assert await bench.bus.finish(theirs, "b")
    await bench.bus.deregister("tts", "a")  # no effect if repeated, or for a worker that never existed
    await bench.bus.deregister("tts", "z")


async def test_reason_of_a_failed_attempt_is_stored(bench: Bench) -> None:
    claim, other = [await claimed(bench.bus, worker="a") for _ in range(2)]
    assert await bench.bus.last_failure(claim) == ""
    await bench.bus.note_failure(claim, "the model said 500")
    await bench.bus.note_failure(claim, "the model said nothing: ñ")
    (again,) = await bench.rival.take_over("tts", "b", idle_s=0, count=1)
    assert again.id == claim.id
    assert await bench.rival.last_failure(again) == "the model said nothing: ñ"
    assert await bench.rival.last_failure(other) == ""


async def test_number_of_attempts_that_do_not_count_is_stored(bench: Bench) -> None:
    claim, other = [await claimed(bench.bus, worker="a") for _ in range(2)]
    assert await bench.bus.uncounted(claim) == 0
    await bench.bus.note_uncounted(claim)
    await bench.bus.nack(claim, "a")
    (again,) = await bench.rival.take_over("tts", "b", idle_s=LONG_S, count=9)
    await bench.rival.note_uncounted(again)
    assert await bench.bus.uncounted(again) == 2
    assert await bench.bus.uncounted(other) == 0


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
