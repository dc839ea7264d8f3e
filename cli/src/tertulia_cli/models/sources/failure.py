"""The errors of the sources."""

from __future__ import annotations

import errno
from collections.abc import Iterable
from typing import Final

MAX_LENGTH: Final = 300


class SourceFailed(Exception):
    """The source did not give a file; the message says why."""


def last_line(output: Iterable[str]) -> str:
    """The last line of a program's output that is not empty, shortened; not npm's remark about its log files."""
    lines = [line.strip() for line in output if line.strip() and "Log files were not written" not in line]
    return lines[-1][:MAX_LENGTH] if lines else "it gave no reason"


def is_disk_full(error: BaseException) -> bool:
    """True if there is no space left for a file. No other source can help then."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def raise_if_disk_full(output: str) -> None:
    """Raise the error of a full disk if a program's output names it.

    Raises:
        OSError: the program found no space left.
    """
    if "No space left on device" in output or "ENOSPC" in output or "Disk quota exceeded" in output:
        raise OSError(errno.ENOSPC, "No space left on device")
