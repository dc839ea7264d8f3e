"""The health of this process, readable from another thread while the event loop is stuck."""

from __future__ import annotations

import time
from collections.abc import Callable

SILENT_S = 5.0
"""A process is unhealthy so many seconds after its last heartbeat that Redis took; one comes about every second."""


class Health:
    """The time since the last heartbeat. `clock`: monotonic seconds, the same in every thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last: float | None = None
        self._waiting_for = "it has just been started"

    def waits_for(self, what: str) -> None:
        """The reason before the first heartbeat."""
        self._waiting_for = what

    def beat(self) -> None:
        """Record a heartbeat that Redis has taken."""
        self._last = self._clock()

    def problem(self) -> str:
        """Why the process is unhealthy, in one line; "" if it is healthy."""
        last = self._last
        if last is None:
            return f"not ready: {self._waiting_for}"
        silent_s = self._clock() - last
        if silent_s <= SILENT_S:
            return ""
        why = "Redis is away or refuses writes, or this process is stuck"
        return f"Redis has taken no sign of life for {silent_s:.0f} s: {why}"
