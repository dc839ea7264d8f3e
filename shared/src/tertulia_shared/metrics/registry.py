"""The metrics of one process. Only this module imports prometheus_client.

Each process makes one `Metrics` in `main` and passes it on; each test has its own. A family is exported from the first
request for one of its series, so a process exports only the families it uses.
"""

from __future__ import annotations

from itertools import product
from typing import Protocol, cast, overload

import prometheus_client as prometheus
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from tertulia_shared.codec import VERSION
from tertulia_shared.metrics import catalogue
from tertulia_shared.metrics.family import CounterFamily, Family, GaugeFamily, HistogramFamily
from tertulia_shared.metrics.health import Health
from tertulia_shared.tracing import OFF, Tracer
from tertulia_shared.version import __version__

# created metrics would be further series, and readers of the text format ignore them
prometheus.disable_created_metrics()

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
"""The content type of `Metrics.text`: Prometheus' text format."""


class Counter(Protocol):
    """A counter's series."""

    def inc(self, amount: float = 1) -> None:
        """Increase the value."""
        ...


class Gauge(Protocol):
    """A gauge's series."""

    def set(self, value: float) -> None:
        """Set the value."""
        ...

    def inc(self, amount: float = 1) -> None:
        """Increase the value."""
        ...

    def dec(self, amount: float = 1) -> None:
        """Decrease the value."""
        ...


class Histogram(Protocol):
    """A histogram's series (half a microsecond per measurement)."""

    def observe(self, amount: float) -> None:
        """Record one measurement, in the family's unit."""
        ...


Made = prometheus.Counter | prometheus.Gauge | prometheus.Histogram


class Metrics:
    """The metrics and the health of a process; with `service` "" there is no `tertulia_build_info`."""

    def __init__(self, service: str = "") -> None:
        self.health = Health()
        self.tracer: Tracer = OFF
        """Starts the spans of traces. `process.run` sets it; everything that gets these metrics can use it."""
        self._registry = prometheus.CollectorRegistry()
        self._made: dict[str, Made] = {}
        if service:
            prometheus.ProcessCollector(registry=self._registry)
            self.of(catalogue.BUILD_INFO, service, __version__, str(VERSION)).set(1)
            self._gauge(catalogue.HEALTHY).set_function(lambda: float(not self.health.problem()))

    @overload
    def of(self, family: CounterFamily, *labels: str) -> Counter: ...
    @overload
    def of(self, family: GaugeFamily, *labels: str) -> Gauge: ...
    @overload
    def of(self, family: HistogramFamily, *labels: str) -> Histogram: ...
    def of(self, family: Family, *labels: str) -> object:
        """Return the series with these label values. Callers should call this once and keep the result. If a label has
        a list of allowed values, any other value becomes `other`.

        Raises:
            ValueError: the number of values differs from the number of labels.
        """
        bounded = family.bounded(labels)
        made = self._family(family)
        return made.labels(*bounded) if bounded else made

    def from_zero(self, *families: CounterFamily | HistogramFamily) -> None:
        """Export every series of these families from 0: a series that first appears as 1 has no visible increase.

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
        """Stop exporting the family's series, because their values are no longer known."""
        made = self._made.pop(family.name, None)
        if made is not None:
            self._registry.unregister(made)

    def text(self) -> bytes:
        """All metrics in Prometheus' text format (`CONTENT_TYPE`). Takes milliseconds: not for the event loop."""
        return prometheus.generate_latest(self._registry)

    def _gauge(self, family: GaugeFamily) -> prometheus.Gauge:
        return cast("prometheus.Gauge", self._family(family))

    def _family(self, family: Family) -> Made:
        made = self._made.get(family.name)
        if made is None:
            made = self._made[family.name] = self._make(family)
        return made

    def _make(self, family: Family) -> Made:
        names = tuple(family.labels)
        match family:
            case CounterFamily():
                return prometheus.Counter(family.name, family.help, names, registry=self._registry)
            case HistogramFamily():
                return prometheus.Histogram(
                    family.name, family.help, names, registry=self._registry, buckets=family.buckets
                )
            case _:
                return prometheus.Gauge(family.name, family.help, names, registry=self._registry)
