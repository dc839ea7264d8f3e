"""What a family of metrics is: its name, what it tells, and every value that its labels can have. No I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

OTHER = "other"
"""What a label says of a value that its family does not list: so the number of series has a bound, whatever comes."""

NO_LABELS: Mapping[str, Sequence[str] | None] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Family:
    """One family. `labels`: the values of each; None where the process's own settings name the one it can have."""

    name: str
    help: str
    labels: Mapping[str, Sequence[str] | None] = field(default_factory=lambda: NO_LABELS)

    def bounded(self, values: Sequence[str]) -> tuple[str, ...]:
        """The labels' values, `OTHER` in the place of one that is not listed.

        Raises:
            ValueError: not as many as there are labels.
        """
        if len(values) != len(self.labels):
            raise ValueError(f"{self.name} has the labels {tuple(self.labels)}, not {len(values)} of them")
        return tuple(
            value if known is None or value in known else OTHER
            for value, known in zip(values, self.labels.values(), strict=True)
        )


@dataclass(frozen=True, slots=True)
class CounterFamily(Family):
    """Only ever rises; its name ends in `_total`."""


@dataclass(frozen=True, slots=True)
class GaugeFamily(Family):
    """Holds for now."""


@dataclass(frozen=True, slots=True)
class HistogramFamily(Family):
    """How values spread over `buckets` (their upper bounds, ascending)."""

    buckets: tuple[float, ...] = ()
