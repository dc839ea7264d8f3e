"""Reads and writes the text chunks of a PNG in which a card is stored. Pure.

A card is base64 of JSON, in a chunk `tEXt` (or `zTXt`, `iTXt`) with the keyword `ccv3` (V3) or `chara` (V1, V2).
Format: https://www.w3.org/TR/png-3/.
"""

from __future__ import annotations

import base64
import binascii
import struct
import zlib
from collections.abc import Iterator
from typing import Final

from tertulia_shared.cards.errors import BadCard
from tertulia_shared.cards.json_text import MAX_CARD_CHARS
from tertulia_shared.text_encoding import WANTED, UnknownEncoding, decoded

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
MAX_PNG_BYTES: Final = 16 * 1024 * 1024
MAX_CHUNKS: Final = 20_000
"""A PNG of 16 MiB in chunks of 8 KiB, as most encoders write them, has 2,048."""
KEYWORDS: Final = ("ccv3", "chara")
"""The chunk keywords of cards; the first one that is present counts."""
_MAX_TEXT_BYTES: Final = 4 * MAX_CARD_CHARS * 4 // 3 + 4
"""Base64 of the longest JSON: a character has up to four bytes."""
NEITHER: Final = "The file is neither a PNG, a CHARX file nor JSON: choose a character card in one of these forms."
NO_CARD: Final = (
    "The picture contains no character card. Choose the original file: programs that change or copy pictures remove "
    "the card."
)
_BROKEN_OFF: Final = "The picture breaks off: the file is damaged or was not loaded completely."
_DAMAGED: Final = "A part of the picture cannot be decompressed: the file is damaged."
_TEXT_KINDS: Final = (b"tEXt", b"zTXt", b"iTXt")


def card_in(png: bytes) -> str:
    """The JSON of the card in a PNG.

    Raises:
        BadCard: it is not a PNG, contains no card, or is too large.
    """
    found: dict[str, bytes] = {}
    for kind, data in chunks(png):
        if kind in _TEXT_KINDS:
            keyword, _, rest = data.partition(b"\0")
            name = keyword.decode("latin-1").lower()
            if name in KEYWORDS and name not in found:
                found[name] = _text_of(kind, rest)
    if not found:
        raise BadCard("card_not_in_png", NO_CARD)
    return _decoded(next(found[name] for name in KEYWORDS if name in found))


def with_cards(png: bytes, cards: dict[str, str]) -> bytes:
    """The PNG with these cards ({keyword: JSON}) as `tEXt` chunks, in place of all text chunks that it has.

    Raises:
        BadCard: it is not a PNG.
    """
    out = [SIGNATURE]
    for kind, data in chunks(png):
        if kind == b"IEND":
            out += [
                chunk(b"tEXt", keyword.encode("latin-1") + b"\0" + base64.b64encode(card.encode()))
                for keyword, card in cards.items()
            ]
        if kind not in (*_TEXT_KINDS, b"eXIf", b"tIME"):
            out.append(chunk(kind, data))
    return b"".join(out)


def chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The chunks of a PNG, up to and with `IEND`; bytes after it are ignored. Checksums are not checked.

    Raises:
        BadCard: it is not a PNG, breaks off, or has too many bytes or chunks.
    """
    if len(png) > MAX_PNG_BYTES:
        raise BadCard("card_too_large", f"The picture has {len(png)} bytes; at most {MAX_PNG_BYTES} are allowed.")
    if not png.startswith(SIGNATURE):
        raise BadCard("card_no_png", NEITHER)
    at = len(SIGNATURE)
    for _ in range(MAX_CHUNKS):
        if at + 12 > len(png):
            raise BadCard("card_no_png", _BROKEN_OFF)
        (length,) = struct.unpack_from(">I", png, at)
        kind, end = png[at + 4 : at + 8], at + 8 + length
        if end + 4 > len(png):
            raise BadCard("card_no_png", _BROKEN_OFF)
        yield kind, png[at + 8 : end]
        if kind == b"IEND":
            return
        at = end + 4
    raise BadCard("card_too_large", f"The picture has more than {MAX_CHUNKS} chunks.")


def chunk(kind: bytes, data: bytes) -> bytes:
    """One chunk with its length and checksum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def inflated(data: bytes, most: int) -> bytes:
    """Decompress at most `most` bytes.

    Raises:
        BadCard: there are more, or the data are damaged.
    """
    unpacker = zlib.decompressobj()
    try:
        out = unpacker.decompress(data, most + 1)
    except zlib.error:
        raise BadCard("card_no_png", _DAMAGED) from None
    if len(out) > most:
        raise BadCard("card_too_large", f"A part of the picture has more than {most} bytes when decompressed.")
    if not unpacker.eof:
        raise BadCard("card_no_png", _DAMAGED)
    return out


def _text_of(kind: bytes, rest: bytes) -> bytes:
    """The text of a chunk after its keyword."""
    if kind == b"zTXt":
        return inflated(rest[1:], _MAX_TEXT_BYTES)
    if kind == b"iTXt":
        text = b"".join(rest[2:].split(b"\0", 2)[2:])  # after the language and the translated keyword
        return inflated(text, _MAX_TEXT_BYTES) if rest[:1] == b"\1" else text
    return rest


def _decoded(text: bytes) -> str:
    """The JSON of base64 of it. Some programs write the JSON itself."""
    if text.lstrip()[:1] != b"{":
        if len(text) > _MAX_TEXT_BYTES:
            raise BadCard("card_too_large", f"The card has {len(text)} bytes; at most {_MAX_TEXT_BYTES} are allowed.")
        try:
            text = base64.b64decode(b"".join(text.split()), validate=True)
        except binascii.Error:
            raise BadCard("card_no_json", "The card in the picture is damaged: it is not base64.") from None
    return text_of_bytes(text)


def text_of_bytes(data: bytes) -> str:
    """The JSON text of a file.

    Raises:
        BadCard: it is in another encoding than `decoded` reads.
    """
    try:
        return decoded(data)
    except UnknownEncoding:
        raise BadCard("card_encoding", f"The card is not in {WANTED}: save it as UTF-8.") from None
