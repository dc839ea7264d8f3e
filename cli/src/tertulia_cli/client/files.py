"""The files of commands that import and export by the gateway's REST API."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from tertulia_cli.exit_codes import FAILED, MISUSED, OK, Failure

STANDARD_STREAM: Final = Path("-")
"""The path that stands for standard input or standard output, as with tar."""


def import_each(files: Sequence[Path], imported: Callable[[Path], str]) -> int:
    """Import the files one by one. `imported` imports a file and returns what to print about it.

    Files that fail are reported; the others are imported.

    Raises:
        Failure: the gateway cannot be reached.
    """
    failed = False
    for path in files:
        try:
            report = imported(path)
        except Failure as failure:
            if failure.code not in (FAILED, MISUSED):
                raise
            report, failed = str(failure), True
        print(f"{path}: {report}")
    return FAILED if failed else OK


def read_file(path: Path, most_bytes: int, what: str) -> bytes:
    """Read a file, or standard input. `what` it is, for the error if it is too long. Raises: Failure."""
    try:
        if path == STANDARD_STREAM:
            data = sys.stdin.buffer.read(most_bytes + 1)
        else:
            with path.open("rb") as file:
                data = file.read(most_bytes + 1)
    except OSError as error:
        raise Failure(f"cannot be read ({error.strerror}).", MISUSED) from error
    if len(data) > most_bytes:
        raise Failure(f"more than {most_bytes} bytes, which is the most for {what}.", MISUSED)
    return data


def write_file(path: Path, content: bytes, *, replace: bool) -> None:
    """Write a file, or to standard output. An existing file is replaced only if `replace` is true. Raises: Failure."""
    try:
        if path == STANDARD_STREAM:
            sys.stdout.buffer.write(content)
            sys.stdout.buffer.flush()
            return
        with path.open("wb" if replace else "xb") as file:
            file.write(content)
    except FileExistsError:
        raise Failure(f"{path} exists; --replace replaces it.", MISUSED) from None
    except OSError as error:
        raise Failure(f"{path} cannot be written ({error.strerror}).", FAILED) from error


def report_written(path: Path, text: str) -> None:
    """Print what was written; on standard error if standard output has the content."""
    print(text, file=sys.stderr if path == STANDARD_STREAM else sys.stdout)
