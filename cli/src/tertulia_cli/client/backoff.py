"""When a lost connection is tried again, and when it is given up. No I/O; times are monotonic seconds passed in."""

from __future__ import annotations

from typing import Final

FIRST_WAIT_S: Final = 0.1
LONGEST_WAIT_S: Final = 3.0
GIVE_UP_S: Final = 30.0
"""An outage longer than this is not waited out."""
SETTLED_S: Final = 5.0
"""A connection that lived so long ended the outage before it; a shorter one was part of it."""


class Outage:
    """Fed with each failure: a connection that could not be made, or one that ended."""

    def __init__(self) -> None:
        self._since: float | None = None
        self._wait_s = FIRST_WAIT_S

    def failed(self, now: float, lived_s: float = 0.0) -> float | None:
        """Seconds to wait before the next attempt; None: give up."""
        if lived_s >= SETTLED_S or self._since is None:
            self._since, self._wait_s = now, FIRST_WAIT_S
        if now - self._since > GIVE_UP_S:
            return None
        wait_s = self._wait_s
        self._wait_s = min(LONGEST_WAIT_S, wait_s * 2)
        return wait_s
