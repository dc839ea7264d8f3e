"""The table about a run: one row for each kind of fault."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from tests.chaos.rig.failures import KINDS, Failure
from tests.chaos.rig.simulated_user import Run

HEAD = ("fault", "count", "turns hit", "lost", "doubled", "out of order", "wrong", "recovery p50 / max, s")


@dataclass
class InjectedFault:
    """One injected fault: its start, its end, and the turns that were in progress."""

    name: str
    at: float
    ended: float = 0.0
    hit: list[Run] = field(default_factory=list[Run])


def silences(injected: Sequence[InjectedFault]) -> dict[str, list[float]]:
    """For each kind of fault: the longest silence (in seconds) of each turn that was in progress.

    A silence counts for the faults that were active when it began.
    """
    out: dict[str, list[float]] = {}
    for number, fault in enumerate(injected):
        until = injected[number + 1].at if number + 1 < len(injected) else float("inf")
        for run in fault.hit:
            gap = _longest(run.user.client.arrivals, fault.at, run.ended or float("inf"), until)
            if gap is not None:
                out.setdefault(fault.name, []).append(gap)
    return out


def _longest(arrivals: Sequence[float], at: float, ended: float, until: float) -> float | None:
    times = arrivals[bisect_left(arrivals, at) : bisect_right(arrivals, ended)]
    begins = [at, *times[:-1]]
    return max((end - begin for begin, end in zip(begins, times, strict=False) if begin < until), default=None)


@dataclass(frozen=True)
class Row:
    """The row of one kind of fault. `recovery`: the longest silence (in seconds) of each turn that was in progress."""

    name: str
    count: int
    hit: int
    wrong: tuple[int, ...]
    recovery: tuple[float, ...]

    def cells(self) -> tuple[str, ...]:
        """The cells of the row."""
        times = self.recovery
        quiet = f"{median(times):.2f} / {max(times):.2f}" if times else "-"
        return (self.name, str(self.count), str(self.hit), *map(str, self.wrong), quiet)


def rows(injected: Sequence[InjectedFault], failures: Sequence[Failure]) -> list[Row]:
    """One row for each kind of fault, and a row for all. A failure counts for each fault that was active in its
    turn.
    """
    quiet = silences(injected)
    out: list[Row] = []
    for name in sorted({fault.name for fault in injected}):
        own = [fault for fault in injected if fault.name == name]
        counts = tuple(
            len({f.turn or f.what for f in failures if f.kind == kind and name in f.faults}) for kind in KINDS
        )
        times = tuple(quiet.get(name, ()))
        out.append(Row(name, len(own), sum(len(fault.hit) for fault in own), counts, times))
    counts = tuple(len({f.turn or f.what for f in failures if f.kind == kind}) for kind in KINDS)
    times = tuple(time for row in out for time in row.recovery)
    out.append(Row("all", len(injected), sum(row.hit for row in out), counts, times))
    return out


def table(injected: Sequence[InjectedFault], failures: Sequence[Failure]) -> list[str]:
    """The rows as a Markdown table with aligned columns."""
    cells = [HEAD, *(row.cells() for row in rows(injected, failures))]
    widths = [max(len(row[column]) for row in cells) for column in range(len(HEAD))]
    lines = [f"| {' | '.join(map(_aligned, row, widths, range(len(row))))} |" for row in cells]
    rule = "|".join(
        "-" * (width + 2) if column == 0 else "-" * (width + 1) + ":" for column, width in enumerate(widths)
    )
    return [lines[0], f"|{rule}|", *lines[1:]]


def _aligned(cell: str, width: int, column: int) -> str:
    return cell.rjust(width) if column else cell.ljust(width)
