from __future__ import annotations

import asyncio

import pytest

from tertulia_tts.deadline_queue import DeadlineQueue


async def test_device_is_given_to_the_earliest_deadline_and_for_equal_deadlines_in_order_of_arrival() -> None:
    waiting = DeadlineQueue()
    await waiting.enter(0, 60)
    served: list[str] = []

    async def wait(name: str, deadline: float) -> None:
        await waiting.enter(deadline, 60)
        served.append(name)
        waiting.leave()

    async with asyncio.TaskGroup() as tasks:
        for name, deadline in (("late", 9.0), ("first", 5.0), ("second", 5.0), ("urgent", 1.0)):
            tasks.create_task(wait(name, deadline))
            await asyncio.sleep(0)
        waiting.leave()
    assert served == ["urgent", "first", "second", "late"]


async def test_waiter_that_timed_out_does_not_get_the_device() -> None:
    waiting = DeadlineQueue()
    await waiting.enter(0, 60)
    with pytest.raises(TimeoutError):
        await waiting.enter(0, 0.01)
    waiting.leave()
    await waiting.enter(0, 0.01)


async def test_waiter_that_is_cancelled_when_it_gets_the_device_passes_it_to_the_next_waiter() -> None:
    waiting = DeadlineQueue()
    await waiting.enter(0, 60)
    first = asyncio.create_task(waiting.enter(1, 60))
    second = asyncio.create_task(waiting.enter(2, 60))
    await asyncio.sleep(0)
    waiting.leave()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    await second
