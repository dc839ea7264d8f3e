"""A failure that the checker reports."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Kind = Literal["lost", "doubled", "disordered", "wrong"]
KINDS: tuple[Kind, ...] = ("lost", "doubled", "disordered", "wrong")


@dataclass(frozen=True, slots=True)
class Failure:
    """One failure. `turn`: "" if it does not belong to a turn. `faults`: the faults that were active during the
    turn.
    """

    kind: Kind
    what: str
    conversation: str = ""
    turn: str = ""
    faults: tuple[str, ...] = field(default=())
    at_s: float = 0.0
    """Seconds since the run began."""

    def as_json(self) -> dict[str, Any]:
        """The failure as a dict for JSON."""
        return asdict(self)

    def __str__(self) -> str:
        place = f" (conversation {self.conversation}, turn {self.turn or 'none'})" if self.conversation else ""
        faults = f" after {', '.join(self.faults)}" if self.faults else ""
        return f"{self.at_s:7.1f} s  {self.kind}: {self.what}{place}{faults}"
