"""Formats times, durations and quoted text for one line. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

MAX_TEXT: Final = 60
MS_PER_S: Final = 1000


def ago(ms: int) -> str:
    """A rounded duration, for the age of something: `3 min`, `2 d`."""
    seconds = max(0, ms) / MS_PER_S
    for size, name in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {name}"
    return f"{seconds:.0f} s"


def duration(ms: float) -> str:
    """A measured duration: `412 ms`, `3.1 s`."""
    return f"{ms:.0f} ms" if ms < MS_PER_S else f"{ms / MS_PER_S:.1f} s"


def clock(ms: int) -> str:
    """Local date and time with ms, from ms since 1970."""
    return f"{_local(ms):%Y-%m-%d %H:%M:%S}.{ms % MS_PER_S:03d}"


def time_of_day(ms: int, *, with_ms: bool = False) -> str:
    """Local time of day, from ms since 1970."""
    return f"{_local(ms):%H:%M:%S}" + (f".{ms % MS_PER_S:03d}" if with_ms else "")


def short(text: str, at_most: int = MAX_TEXT) -> str:
    """Text on one line, truncated if it is too long."""
    line = printable(text)
    return line if len(line) <= at_most else f"{line[: at_most - 1]}…"


def printable(text: str) -> str:
    """Replace control characters, which could control the terminal, by spaces."""
    return "".join(each if each.isprintable() else " " for each in text)


def counted(number: int, what: str) -> str:
    """`1 sentence`, `2 sentences`."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def listed(names: list[str]) -> str:
    """`Luna`, `Luna and Rex`, `Luna, Rex and Sage`."""
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def _local(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / MS_PER_S, UTC).astimezone()
