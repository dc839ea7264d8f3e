"""Copies and joins streams into a file."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Final

BLOCK: Final = 1 << 20


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
