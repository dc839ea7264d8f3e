"""The latency of entries from their writer to their reader."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from tertulia_shared.clock import wall_ms
from tertulia_shared.codec import Fields, number
from tertulia_shared.metrics import catalogue
from tertulia_shared.metrics.registry import Metrics

HopName = Literal["mic", "turns", "sentences", "audio", "events", "work_stt", "work_llm", "work_tts"]


class Hop:
    """Measures the latency of one hop. Ignores entries without a readable `ts`; counts a negative latency as 0."""

    def __init__(self, metrics: Metrics, name: HopName, now_ms: Callable[[], int] = wall_ms) -> None:
        self._seconds = metrics.of(catalogue.HOP, name)
        self._now_ms = now_ms

    def taken(self, fields: Fields, *, since_ms: int = 0) -> None:
        """Record the latency of an entry. `since_ms`: when the reader started waiting; earlier time is not counted."""
        at_ms = number(fields, b"ts")
        if at_ms:
            self.taken_since(max(at_ms, since_ms))

    def taken_since(self, at_ms: int) -> None:
        """Record the latency of an entry that was written at `at_ms` (milliseconds since 1970)."""
        self._seconds.observe(max(0, self._now_ms() - at_ms) / 1000)
