"""What came of one kind of input."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

MAX_SHOWN = 5


@dataclass
class Report:
    """Inputs of one kind, and those that did harm."""

    kind: str
    inputs: int = 0
    failures: list[str] = field(default_factory=list[str])

    def fail(self, what: str) -> None:
        """One of them did harm."""
        self.failures.append(what)

    def lines(self) -> list[str]:
        """The first failures in words."""
        return [f"{self.kind}: {failure}" for failure in self.failures[:MAX_SHOWN]]


def run(
    kind: str, count: int, seed: int, one: Callable[[Random], object], allowed: tuple[type[Exception], ...]
) -> Report:
    """Try `count` inputs in this process: only an error of `allowed` may come of one."""
    report = Report(kind)
    for number in range(count):
        report.inputs += 1
        try:
            one(Random(f"{seed}:{kind}:{number}"))
        except allowed:
            pass
        except Exception:  # noqa: BLE001 - finding these is what a fuzzer is for
            report.fail(f"input {number}: {traceback.format_exc(limit=-3)}")
    return report


def table(reports: list[Report], seed: int) -> str:
    """All of it, for people."""
    rows = [f"seed {seed}", f"{'kind':<24}{'inputs':>10}{'failures':>10}"]
    rows += [f"{report.kind:<24}{report.inputs:>10}{len(report.failures):>10}" for report in reports]
    total = sum(report.inputs for report in reports), sum(len(report.failures) for report in reports)
    rows.append(f"{'all':<24}{total[0]:>10}{total[1]:>10}")
    return "\n".join([*rows, *(line for report in reports for line in report.lines())])
