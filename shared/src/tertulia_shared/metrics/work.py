"""What a worker counts of its work."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, get_args

from tertulia_shared.bus import BusError, Claim
from tertulia_shared.clock import wall_ms
from tertulia_shared.entry_ids import order
from tertulia_shared.exception_groups import first_error
from tertulia_shared.keys import Stage
from tertulia_shared.metrics import catalogue
from tertulia_shared.metrics.hop import Hop, HopName
from tertulia_shared.metrics.registry import Metrics
from tertulia_shared.work import RetryLater

EndingName = Literal["finished", "lost", "failed", "passed_on", "handed_back", "dead"]

_HOPS: dict[Stage, HopName] = {"stt": "work_stt", "llm": "work_llm", "tts": "work_tts"}


class WorkMetrics:
    """One worker's; `slots`: how many pieces of work it takes at once. `now_ms`: milliseconds since 1970."""

    def __init__(self, metrics: Metrics, stage: Stage, *, slots: int, now_ms: Callable[[], int] = wall_ms) -> None:
        metrics.of(catalogue.SLOTS, stage).set(slots)
        self._jobs = metrics.of(catalogue.JOBS, stage)
        self._claims = metrics.of(catalogue.CLAIMS, stage)
        self._takeovers = metrics.of(catalogue.TAKEOVERS, stage)
        self._endings = {ending: metrics.of(catalogue.ENDINGS, stage, ending) for ending in get_args(EndingName)}
        self._failures = {
            kind: metrics.of(catalogue.FAILURES, stage, kind) for kind in ("engine", "redis", "unexpected")
        }
        self._dead_letters = metrics.of(catalogue.DEAD_LETTERS, stage)
        self._hop = Hop(metrics, _HOPS[stage], now_ms)

    def claimed(self, claims: Sequence[Claim]) -> None:
        """New work."""
        self._claims.inc(len(claims))
        for claim in claims:
            # not from its ts, which work that is passed on keeps from when it was posted first
            self._hop.taken_since(order(claim.id)[0])

    def taken_over(self, claims: Sequence[Claim]) -> None:
        """Work that another worker had before."""
        self._takeovers.inc(len(claims))

    def jobs(self, count: int) -> None:
        """So many pieces are under way."""
        self._jobs.set(count)

    def ended(self, ending: EndingName) -> None:
        """An attempt is over."""
        self._endings[ending].inc()

    def failed(self, error: BaseException) -> None:
        """An attempt is over, and there will be another."""
        self.ended("failed")
        match first_error(error):
            case RetryLater():
                self._failures["engine"].inc()
            case BusError():
                self._failures["redis"].inc()
            case _:
                self._failures["unexpected"].inc()

    def buried(self) -> None:
        """A piece was given up for good."""
        self.ended("dead")
        self._dead_letters.inc()
