"""The ticks at which a process does work that can wait: one wake-up then serves all conversations. No I/O."""

from __future__ import annotations

import asyncio

TICK_S = 0.02
"""The time between two ticks, in seconds. A reader or a listener does not notice it."""


def until_tick(now_s: float, every: int = 1) -> float:
    """The seconds from `now_s`, the time of an event loop, to the next tick, or to the next of those that are `every`
    ticks apart: more than 0, at most `every * TICK_S`.

    All callers of one event loop get the same ticks.
    """
    return until_multiple(now_s, every * TICK_S)


def until_multiple(now_s: float, interval_s: float) -> float:
    """The seconds from `now_s` to the next multiple of `interval_s`: more than 0, at most `interval_s`. All
    are taken in whole milliseconds, as are uvloop's timers.

    Regular work of all processes of a machine meets at these times. At rest, a wake-up costs more than its work.
    """
    apart_ms = round(interval_s * 1000)
    return (apart_ms - round(now_s * 1000) % apart_ms) / 1000


async def sleep_until_multiple(interval_s: float) -> None:
    """Sleep until the event loop's time is the next multiple of `interval_s`: at most that long."""
    await asyncio.sleep(until_multiple(asyncio.get_running_loop().time(), interval_s))
