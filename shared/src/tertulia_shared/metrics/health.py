"""Is this process at work? Asked from another thread, so that it is answered also while the event loop is stuck."""

from __future__ import annotations

import time
from collections.abc import Callable

SILENT_S = 5.0
"""So long after the last sign of life that Redis took, a process counts as ill; they come once a second or so."""


class Health:
    """Signs of life, and how long ago the last one was. `clock`: monotonic seconds, the same in every thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last: float | None = None
        self._waiting_for = "it has just been started"

    def waits_for(self, what: str) -> None:
        """Why there has been no sign of life yet."""
        self._waiting_for = what

    def beat(self) -> None:
        """It works, and Redis has taken its sign of life."""
        self._last = self._clock()

    def problem(self) -> str:
        """Why it is not at work, in one line; "" if it is."""
        last = self._last
        if last is None:
            return f"not ready: {self._waiting_for}"
        silent_s = self._clock() - last
        if silent_s <= SILENT_S:
            return ""
        why = "Redis is away or refuses writes, or this process is stuck"
        return f"Redis has taken no sign of life for {silent_s:.0f} s: {why}"
