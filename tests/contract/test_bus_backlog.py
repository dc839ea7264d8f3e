"""The backlog of a stage: the amount and the age of waiting, pending and nacked work."""

from __future__ import annotations

from tertulia_shared.bus import Backlog, Bus
from tertulia_shared.entries import Work
from tertulia_shared.ids import new_id
from tests.harness.bus import Bench
from tests.harness.eventually import eventually


async def post(bus: Bus, count: int) -> None:
    for _ in range(count):
        await bus.post("tts", Work(new_id(), message_id=new_id()))


def figures(backlog: Backlog) -> tuple[int, int, int]:
    return backlog.waiting, backlog.held, backlog.handed_back


async def test_backlog_of_a_stage_that_was_never_prepared_is_empty(bus: Bus) -> None:
    assert await bus.backlog("stt") == Backlog()


async def test_backlog_of_a_stage_without_work_is_empty(bus: Bus) -> None:
    await bus.prepare("tts")
    assert await bus.backlog("tts") == Backlog()


async def test_work_counts_as_waiting_until_it_is_claimed_and_then_as_pending_until_it_is_finished(bus: Bus) -> None:
    await bus.prepare("tts")
    await post(bus, 5)
    assert figures(await bus.backlog("tts")) == (5, 0, 0)
    first, second, third = await bus.claim("tts", "a", count=3, block_s=0)
    assert figures(await bus.backlog("tts")) == (2, 3, 0)
    await bus.finish(second, "a")  # not in the order in which it was posted
    assert figures(await bus.backlog("tts")) == (2, 2, 0)
    for claim in (first, third, *await bus.claim("tts", "a", count=9, block_s=0)):
        await bus.finish(claim, "a")
    assert await bus.backlog("tts") == Backlog()
    await post(bus, 1)
    assert figures(await bus.backlog("tts")) == (1, 0, 0)


async def test_nacked_work_is_counted_separately_until_it_is_taken_over(bench: Bench) -> None:
    bus = bench.bus
    await bus.prepare("tts")
    await post(bus, 3)
    claim, *_ = await bus.claim("tts", "a", count=2, block_s=0)
    await bus.nack(claim, "a")
    assert figures(await bus.backlog("tts")) == (1, 1, 1)
    await bus.deregister("tts", "a")
    assert figures(await bus.backlog("tts")) == (1, 0, 2)
    assert len(await bench.rival.take_over("tts", "b", idle_s=3600, count=9)) == 2
    assert figures(await bus.backlog("tts")) == (1, 2, 0)


async def test_backlog_does_not_count_the_work_of_other_stages(bus: Bus) -> None:
    for stage in ("llm", "tts"):
        await bus.prepare(stage)
    await post(bus, 2)
    assert await bus.backlog("llm") == Backlog()
    assert figures(await bus.backlog("tts")) == (2, 0, 0)


async def test_backlog_has_the_age_of_the_oldest_waiting_and_the_oldest_pending_work(bus: Bus) -> None:
    await bus.prepare("tts")
    await post(bus, 1)

    async def has_aged() -> bool:
        return (await bus.backlog("tts")).oldest_waiting_s >= 0.01

    await eventually(has_aged)
    await post(bus, 2)
    (older,) = await bus.claim("tts", "a", count=1, block_s=0)
    backlog = await bus.backlog("tts")
    assert backlog.oldest_given_out_s > backlog.oldest_waiting_s
    assert backlog.oldest_given_out_s >= 0.01
    newer, newest = await bus.claim("tts", "a", count=9, block_s=0)
    assert (await bus.backlog("tts")).oldest_waiting_s == 0
    await bus.finish(older, "a")
    await bus.finish(newer, "a")
    await bus.finish(newest, "a")
    assert (await bus.backlog("tts")).oldest_given_out_s == 0


async def test_backlog_counts_waiting_work_that_was_posted_after_pending_work(bus: Bus) -> None:
    await bus.prepare("tts")
    await post(bus, 2)
    await bus.claim("tts", "a", count=1, block_s=0)

    async def has_aged() -> bool:
        return (await bus.backlog("tts")).oldest_waiting_s > 0

    await eventually(has_aged)
    assert figures(await bus.backlog("tts")) == (1, 1, 0)
