"""The llm stage's metrics: latencies and results of turns, failures and tokens of the model server."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Literal

from tertulia_shared.metrics import Metrics, catalogue
from tertulia_shared.metrics.hop import Hop
from tertulia_shared.tracing import Tracer

SummaryResult = Literal["made", "cancelled", "outdated", "failed"]
Result = Literal["complete", "interrupted", "failed", "withdrawn"]


class LLMMetrics:
    """The metrics for one model server (`engine`). `clock` returns seconds since any fixed moment."""

    def __init__(self, metrics: Metrics, engine: str, clock: Callable[[], float] = time.perf_counter) -> None:
        self.hop = Hop(metrics, "turns")
        self.clock = clock
        self.turn = metrics.of(catalogue.LLM_TURN, engine)
        results: tuple[Result, ...] = ("complete", "interrupted", "failed", "withdrawn")
        self.results = {result: metrics.of(catalogue.LLM_TURNS, result) for result in results}
        self._tokens = {
            "prompt_tokens": metrics.of(catalogue.LLM_TOKENS, "prompt"),
            "completion_tokens": metrics.of(catalogue.LLM_TOKENS, "completion"),
        }
        self._summary_tokens = {
            "prompt_tokens": metrics.of(catalogue.LLM_SUMMARY_TOKENS, "prompt"),
            "completion_tokens": metrics.of(catalogue.LLM_SUMMARY_TOKENS, "completion"),
        }
        metrics.from_zero(catalogue.LLM_SUMMARIES)
        self._dead_letters = metrics.of(catalogue.DEAD_LETTERS, "llm")
        metrics.from_zero(catalogue.LLM_FAILURES)
        self._metrics = metrics
        self.use_engine(engine)

    def use_engine(self, engine: str) -> None:
        """Attribute what is measured from now on to this engine."""
        self.first_token = self._metrics.of(catalogue.LLM_FIRST_TOKEN, engine)
        self.first_sentence = self._metrics.of(catalogue.LLM_FIRST_SENTENCE, engine)

    @property
    def tracer(self) -> Tracer:
        """Starts the spans of traces."""
        return self._metrics.tracer

    def start_turn(self, turn_id: str) -> TurnTimer:
        """Start to measure a turn."""
        return TurnTimer(self, turn_id)

    def request_failed(self, code: str) -> None:
        """Count a request that failed. `code`: as in the client's `error` event."""
        self._metrics.of(catalogue.LLM_FAILURES, code).inc()

    def count_tokens(self, usage: Mapping[str, int | float]) -> None:
        """Count a request's tokens, as the model server reported them."""
        for name, tokens in self._tokens.items():
            tokens.inc(max(0, usage.get(name, 0)))

    def count_summary_tokens(self, usage: Mapping[str, int | float]) -> None:
        """Count the tokens of a request for a summary."""
        for name, tokens in self._summary_tokens.items():
            tokens.inc(max(0, usage.get(name, 0)))

    def summary(self, result: SummaryResult) -> None:
        """Count an attempt to extend a summary."""
        self._metrics.of(catalogue.LLM_SUMMARIES, result).inc()

    def dead_lettered(self) -> None:
        """Count a turn that cannot be read and becomes a dead letter."""
        self._dead_letters.inc()


class TurnTimer:
    """Measures one turn. Only the first call of `token` and the first call of `sentence` are recorded."""

    def __init__(self, metrics: LLMMetrics, turn_id: str) -> None:
        self._metrics = metrics
        self.span = metrics.tracer.start("answer", turn_id)
        self._started = metrics.clock()
        self._has_token = False
        self._has_sentence = False
        self._result: Result = "complete"

    def token(self) -> None:
        """Record that the model has sent text."""
        if not self._has_token:
            self._has_token = True
            self.span.event("first token")
            self._metrics.first_token.observe(self._elapsed())

    def sentence(self) -> None:
        """Record that a sentence was written for tts."""
        if not self._has_sentence:
            self._has_sentence = True
            self.span.event("first sentence")
            self._metrics.first_sentence.observe(self._elapsed())

    def set_result(self, result: Result) -> None:
        """Set how the turn ends. Without this call the result is "complete"."""
        self._result = result

    def finish(self) -> None:
        """Record the end of the turn: its result, and also its duration if the result is "complete"."""
        self._metrics.results[self._result].inc()
        self.span.end(failed=self._result == "failed", result=self._result)
        if self._result == "complete":
            self._metrics.turn.observe(self._elapsed())

    def _elapsed(self) -> float:
        return self._metrics.clock() - self._started
