"""Counts inputs and failures by kind of input."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

MAX_SHOWN = 5
PROGRESS_S = 10.0


@dataclass
class Report:
    """The number of inputs of one kind, and the failures that they caused."""

    kind: str
    inputs: int = 0
    failures: list[str] = field(default_factory=list[str])
    seconds: float = 0.0

    def fail(self, what: str) -> None:
        """Record a failure."""
        self.failures.append(what)

    def lines(self) -> list[str]:
        """The first failures, each in one line."""
        return [f"{self.kind}: {failure}" for failure in self.failures[:MAX_SHOWN]]


@dataclass
class Run:
    """All kinds of input of one run. `say`: called with a line of progress, at most every 10 s."""

    seed: int
    say: Callable[[str], None] = lambda _: None
    reports: list[Report] = field(default_factory=list[Report])
    _said_at: float = field(default_factory=time.monotonic)

    @property
    def inputs(self) -> int:
        """The number of inputs of all kinds so far."""
        return sum(report.inputs for report in self.reports)

    def report(self, kind: str) -> Report:
        """Begin the report about another kind of input."""
        self.reports.append(Report(kind))
        return self.reports[-1]

    def tick(self) -> None:
        """Print the progress, unless it was printed less than `PROGRESS_S` ago."""
        now = time.monotonic()
        if now - self._said_at >= PROGRESS_S and self.reports:
            self._said_at = now
            failures = sum(len(report.failures) for report in self.reports)
            last = self.reports[-1]
            self.say(f"{self.inputs} inputs, {failures} failures; {last.kind}: {last.inputs}")

    def try_all(
        self, kind: str, count: int, one: Callable[[Random], object], allowed: tuple[type[Exception], ...] = (),
        *, within_s: float = float("inf"),
    ) -> None:  # fmt: skip
        """Test `count` inputs in this process, or as many as the time allows. Errors of other types than `allowed` are
        failures.
        """
        report, begun = self.report(kind), time.monotonic()
        for number in range(count):
            report.seconds = time.monotonic() - begun
            if report.seconds > within_s:
                break
            report.inputs += 1
            try:
                one(Random(f"{self.seed}:{kind}:{number}"))
            except allowed:
                pass
            except Exception:  # noqa: BLE001 - finding these is what a fuzzer is for
                report.fail(f"input {number}: {traceback.format_exc(limit=-3)}")
            self.tick()

    def table(self) -> str:
        """The results of the whole run as a table."""
        rows = [f"seed {self.seed}", f"{'kind':<24}{'inputs':>10}{'failures':>10}{'seconds':>10}"]
        total = Report("all")
        for report in self.reports:
            total.inputs += report.inputs
            total.failures += report.failures
            total.seconds += report.seconds
        rows += [
            f"{each.kind:<24}{each.inputs:>10}{len(each.failures):>10}{each.seconds:>10.1f}"
            for each in [*self.reports, total]
        ]
        return "\n".join([*rows, *(line for report in self.reports for line in report.lines())])
