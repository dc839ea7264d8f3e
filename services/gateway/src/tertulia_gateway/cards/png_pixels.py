"""Decodes a PNG of untrusted origin to a small square, and encodes that. Pure Python, without third-party decoders.

Formats: https://www.w3.org/TR/png-3/. All colour types and bit depths are read, but no interlaced pictures. Rows are
decompressed one after the other, so a picture needs memory for a few rows only.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final, Literal, TypeAlias

from tertulia_shared.cards.errors import BadCard
from tertulia_shared.cards.png_file import SIGNATURE, chunk, chunks

Reason: TypeAlias = Literal[
    "picture_damaged", "picture_too_large", "picture_interlaced", "picture_unknown", "picture_no_png"
]

MAX_SIDE: Final = 8_192
MAX_PIXELS: Final = 12_000_000
_CHANNELS: Final = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""Channels by colour type: grey, RGB, palette, grey and alpha, RGB and alpha."""
_DEPTHS: Final = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
_PALETTE: Final = 3
_SAMPLES: Final = 4
"""A pixel of the result is the mean of at most this many squared pixels of the picture."""


class BadPicture(Exception):
    """The picture cannot be read."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason: Reason = reason


@dataclass(frozen=True, slots=True)
class _Header:
    width: int
    height: int
    depth: int
    colour: int

    @property
    def channels(self) -> int:
        return _CHANNELS[self.colour]

    @property
    def row_bytes(self) -> int:
        return (self.width * self.channels * self.depth + 7) // 8

    @property
    def pixel_bytes(self) -> int:
        """The distance of the filters, in bytes."""
        return max(1, self.channels * self.depth // 8)


def square(png: bytes, side: int) -> bytes:
    """The middle of the picture as RGBA, `side` squared pixels.

    Raises:
        BadPicture: it cannot be read.
    """
    header, palette, packed = _parts(png)
    edge = min(header.width, header.height)
    left, top = (header.width - edge) // 2, (header.height - edge) // 2
    samples = max(1, min(_SAMPLES, edge // side))
    at = [(2 * n + 1) * edge // (2 * side * samples) for n in range(side * samples)]
    wanted = {top + offset for offset in at}
    rows: dict[int, bytes] = {}
    for number, row in enumerate(_rows(packed, header)):
        if number in wanted:
            rows[number] = _rgba(row, header, palette)
        if number > top + at[-1]:
            break
    columns = [_gather([4 * (left + offset) for offset in at[first::samples]]) for first in range(samples)]
    out: list[bytes] = []
    for y in range(side):
        below = [rows[top + offset] for offset in at[y * samples : (y + 1) * samples]]
        taken = [get(row) for row in below for get in columns]
        out.append(_mean(taken))
    return b"".join(out)


def encoded(rgba: bytes, side: int) -> bytes:
    """A PNG of a square of RGBA, without alpha if the picture is opaque."""
    opaque = rgba[3::4].count(0xFF) == side * side
    size = 3 if opaque else 4
    pixels = b"".join(rgba[at : at + 3] for at in range(0, len(rgba), 4)) if opaque else rgba
    rows = [pixels[at : at + side * size] for at in range(0, len(pixels), side * size)]
    before = bytes(side * size)
    lines: list[bytes] = []
    for row in rows:
        lines.append(b"\4" + _paeth_filtered(row, before, size))
        before = row
    header = struct.pack(">IIBBBBB", side, side, 8, 2 if opaque else 6, 0, 0, 0)
    data = zlib.compress(b"".join(lines), 9)
    return SIGNATURE + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def plain(side: int, colour: tuple[int, int, int]) -> bytes:
    """A PNG of one colour."""
    return encoded(bytes((*colour, 0xFF)) * (side * side), side)


def _parts(png: bytes) -> tuple[_Header, bytes, bytes]:
    """The header, the palette as RGBA, and the compressed rows."""
    header: _Header | None = None
    palette = transparency = b""
    packed: list[bytes] = []
    try:
        for kind, data in chunks(png):
            if kind == b"IHDR" and header is None:
                header = _header(data)
            elif kind == b"PLTE":
                palette = data[:768]
            elif kind == b"tRNS":
                transparency = data[:256]
            elif kind == b"IDAT":
                packed.append(data)
    except BadCard:
        raise BadPicture("picture_damaged") from None
    if header is None or not packed or (header.colour == _PALETTE and not palette):
        raise BadPicture("picture_damaged")
    alpha = transparency + b"\xff" * 256
    entries = (palette + bytes(768))[:768]
    colours = b"".join(entries[3 * n : 3 * n + 3] + alpha[n : n + 1] for n in range(256))
    return header, colours, b"".join(packed)


def _header(data: bytes) -> _Header:
    if len(data) != struct.calcsize(">IIBBBBB"):
        raise BadPicture("picture_damaged")
    width, height, depth, colour, _, _, interlace = struct.unpack(">IIBBBBB", data)
    if not width or not height or depth not in _DEPTHS.get(colour, ()):
        raise BadPicture("picture_damaged")
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise BadPicture("picture_too_large")
    if interlace:
        raise BadPicture("picture_interlaced")
    return _Header(width, height, depth, colour)


def _rows(packed: bytes, header: _Header) -> Iterator[bytes]:
    """The rows without their filters, in order."""
    unpacker = zlib.decompressobj()
    size, waiting = header.row_bytes, packed
    before = bytes(size)
    for _ in range(header.height):
        line = b""
        while len(line) < size + 1:
            try:
                part = unpacker.decompress(waiting, size + 1 - len(line))
            except zlib.error:
                raise BadPicture("picture_damaged") from None
            waiting = unpacker.unconsumed_tail
            if not part:
                raise BadPicture("picture_damaged")
            line += part
        before = _unfiltered(line[0], line[1:], before, header.pixel_bytes)
        yield before


def _unfiltered(kind: int, row: bytes, before: bytes, distance: int) -> bytes:
    if kind == 0:
        return row
    if kind == 2:  # noqa: PLR2004 - the filters of PNG: 0 none, 1 sub, 2 up, 3 average, 4 Paeth
        return bytes([(one + two) & 0xFF for one, two in zip(row, before, strict=True)])
    out = bytearray(distance) + row  # with a pixel of zeros to the left
    if kind == 1:
        for at in range(distance, len(out)):
            out[at] = (out[at] + out[at - distance]) & 0xFF
    elif kind == 3:  # noqa: PLR2004
        for at in range(distance, len(out)):
            out[at] = (out[at] + (out[at - distance] + before[at - distance]) // 2) & 0xFF
    elif kind == 4:  # noqa: PLR2004
        _undo_paeth(out, bytes(distance) + before, distance)
    else:
        raise BadPicture("picture_damaged")
    return bytes(out[distance:])


def _undo_paeth(out: bytearray, above: bytes, distance: int) -> None:
    for at in range(distance, len(out)):
        left, up, corner = out[at - distance], above[at], above[at - distance]
        to_left, to_up = abs(up - corner), abs(left - corner)
        to_corner = abs(left + up - 2 * corner)
        near = left if to_left <= to_up and to_left <= to_corner else up if to_up <= to_corner else corner
        out[at] = (out[at] + near) & 0xFF


def _paeth_filtered(row: bytes, above: bytes, distance: int) -> bytes:
    out = bytearray(len(row))
    before, over = bytes(distance) + row, bytes(distance) + above
    for at, byte in enumerate(row):
        left, up, corner = before[at], above[at], over[at]
        to_left, to_up = abs(up - corner), abs(left - corner)
        to_corner = abs(left + up - 2 * corner)
        near = left if to_left <= to_up and to_left <= to_corner else up if to_up <= to_corner else corner
        out[at] = (byte - near) & 0xFF
    return bytes(out)


def _rgba(row: bytes, header: _Header, palette: bytes) -> bytes:
    if header.depth == 16:  # noqa: PLR2004 - the high bytes are enough for a portrait
        row = row[::2]
    elif header.depth < 8:  # noqa: PLR2004
        row = _unpacked(row, header)
    match header.colour:
        case 6:
            return row
        case 3:
            return b"".join([palette[4 * index : 4 * index + 4] for index in row])
        case 2:
            parts = (row[0::3], row[1::3], row[2::3], b"\xff" * header.width)
        case 4:
            parts = (row[0::2], row[0::2], row[0::2], row[1::2])
        case _:
            parts = (row, row, row, b"\xff" * header.width)
    out = bytearray(4 * header.width)
    for number, part in enumerate(parts):
        out[number::4] = part
    return bytes(out)


def _unpacked(row: bytes, header: _Header) -> bytes:
    """One byte for each pixel of less than eight bits; grey is scaled to 255, an index of a palette is not."""
    most = (1 << header.depth) - 1
    scale = 1 if header.colour == _PALETTE else 255 // most
    shifts = range(8 - header.depth, -1, -header.depth)
    return bytes([(byte >> shift & most) * scale for byte in row for shift in shifts])[: header.width]


def _gather(starts: list[int]) -> Callable[[bytes], tuple[int, ...]]:
    getter: Any = itemgetter(*[start + channel for start in starts for channel in range(4)])
    return getter


def _mean(rows: list[tuple[int, ...]]) -> bytes:
    if len(rows) == 1:
        return bytes(rows[0])
    count = len(rows)
    return bytes([sum(values) // count for values in zip(*rows, strict=True)])
