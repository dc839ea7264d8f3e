"""The stt stage's metrics."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal

from tertulia_shared.metrics import Metrics, catalogue
from tertulia_shared.metrics.hop import Hop
from tertulia_stt.engine import SAMPLE_RATE
from tertulia_stt.turn import Phase, Turn
from tertulia_stt.turn_taking import Act, Step


class ListenerMetrics:
    """The metrics of one engine. `clock` returns seconds since an arbitrary start."""

    def __init__(self, metrics: Metrics, engine: str, clock: Callable[[], float] = time.perf_counter) -> None:
        self.hop = Hop(metrics, "mic")
        self.clock = clock
        self._metrics = metrics
        self._transcript = metrics.of(catalogue.STT_TRANSCRIPT, engine)
        self._barge_ins = metrics.of(catalogue.STT_BARGE_INS)
        self._guesses = {result: metrics.of(catalogue.STT_GUESSES, result) for result in ("kept", "withdrawn")}
        self._reopened = metrics.of(catalogue.STT_REOPENED)
        self._results = {
            result: metrics.of(catalogue.STT_UTTERANCES, result) for result in ("turn", "stop", "no_words", "ignored")
        }

    def transcribed(self, speech_ended: float | None) -> None:
        """Record the latency of a final transcript. `speech_ended`: when the end of speech was detected; None if it was
        not.
        """
        if speech_ended is not None:
            self._transcript.observe(self.clock() - speech_ended)

    def finished(self, result: Literal["turn", "stop", "no_words", "ignored"]) -> None:
        """Count a finished turn, or sound that became no part of a turn. `result` is the label of the metric."""
        self._results[result].inc()

    def turn_step(self, step: Step, *, is_applied: bool) -> None:
        """Count a step that was carried out, or refused by Redis."""
        was_guessed = step.turn.phase is Phase.TENTATIVE
        if was_guessed:
            self._guesses["kept" if step.act is Act.CONFIRM and is_applied else "withdrawn"].inc()
        if is_applied and step.act is Act.REOPEN and not was_guessed:
            self._reopened.inc()
        if is_applied and step.act in (Act.ACCEPT, Act.CONFIRM) and not step.turn.was_ended:
            self.finished("turn")

    def accepted(self, turn_id: str, turn: Turn) -> None:
        """Trace the time from the end of a turn's speech to its acceptance, in the time of the sound."""
        silent_s = max(0, turn.ended_at - turn.end_sample) / SAMPLE_RATE
        start_ns = time.time_ns() - int(silent_s * 1e9)
        span = self._metrics.tracer.start("end of speech", turn_id, start_ns=start_ns)
        span.end(silence_s=silent_s)

    def barged_in(self) -> None:
        """Count a barge-in."""
        self._barge_ins.inc()
