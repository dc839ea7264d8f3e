"""How long an entry was under way from its writer to its reader."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from tertulia_shared.clock import wall_ms
from tertulia_shared.codec import Fields, number
from tertulia_shared.metrics import catalogue
from tertulia_shared.metrics.registry import Metrics

HopName = Literal["mic", "turns", "sentences", "audio", "events", "work_stt", "work_llm", "work_tts"]


class Hop:
    """Measures one hop. An entry without a readable `ts` is left out; clocks that disagree never give less than 0."""

    def __init__(self, metrics: Metrics, name: HopName, now_ms: Callable[[], int] = wall_ms) -> None:
        self._seconds = metrics.of(catalogue.HOP, name)
        self._now_ms = now_ms

    def taken(self, fields: Fields, *, since_ms: int = 0) -> None:
        """An entry was taken. `since_ms`: its reader asks for it only since then; before, it lay there."""
        at_ms = number(fields, b"ts")
        if at_ms:
            self.taken_since(max(at_ms, since_ms))

    def taken_since(self, at_ms: int) -> None:
        """Something was taken that lay there since `at_ms` (milliseconds since 1970)."""
        self._seconds.observe(max(0, self._now_ms() - at_ms) / 1000)
