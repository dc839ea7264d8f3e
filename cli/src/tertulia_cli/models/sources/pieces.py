"""Copies and joins streams into a file."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

BLOCK: Final = 1 << 20
_TEMPORARY: Final = "temporary-"


@contextmanager
def temporary_folder(work: Path) -> Generator[Path]:
    """A folder in `work` that exists until the end of the context."""
    work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=_TEMPORARY, dir=work) as folder:
        yield Path(folder)


def delete_temporary_folders(work: Path) -> None:
    """Delete the temporary folders of processes that were killed."""
    for folder in work.glob(f"{_TEMPORARY}*"):
        shutil.rmtree(folder, ignore_errors=True)


def join(streams: Iterable[IO[bytes]], target: Path) -> None:
    """Write the contents of the streams, one after another, into `target`."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as out:
        for stream in streams:
            shutil.copyfileobj(stream, out, BLOCK)


def sha256_of(path: Path) -> str:
    """The file's SHA-256, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
