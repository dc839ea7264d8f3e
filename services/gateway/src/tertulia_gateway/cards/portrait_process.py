"""The process that makes a portrait: a PNG on standard input, a small PNG on standard output.

It exits with 1 and a `Reason` on standard error if the picture cannot be read. It needs the standard library only, and
limits its own memory and time, because the picture is of untrusted origin.
"""

from __future__ import annotations

import sys

from tertulia_gateway.cards.png_pixels import BadPicture, encoded, square
from tertulia_shared.cards.png_file import MAX_PNG_BYTES

SIDES = (256, 192, 128)
"""Pixels; the first whose PNG is not above `MAX_BYTES` is taken."""
MAX_BYTES = 196_000
"""In base64 these are fewer characters than a character's picture may have."""
MAX_MEMORY_BYTES = 512 * 1024 * 1024
MAX_CPU_S = 30


def portrait(png: bytes) -> bytes:
    """A square PNG of at most `MAX_BYTES`.

    Raises:
        BadPicture: the picture cannot be read.
    """
    made = b""
    for side in SIDES:
        made = encoded(square(png, side), side)
        if len(made) <= MAX_BYTES:
            break
    return made


def _limit() -> None:
    try:
        import resource  # noqa: PLC0415 - not on every system
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (MAX_CPU_S, MAX_CPU_S))


def main() -> None:
    """Read a picture, write its portrait."""
    _limit()
    try:
        sys.stdout.buffer.write(portrait(sys.stdin.buffer.read(MAX_PNG_BYTES + 1)))
    except BadPicture as error:
        sys.stderr.write(error.reason)
        raise SystemExit(1) from None
    except MemoryError:
        sys.stderr.write("picture_too_large")
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
