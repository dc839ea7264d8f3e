"""One table of what happened: a row for each kind of fault."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from tests.chaos.rig.failures import KINDS, Failure
from tests.chaos.rig.user import Run


@dataclass
class Struck:
    """One fault that fell: when, until when, and which turns were in progress."""

    name: str
    at: float
    ended: float = 0.0
    hit: list[Run] = field(default_factory=list[Run])


def silences(struck: Sequence[Struck]) -> dict[str, tuple[list[float], list[float]]]:
    """For each kind of fault, the longest silence of each turn it hit: of anything, and of sound (s).

    A silence counts for the fault in force when it began: those that begin after the next fault belong to that one.
    """
    out: dict[str, tuple[list[float], list[float]]] = {}
    for number, fault in enumerate(struck):
        until = struck[number + 1].at if number + 1 < len(struck) else float("inf")
        anything, sound = out.setdefault(fault.name, ([], []))
        for run in fault.hit:
            arrivals = run.user.client.arrivals
            for only_sound, into in ((False, anything), (True, sound)):
                if (gap := _longest(arrivals, fault.at, run.ended, until, only_sound=only_sound)) is not None:
                    into.append(gap)
    return out


def _longest(
    arrivals: Sequence[tuple[float, bool]], at: float, ended: float, until: float, *, only_sound: bool
) -> float | None:
    first, last = bisect_left(arrivals, (at, False)), bisect_right(arrivals, (ended, True))
    times = [when for when, is_sound in arrivals[first:last] if is_sound or not only_sound]
    if not times:
        return None
    begins = [at, *times[:-1]]
    return max((end - begin for begin, end in zip(begins, times, strict=True) if begin < until), default=None)


def table(struck: Sequence[Struck], failures: Sequence[Failure]) -> list[str]:
    """The lines of the table, failures counted by turn for each fault that hit the turn."""
    quiet = silences(struck)
    head = f"{'fault':20}{'count':>6}{'turns hit':>11}" + "".join(f"{kind:>12}" for kind in KINDS)
    lines = [f"{head}{'silence p50/max s':>20}{'sound p50/max s':>18}"]
    for name in sorted({fault.name for fault in struck}):
        own = [fault for fault in struck if fault.name == name]
        counts = "".join(
            f"{len({f.turn or f.what for f in failures if f.kind == kind and name in f.faults}):12}" for kind in KINDS
        )
        anything, sound = quiet[name]
        hit = sum(len(fault.hit) for fault in own)
        lines.append(f"{name:20}{len(own):6}{hit:11}{counts}{_both(anything):>20}{_both(sound):>18}")
    return lines


def _both(values: Sequence[float]) -> str:
    return f"{median(values):.2f} / {max(values):.2f}" if values else "-"
