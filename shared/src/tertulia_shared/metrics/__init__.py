"""Metrics for Prometheus, and the health of a process."""

from tertulia_shared.metrics.health import Health
from tertulia_shared.metrics.registry import CONTENT_TYPE, Counter, Gauge, Histogram, Metrics

__all__ = ["CONTENT_TYPE", "Counter", "Gauge", "Health", "Histogram", "Metrics"]
