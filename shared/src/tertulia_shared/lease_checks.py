"""Decides when a worker checks for expired leases: not while none can have expired. No I/O, no clock.

A worker *looks* at intervals who holds work of its stage, and *checks* for expired leases when a check is due.
"""

from __future__ import annotations

from tertulia_shared.ticks import until_multiple

LOOKS_PER_LEASE = 3
"""How often, in the time of one lease, a worker at least looks."""
CHECKS_PER_LEASE = 12
CHECK_S = 0.25
"""Longest time between checks while work is pending, so that a peer takes over soon after a lease expires."""


class LeaseChecks:
    """The plan of one worker. Times are in seconds, of one clock."""

    def __init__(self, lease_s: float) -> None:
        self.look_interval_s = lease_s / LOOKS_PER_LEASE
        self._lease_s = lease_s
        self._is_pending = False
        """True if somebody held work at the last look."""
        self._due_at = float("-inf")
        self._not_before = float("-inf")
        """No check is due earlier: no lease can have expired, or its live holder must be able to renew it first."""
        self._look_began_at: float | None = None
        """When the look began that Redis has not answered yet."""

    @property
    def interval_s(self) -> float:
        """The time between two checks."""
        return min(CHECK_S, self._lease_s / CHECKS_PER_LEASE) if self._is_pending else self.look_interval_s

    def until_due(self, now: float) -> float:
        """The time until the next check is due."""
        return max(0.0, self._due_at - now)

    def begin_check(self, now: float) -> bool:
        """True if a check is due; then the next one is planned."""
        if now < self._due_at:
            return False
        if self._look_began_at is not None and now - self._look_began_at > self.look_interval_s:
            self.stalled(now)
            return False
        self._due_at = now + until_multiple(now, self.interval_s)
        return True

    def begin_look(self, now: float) -> None:
        """A look begins."""
        self._look_began_at = now

    def end_look(self, now: float, *, is_pending: bool | None) -> None:
        """Redis has answered the look, or it failed. `is_pending`: whether somebody holds work; None: unknown."""
        began_at, self._look_began_at = self._look_began_at, None
        if began_at is None:
            return
        if now - began_at > self.look_interval_s:
            self.stalled(now)
        if is_pending is None:
            return
        self._is_pending = is_pending
        if is_pending:
            self._due_at = max(self._not_before, min(self._due_at, now + self.interval_s))
        else:  # work that is claimed after the look began keeps its lease for longer
            self._not_before = max(self._not_before, began_at + self._lease_s)
            self._due_at = max(self._not_before, self._due_at)

    def stalled(self, now: float) -> None:
        """Redis was unavailable until now: live holders must be able to renew their leases before a check."""
        self._due_at = self._not_before = max(self._not_before, now + self.look_interval_s)
