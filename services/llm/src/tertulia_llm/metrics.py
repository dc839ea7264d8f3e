"""How fast turns are answered, and what went wrong with the model: measured for the stage's metrics."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Literal

from tertulia_shared.metrics import Metrics, catalogue
from tertulia_shared.metrics.hop import Hop

Result = Literal["complete", "interrupted", "failed"]


class Paces:
    """Measures for one model server (`engine`). `clock`: seconds from any beginning."""

    def __init__(self, metrics: Metrics, engine: str, clock: Callable[[], float] = time.perf_counter) -> None:
        self.hop = Hop(metrics, "turns")
        self.clock = clock
        self.first_token = metrics.of(catalogue.LLM_FIRST_TOKEN, engine)
        self.first_sentence = metrics.of(catalogue.LLM_FIRST_SENTENCE, engine)
        self.turn = metrics.of(catalogue.LLM_TURN, engine)
        results: tuple[Result, ...] = ("complete", "interrupted", "failed")
        self.results = {result: metrics.of(catalogue.LLM_TURNS, result) for result in results}
        self._tokens = {
            "prompt_tokens": metrics.of(catalogue.LLM_TOKENS, "prompt"),
            "completion_tokens": metrics.of(catalogue.LLM_TOKENS, "completion"),
        }
        self._dead_letters = metrics.of(catalogue.DEAD_LETTERS, "llm")
        metrics.from_zero(catalogue.LLM_FAILURES)
        self._metrics = metrics

    def begin(self) -> Pace:
        """A turn was taken."""
        return Pace(self)

    def request_failed(self, code: str) -> None:
        """The model server did not give (the rest of) a reply; `code` as the client is told."""
        self._metrics.of(catalogue.LLM_FAILURES, code).inc()

    def used(self, usage: Mapping[str, int | float]) -> None:
        """What a request took, as the model server counts it."""
        for name, tokens in self._tokens.items():
            tokens.inc(max(0, usage.get(name, 0)))

    def buried(self) -> None:
        """A turn that cannot be read was given up."""
        self._dead_letters.inc()


class Pace:
    """One turn; what is told twice counts once."""

    def __init__(self, paces: Paces) -> None:
        self._paces = paces
        self._begun = paces.clock()
        self._waits_for_token = True
        self._waits_for_sentence = True
        self._result: Result = "complete"

    def token(self) -> None:
        """Text has come from the model."""
        if self._waits_for_token:
            self._waits_for_token = False
            self._paces.first_token.observe(self._so_far())

    def sentence(self) -> None:
        """There is a sentence that can be spoken."""
        if self._waits_for_sentence:
            self._waits_for_sentence = False
            self._paces.first_sentence.observe(self._so_far())

    def turned(self, result: Result) -> None:
        """It will not be answered to its end."""
        self._result = result

    def over(self) -> None:
        """All that there will be of it is written."""
        self._paces.results[self._result].inc()
        if self._result == "complete":
            self._paces.turn.observe(self._so_far())

    def _so_far(self) -> float:
        return self._paces.clock() - self._begun
