"""Decides whether and when a service that ended is restarted. Pure: the caller passes the times."""

from __future__ import annotations

import signal
from dataclasses import dataclass

REFUSALS = (1, 2)
"""Exit codes of a service that cannot start (1) or has wrong settings (2)."""


@dataclass(frozen=True, slots=True)
class Restart:
    """Restart the service after `after_s` seconds."""

    after_s: float
    why: str


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Do not restart the service."""

    why: str
    refused: bool = False
    """True if the service refused to start and printed the reason, which is more precise than `why`."""


@dataclass(frozen=True, slots=True)
class RestartPolicy:
    """Bounds for restarts."""

    quick_s: float = 10.0
    """A death after a shorter run than this counts as quick."""
    quick_deaths: int = 5
    """After this many quick deaths in a row the service is given up."""
    first_s: float = 0.1
    longest_s: float = 5.0
    """The first restart is immediate, because a user may be waiting. From the second quick death on the delay doubles,
    between these bounds."""


class Restarts:
    """Counts the deaths of one service and decides about restarts."""

    def __init__(self, policy: RestartPolicy | None = None) -> None:
        self._policy = policy or RestartPolicy()
        self._quick = 0
        self._was_ready = False

    def ready(self) -> None:
        """Record that the service was ready, so its settings are valid."""
        self._was_ready = True

    def ended(self, code: int, lived_s: float) -> Restart | GiveUp:
        """Decide after an unexpected end with this exit code (negative: the signal) and run time."""
        why = describe_exit(code)
        if code in REFUSALS and not self._was_ready:
            return GiveUp(why, refused=True)
        policy = self._policy
        self._quick = self._quick + 1 if lived_s < policy.quick_s else 0
        if self._quick >= policy.quick_deaths:
            return GiveUp(f"{why}, {self._quick} times in a row within {policy.quick_s:g} s of its start")
        if self._quick <= 1:
            return Restart(0.0, why)
        return Restart(min(policy.longest_s, policy.first_s * 2 ** (self._quick - 2)), why)


def describe_exit(code: int) -> str:
    """Describe an exit code in words."""
    if code >= 0:
        return f"exited with code {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"
