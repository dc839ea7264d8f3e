"""The health of this process, readable from another thread while the event loop hangs."""

from __future__ import annotations

import time
from collections.abc import Callable

SILENT_S = 5.0
"""A process is unhealthy this many seconds after the last heartbeat that Redis took; it sends about one per second."""


class Health:
    """The time since the last heartbeat. `clock`: monotonic seconds, the same in every thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last: float | None = None
        self._waiting_for = "it has just been started"
        self._hindrance = ""

    def waits_for(self, what: str) -> None:
        """Set the reason that is reported before the first heartbeat."""
        self._waiting_for = what

    def beat(self) -> None:
        """Record a heartbeat that Redis has taken."""
        self._last = self._clock()

    def hindered(self, why: str) -> None:
        """Set a reason, other than missing heartbeats, why the process cannot work; "" if there is none any more."""
        self._hindrance = why

    def problem(self) -> str:
        """The reason why the process is unhealthy, in one line; "" if it is healthy."""
        last = self._last
        if last is None:
            return f"not ready: {self._waiting_for}"
        silent_s = self._clock() - last
        if silent_s <= SILENT_S:
            return self._hindrance
        why = "Redis is unavailable or refuses writes, or this process is stuck"
        return f"Redis has accepted no heartbeat for {silent_s:.0f} s: {why}"
