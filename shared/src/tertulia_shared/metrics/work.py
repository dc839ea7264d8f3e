"""Metrics of a worker's work."""

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
    """One worker's metrics. `slots`: the most pieces of work it runs at once. `now_ms`: milliseconds since 1970."""

    def __init__(self, metrics: Metrics, stage: Stage, *, slots: int, now_ms: Callable[[], int] = wall_ms) -> None:
        metrics.of(catalogue.SLOTS, stage).set(slots)
        self._jobs = metrics.of(catalogue.JOBS, stage)
        self._claims = metrics.of(catalogue.CLAIMS, stage)
        self._takeovers = metrics.of(catalogue.TAKEOVERS, stage)
        self._endings = {ending: metrics.of(catalogue.ENDINGS, stage, ending) for ending in get_args(EndingName)}
        self._failures = {
            kind: metrics.of(catalogue.FAILURES, stage, kind) for kind in ("engine", "redis", "unexpected")
        }
        self._renewals_late = metrics.of(catalogue.RENEWALS_LATE, stage)
        self._dead_letters = metrics.of(catalogue.DEAD_LETTERS, stage)
        self._hop = Hop(metrics, _HOPS[stage], now_ms)

    def claimed(self, claims: Sequence[Claim]) -> None:
        """Record newly claimed work."""
        self._claims.inc(len(claims))
        for claim in claims:
            # not the entry's `ts`: a requeued entry keeps the `ts` of its first post
            self._hop.taken_since(order(claim.id)[0])

    def taken_over(self, claims: Sequence[Claim]) -> None:
        """Record work taken over from another worker."""
        self._takeovers.inc(len(claims))

    def renewal_late(self) -> None:
        """Record that the leases were renewed late. May be called from any thread."""
        self._renewals_late.inc()

    def jobs(self, count: int) -> None:
        """Record the number of pieces of work in progress."""
        self._jobs.set(count)

    def ended(self, ending: EndingName) -> None:
        """Record the end of an attempt."""
        self._endings[ending].inc()

    def failed(self, error: BaseException) -> None:
        """Record a failed attempt that will be repeated."""
        self.ended("failed")
        match first_error(error):
            case RetryLater():
                self._failures["engine"].inc()
            case BusError():
                self._failures["redis"].inc()
            case _:
                self._failures["unexpected"].inc()

    def given_up(self) -> None:
        """Record a piece of work that was given up."""
        self.ended("dead")
        self._dead_letters.inc()
