"""Work is delivered to one worker, which alone can finish it or requeue it."""

from __future__ import annotations

import asyncio

import pytest

from tertulia_shared.bus import Bus, QueueLoad
from tertulia_shared.bus.redis_bus import RedisBus
from tertulia_shared.codec import decode, envelope
from tertulia_shared.entries import Work
from tertulia_shared.events import TurnComplete
from tertulia_shared.ids import new_id
from tertulia_shared.keys import Keys
from tertulia_shared.testing.memory_bus import MemoryBus
from tests.harness.bus import IDLE_S, LONG_S, Bench, claimed


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


async def test_a_post_goes_out_in_order_with_the_writes_around_it(bench: Bench) -> None:
    bus = bench.bus
    await bus.prepare("tts")
    outlet = bus.outlet()
    work = Work(new_id(), message_id=new_id())
    events = bus.keys.events(work.conversation_id)
    outlet.append(events, TurnComplete("before"))
    posted = bus.post("tts", work)  # queued now, although it is awaited later
    await outlet.flush()
    outlet.append(events, TurnComplete("after"))
    await outlet.flush()
    assert [decode(Work, claim.fields) for claim in await bus.claim("tts", "a", count=9, block_s=0)] == [work]
    await posted


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


async def test_load_counts_waiting_work_and_what_each_worker_holds(bench: Bench) -> None:
    assert await bench.bus.load("tts") == QueueLoad()
    await bench.bus.prepare("tts")
    assert await bench.bus.load("tts") == QueueLoad()
    for _ in range(5):
        await bench.bus.post("tts", Work(new_id()))
    first, second = await bench.bus.claim("tts", "a", count=2, block_s=0)
    (third,) = await bench.rival.claim("tts", "b", count=1, block_s=0)
    load = await bench.rival.load("tts")
    assert (load.waiting, load.held) == (2, {"a": 2, "b": 1})
    for claim, worker in ((first, "a"), (second, "a"), (third, "b")):
        assert await bench.bus.finish(claim, worker)
    load = await bench.rival.load("tts")
    assert (load.waiting, load.held) == (2, {})
    rest = await bench.bus.claim("tts", "a", count=9, block_s=0)
    assert load.last_id == rest[-1].id
    assert (await bench.rival.load("tts")).waiting == 0


async def test_wait_for_a_post_ends_with_the_post_and_claims_nothing(bench: Bench) -> None:
    await bench.bus.prepare("tts")
    await bench.bus.post("tts", Work("earlier"))
    last_id = (await bench.bus.load("tts")).last_id
    waiting = asyncio.create_task(bench.bus.wait_for_post("tts", after=last_id, block_s=30))
    await bench.pass_time(IDLE_S)
    assert not waiting.done()
    await bench.rival.post("tts", Work("later"))
    assert await waiting
    assert await bench.bus.wait_for_post("tts", after=last_id, block_s=30)
    assert (await bench.bus.load("tts")).waiting == 2


@pytest.mark.parametrize("block_s", [0, 0.01])
async def test_wait_for_a_post_ends_after_its_time(bus: Bus, block_s: float) -> None:
    assert not await bus.wait_for_post("tts", after="0-0", block_s=block_s)
