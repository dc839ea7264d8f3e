"""Decides when to reconnect, and when to give up. Pure: the caller passes monotonic seconds."""

from __future__ import annotations

from typing import Final

FIRST_WAIT_S: Final = 0.1
LONGEST_WAIT_S: Final = 3.0
GIVE_UP_S: Final = 30.0
"""Give up after an outage of this length."""
SETTLED_S: Final = 5.0
"""A connection that lasted this long ends the outage; a shorter connection counts as a part of the outage."""


class Backoff:
    """Exponential backoff over the failures of one outage: failed attempts and lost connections."""

    def __init__(self) -> None:
        self._since: float | None = None
        self._wait_s = FIRST_WAIT_S

    def failed(self, now: float, lived_s: float = 0.0) -> float | None:
        """Seconds to wait before the next attempt, or None to give up."""
        if lived_s >= SETTLED_S or self._since is None:
            self._since, self._wait_s = now, FIRST_WAIT_S
        if now - self._since > GIVE_UP_S:
            return None
        wait_s = self._wait_s
        self._wait_s = min(LONGEST_WAIT_S, wait_s * 2)
        return wait_s
