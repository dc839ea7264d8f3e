"""Shows how far a download is: a bar on a terminal, otherwise a line for each fifth."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final, Protocol

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress

from tertulia_shared.weights import megabytes

STEPS: Final = 5


class Progress(Protocol):
    """Counts the bytes that were fetched."""

    def advance(self, count: int) -> None:
        """`count` more bytes are there; a negative number takes bytes back."""
        ...


class Lines:
    """Prints a line whenever another fifth is there."""

    def __init__(self, console: Console, label: str, total: int) -> None:
        self._console, self._label, self._total = console, label, total
        self._done = self._printed = 0

    def advance(self, count: int) -> None:
        """See `Progress`."""
        self._done += count
        step = min(STEPS, self._done * STEPS // max(1, self._total))
        if step > self._printed:
            self._printed = step
            self._console.print(f"  {self._label}: {100 * step // STEPS} % of {megabytes(self._total)}")


class _Bar:
    def __init__(self, progress: RichProgress, label: str, total: int) -> None:
        self._progress = progress
        self._task = progress.add_task(label, total=total)

    def advance(self, count: int) -> None:
        self._progress.advance(self._task, count)


@contextmanager
def shown(console: Console, label: str, total: int) -> Generator[Progress]:
    """Show the progress of `total` bytes until the end of the block."""
    if not console.is_terminal:
        yield Lines(console, label, total)
        return
    columns = (TextColumn("  {task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with RichProgress(*columns, console=console) as progress:
        yield _Bar(progress, label, total)
