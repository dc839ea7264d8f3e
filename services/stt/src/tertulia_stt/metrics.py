"""The stt stage's metrics."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal

from tertulia_shared.metrics import Metrics, catalogue
from tertulia_shared.metrics.hop import Hop


class ListenerMetrics:
    """The metrics of one engine. `clock` returns seconds since an arbitrary start."""

    def __init__(self, metrics: Metrics, engine: str, clock: Callable[[], float] = time.perf_counter) -> None:
        self.hop = Hop(metrics, "mic")
        self.clock = clock
        self._transcript = metrics.of(catalogue.STT_TRANSCRIPT, engine)
        self._barge_ins = metrics.of(catalogue.STT_BARGE_INS)
        self._results = {
            result: metrics.of(catalogue.STT_UTTERANCES, result) for result in ("turn", "no_words", "ignored")
        }

    def transcribed(self, speech_ended: float | None) -> None:
        """Record the latency of a final transcript. `speech_ended`: when the end of speech was detected; None if it was
        not.
        """
        if speech_ended is not None:
            self._transcript.observe(self.clock() - speech_ended)

    def finished(self, result: Literal["turn", "no_words", "ignored"]) -> None:
        """Count an utterance by its result."""
        self._results[result].inc()

    def barged_in(self) -> None:
        """Count a barge-in."""
        self._barge_ins.inc()
