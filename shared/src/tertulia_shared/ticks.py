"""The ticks at which a process does work that can wait: one wake-up then serves all conversations. No I/O."""

from __future__ import annotations

TICK_S = 0.02
"""The time between two ticks, in seconds. A reader or a listener does not notice it."""
_TICK_MS = round(TICK_S * 1000)


def until_tick(now_s: float) -> float:
    """The seconds from `now_s`, the time of an event loop, to the next tick: more than 0, at most `TICK_S`.

    All callers of one event loop get the same ticks. They are whole milliseconds, as are uvloop's timers.
    """
    return (_TICK_MS - round(now_s * 1000) % _TICK_MS) / 1000
