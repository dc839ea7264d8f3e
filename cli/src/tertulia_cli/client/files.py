"""The files of commands that import and export by the gateway's REST API."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from tertulia_cli.exit_codes import FAILED, MISUSED, OK, Failure


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
    """Read a file. `what` it is, for the error if it is too long. Raises: Failure."""
    try:
        with path.open("rb") as file:
            data = file.read(most_bytes + 1)
    except OSError as error:
        raise Failure(f"cannot be read ({error.strerror}).", MISUSED) from error
    if len(data) > most_bytes:
        raise Failure(f"more than {most_bytes} bytes, which is the most for {what}.", MISUSED)
    return data


def write_file(path: Path, content: bytes, *, replace: bool) -> None:
    """Write a file. An existing one is replaced only if `replace` is true. Raises: Failure."""
    try:
        with path.open("wb" if replace else "xb") as file:
            file.write(content)
    except FileExistsError:
        raise Failure(f"{path} exists; --replace replaces it.", MISUSED) from None
    except OSError as error:
        raise Failure(f"{path} cannot be written ({error.strerror}).", FAILED) from error
