"""What the listener counts and measures."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal

from tertulia_shared.metrics import Metrics, catalogue
from tertulia_shared.metrics.hop import Hop


class ListenerMetrics:
    """For one engine. `clock`: seconds from any beginning."""

    def __init__(self, metrics: Metrics, engine: str, clock: Callable[[], float] = time.perf_counter) -> None:
        self.hop = Hop(metrics, "mic")
        self.clock = clock
        self._transcript = metrics.of(catalogue.STT_TRANSCRIPT, engine)
        self._barge_ins = metrics.of(catalogue.STT_BARGE_INS)
        self._results = {
            result: metrics.of(catalogue.STT_UTTERANCES, result) for result in ("turn", "no_words", "ignored")
        }

    def transcribed(self, speech_ended: float | None) -> None:
        """A final transcript has come; `speech_ended`: when the end of the speech was noticed (None: it was not)."""
        if speech_ended is not None:
            self._transcript.observe(self.clock() - speech_ended)

    def came_to(self, result: Literal["turn", "no_words", "ignored"]) -> None:
        """What an utterance has become."""
        self._results[result].inc()

    def broke_in(self) -> None:
        """An utterance over a character was meant."""
        self._barge_ins.inc()
