"""The ticks at which a process does work that can wait: one wake-up then serves all conversations. No I/O."""

from __future__ import annotations

TICK_S = 0.02
"""The time between two ticks, in seconds. A reader or a listener does not notice it."""
_TICK_MS = round(TICK_S * 1000)


def until_tick(now_s: float, every: int = 1) -> float:
    """The seconds from `now_s`, the time of an event loop, to the next tick, or to the next of those that are `every`
    ticks apart: more than 0, at most `every * TICK_S`.

    All callers of one event loop get the same ticks. They are whole milliseconds, as are uvloop's timers.
    """
    return _until_multiple(now_s, every * _TICK_MS)


def until_round(now_s: float, interval_s: float) -> float:
    """The seconds from `now_s` to the next multiple of `interval_s`: more than 0, at most `interval_s`.

    What is done regularly at such times is done together, by all processes of a machine: at rest, each wake-up costs
    more than what is done in it.
    """
    return _until_multiple(now_s, round(interval_s * 1000))


def _until_multiple(now_s: float, apart_ms: int) -> float:
    return (apart_ms - round(now_s * 1000) % apart_ms) / 1000
