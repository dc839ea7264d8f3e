"""A family of metrics: name, meaning, and every value of its labels. No I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

OTHER = "other"
"""The label for a value that its family does not list: it bounds the number of series."""

NO_LABELS: Mapping[str, Sequence[str] | None] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Family:
    """A metric family. `labels`: the allowed values of each; None: the process's settings give the only value."""

    name: str
    help: str
    labels: Mapping[str, Sequence[str] | None] = field(default_factory=lambda: NO_LABELS)

    def bounded(self, values: Sequence[str]) -> tuple[str, ...]:
        """The labels' values, with `OTHER` for one that is not listed.

        Raises:
            ValueError: the number of values differs from the number of labels.
        """
        if len(values) != len(self.labels):
            raise ValueError(f"{self.name} has the labels {tuple(self.labels)}, not {len(values)} of them")
        return tuple(
            value if known is None or value in known else OTHER
            for value, known in zip(values, self.labels.values(), strict=True)
        )


@dataclass(frozen=True, slots=True)
class CounterFamily(Family):
    """A value that only increases; its name ends in `_total`."""


@dataclass(frozen=True, slots=True)
class GaugeFamily(Family):
    """A value that increases and decreases."""


@dataclass(frozen=True, slots=True)
class HistogramFamily(Family):
    """The distribution of values over `buckets` (their upper bounds, ascending)."""

    buckets: tuple[float, ...] = ()
