"""Writes a file that arrives in pieces, so that it appears only when it is complete."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from tertulia_cli.client.files import STANDARD_STREAM

RIFF_SIZE_AT: Final = 4
DATA_SIZE_AT: Final = 40
WAV_HEADER_BYTES: Final = 44
MAX_SIZE: Final = 2**32 - 1
MEGABYTE: Final = 1_000_000


def write_whole(path: Path, pieces: Iterator[bytes], *, is_wav: bool = False) -> None:
    """Write the pieces into a file beside `path`, and rename it at the end. If that fails, nothing remains. Standard
    output gets them as they come.

    `is_wav`: the pieces are a WAV of unknown length from the gateway; the header of a file gets the sizes. On a
    terminal, the length so far is shown.

    Raises:
        OSError: the file cannot be written. Errors of `pieces` are raised, too.
    """
    if path == STANDARD_STREAM:
        for piece in pieces:
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
        return
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("wb") as file:
            for piece in pieces:
                before = file.tell()
                file.write(piece)
                _show(before, file.tell())
            if is_wav:
                _write_sizes(file)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _write_sizes(file: BinaryIO) -> None:
    size = file.tell()
    if WAV_HEADER_BYTES <= size <= MAX_SIZE:
        for at, length in ((RIFF_SIZE_AT, size - 8), (DATA_SIZE_AT, size - WAV_HEADER_BYTES)):
            file.seek(at)
            file.write(length.to_bytes(4, "little"))


def _show(before: int, now: int) -> None:
    if before // MEGABYTE < now // MEGABYTE and sys.stderr.isatty():
        print(f"\r{now // MEGABYTE} MB ", end="", file=sys.stderr, flush=True)
