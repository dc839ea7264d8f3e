"""What a process tells of itself: metrics for Prometheus, and whether it is at work."""

from tertulia_shared.metrics.health import Health
from tertulia_shared.metrics.registry import CONTENT_TYPE, Counts, Holds, Measures, Metrics

__all__ = ["CONTENT_TYPE", "Counts", "Health", "Holds", "Measures", "Metrics"]
