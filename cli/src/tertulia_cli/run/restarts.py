"""Whether a service that ended is started again, and when. No I/O and no clock of its own."""

from __future__ import annotations

import signal
from dataclasses import dataclass

REFUSALS = (1, 2)
"""Exit codes by which a service says that it cannot start (1) or that its settings are wrong (2)."""


@dataclass(frozen=True, slots=True)
class Restart:
    """Start it again after so many seconds."""

    after_s: float
    why: str


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Starting it again would not help."""

    why: str
    refused: bool = False
    """It said itself why: its own sentence tells more than `why`."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How often and how fast a service may die."""

    quick_s: float = 10.0
    """A life shorter than this is a quick death."""
    quick_deaths: int = 5
    """So many in a row, and it is given up."""
    first_s: float = 0.1
    longest_s: float = 5.0
    """A first death is followed by a new start at once: somebody may be waiting for an answer. From the second quick
    one on the wait doubles from one to the next, between these."""


class Restarts:
    """Judges the deaths of one service."""

    def __init__(self, patience: Patience | None = None) -> None:
        self._patience = patience or Patience()
        self._quick = 0
        self._was_ready = False

    def ready(self) -> None:
        """It has come up: its settings and its parts are in order."""
        self._was_ready = True

    def ended(self, code: int, lived_s: float) -> Restart | GiveUp:
        """It ended unasked, with this exit code (negative: by that signal), after so many seconds."""
        why = how(code)
        if code in REFUSALS and not self._was_ready:
            return GiveUp(why, refused=True)
        patience = self._patience
        self._quick = self._quick + 1 if lived_s < patience.quick_s else 0
        if self._quick >= patience.quick_deaths:
            return GiveUp(f"{why}, {self._quick} times in a row within {patience.quick_s:g} s of its start")
        if self._quick <= 1:
            return Restart(0.0, why)
        return Restart(min(patience.longest_s, patience.first_s * 2 ** (self._quick - 2)), why)


def how(code: int) -> str:
    """An exit code in words."""
    if code >= 0:
        return f"exited with code {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"
