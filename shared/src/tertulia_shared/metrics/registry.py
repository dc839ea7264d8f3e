"""What one process counts and measures. The only code that knows prometheus_client.

Each process makes one `Metrics` in `main` and passes it on; each test has its own. A family is there from the first
time that somebody asks for one of its series, so a process shows what it can tell, from zero on.
"""

from __future__ import annotations

from itertools import product
from typing import Protocol, cast, overload

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from tertulia_shared.codec import VERSION
from tertulia_shared.metrics import catalogue
from tertulia_shared.metrics.family import CounterFamily, Family, GaugeFamily, HistogramFamily
from tertulia_shared.metrics.health import Health
from tertulia_shared.version import __version__

disable_created_metrics()  # a further series for each one, of which the text format's readers make nothing

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
"""What `Metrics.text` is: Prometheus' text format."""


class Counts(Protocol):
    """A series that rises."""

    def inc(self, amount: float = 1) -> None:
        """Add to it."""
        ...


class Holds(Protocol):
    """A series that holds for now."""

    def set(self, value: float) -> None:
        """What holds from here on."""
        ...

    def inc(self, amount: float = 1) -> None:
        """Add to it."""
        ...

    def dec(self, amount: float = 1) -> None:
        """Take from it."""
        ...


class Measures(Protocol):
    """A series of measurements (half a microsecond each)."""

    def observe(self, amount: float) -> None:
        """One measurement, in the family's unit."""
        ...


Made = Counter | Gauge | Histogram


class Metrics:
    """The metrics and the health of a process; `service` "" leaves `tertulia_build_info` out."""

    def __init__(self, service: str = "") -> None:
        self.health = Health()
        self._registry = CollectorRegistry()
        self._made: dict[str, Made] = {}
        if service:
            ProcessCollector(registry=self._registry)
            self.of(catalogue.BUILD_INFO, service, __version__, str(VERSION)).set(1)
            self._gauge(catalogue.HEALTHY).set_function(lambda: float(not self.health.problem()))

    @overload
    def of(self, family: CounterFamily, *labels: str) -> Counts: ...
    @overload
    def of(self, family: GaugeFamily, *labels: str) -> Holds: ...
    @overload
    def of(self, family: HistogramFamily, *labels: str) -> Measures: ...
    def of(self, family: Family, *labels: str) -> object:
        """The series with these label values; get it once and keep it. A value that is not listed is `other`.

        Raises:
            ValueError: not as many values as the family has labels.
        """
        bounded = family.bounded(labels)
        made = self._family(family)
        return made.labels(*bounded) if bounded else made

    def from_zero(self, *families: CounterFamily | HistogramFamily) -> None:
        """Show every series of these families before anything has happened: what first appears as 1 seems not to rise.

        Raises:
            ValueError: a family has a label without a list of its values.
        """
        for family in families:
            listed = [values for values in family.labels.values() if values is not None]
            if len(listed) != len(family.labels):
                raise ValueError(f"{family.name} has a label whose values are not listed")
            for labels in product(*listed):
                self.of(family, *labels)

    def forget(self, family: GaugeFamily) -> None:
        """Show none of the family's series: what they held is no longer known."""
        made = self._made.pop(family.name, None)
        if made is not None:
            self._registry.unregister(made)

    def text(self) -> bytes:
        """All of it in Prometheus' text format (`CONTENT_TYPE`). Takes milliseconds: not for the event loop."""
        return generate_latest(self._registry)

    def _gauge(self, family: GaugeFamily) -> Gauge:
        return cast("Gauge", self._family(family))

    def _family(self, family: Family) -> Made:
        made = self._made.get(family.name)
        if made is None:
            made = self._made[family.name] = self._make(family)
        return made

    def _make(self, family: Family) -> Made:
        names = tuple(family.labels)
        match family:
            case CounterFamily():
                return Counter(family.name, family.help, names, registry=self._registry)
            case HistogramFamily():
                return Histogram(family.name, family.help, names, registry=self._registry, buckets=family.buckets)
            case _:
                return Gauge(family.name, family.help, names, registry=self._registry)
