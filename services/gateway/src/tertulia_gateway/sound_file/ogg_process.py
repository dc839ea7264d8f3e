"""The process that encodes PCM (24 kHz, 16 bit, mono) as Ogg with Opus, for `ogg`.

It reads blocks from standard input, each a length (4 bytes, little-endian) and so many bytes of PCM, and answers each
with a block of encoded bytes, which may be empty: the encoder collects a second of sound. A block of length 0 ends the
file; its answer is the rest of the file.
"""

from __future__ import annotations

import sys
from typing import BinaryIO

from tertulia_shared.entries import SAMPLE_RATE_OUT

LENGTH_BYTES = 4


class _Pages:
    """Collects what the encoder writes. Ogg is written from the beginning to the end: no place is written twice."""

    def __init__(self) -> None:
        self._pages = bytearray()
        self._written = 0

    def write(self, page: memoryview | bytes, /) -> int:
        self._pages += page
        self._written += len(page)
        return len(page)

    def seek(self, offset: int, whence: int = 0, /) -> int:  # noqa: ARG002 - libsndfile asks for the end, then returns
        return self._written

    def tell(self) -> int:
        return self._written

    def take(self) -> bytes:
        pages = bytes(self._pages)
        self._pages.clear()
        return pages


def encode(source: BinaryIO, target: BinaryIO) -> None:
    """Answer blocks until the file ends, or the source does."""
    import soundfile  # noqa: PLC0415 - the gateway's own process imports this module, too

    pages = _Pages()
    with soundfile.SoundFile(pages, "w", SAMPLE_RATE_OUT, channels=1, subtype="OPUS", format="OGG") as file:
        while pcm := _block(source):
            file.buffer_write(pcm, dtype="int16")
            _answer(target, pages.take())
    _answer(target, pages.take())


def _block(source: BinaryIO) -> bytes:
    length = int.from_bytes(source.read(LENGTH_BYTES), "little")
    pcm = source.read(length)
    if len(pcm) < length:
        raise SystemExit(1)
    return pcm


def _answer(target: BinaryIO, encoded: bytes) -> None:
    target.write(len(encoded).to_bytes(LENGTH_BYTES, "little") + encoded)
    target.flush()


if __name__ == "__main__":
    encode(sys.stdin.buffer, sys.stdout.buffer)
