"""The error of every source."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

MAX_LENGTH: Final = 300


class SourceFailed(Exception):
    """The source did not give a file; the message says why."""


def last_line(output: Iterable[str]) -> str:
    """The last line of a program's output that is not empty, shortened; not npm's remark about its log files."""
    lines = [line.strip() for line in output if line.strip() and "Log files were not written" not in line]
    return lines[-1][:MAX_LENGTH] if lines else "it gave no reason"
