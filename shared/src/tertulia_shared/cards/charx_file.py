"""Reads the card and the picture in a CHARX file: a ZIP with `card.json` (V3) and assets. Pure; the file is untrusted.

RisuAI can write a JPEG before the ZIP. Members are decompressed in memory only, up to a bound of the bytes that come
out, and their names are never used as paths. Format: https://github.com/kwaroran/character-card-spec-v3.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast

from tertulia_shared.cards.errors import BadCard
from tertulia_shared.cards.json_text import MAX_CARD_CHARS, JsonObject, read_object
from tertulia_shared.cards.png_file import MAX_PNG_BYTES, text_of_bytes

MAX_CHARX_BYTES: Final = MAX_PNG_BYTES
MAX_MEMBERS: Final = 5_000
"""A card with a thousand assets has some two thousand members, because RisuAI adds a description of each."""
MAX_PICTURE_BYTES: Final = MAX_PNG_BYTES
MAX_JSON_BYTES: Final = 4 * MAX_CARD_CHARS
CARD_NAME: Final = "card.json"
_JPEG: Final = b"\xff\xd8\xff"
_ZIP_STARTS: Final = (b"PK\x03\x04", b"PK\x05\x06")
_MEMBER: Final = b"PK\x01\x02"
"""Each member has an entry with this signature in the directory of the ZIP."""
_ENCRYPTED: Final = 0x1
_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""The others can need memory of a size that the file chooses."""
_SCHEMES: Final = ("embeded://", "embedded://", "__asset:")
"""The specification has the first one, with its misspelling."""
_NOT_ASSETS: Final = (".json", ".risum", "/")
"""The ends of the names of a card, of descriptions, of RisuAI's scripts, and of folders."""
_FAULTS: Final = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, RuntimeError, ValueError, OverflowError,
    IndexError,
)  # fmt: skip
"""What `zipfile` raises for damaged files. ValueError includes names that are not UTF-8, RuntimeError unknown versions
of the format.
"""
_DAMAGED: Final = "The archive (CHARX) is damaged or was not loaded completely: export the character again."


@dataclass(frozen=True, slots=True)
class CharxFile:
    """The card's JSON as it came, its pictures, the best first, and how many further assets the file has.

    `lacks_picture`: the card names a picture of the file that is missing or damaged.
    """

    text: str
    pictures: tuple[bytes, ...]
    lacks_picture: bool
    further_assets: int


def is_charx(data: bytes) -> bool:
    """True if a file is a ZIP, or a JPEG with a ZIP after it."""
    return data.startswith(_ZIP_STARTS) or (data.startswith(_JPEG) and _ZIP_STARTS[0] in data)


def is_jpeg(data: bytes) -> bool:
    return data.startswith(_JPEG)


def read_charx(data: bytes) -> CharxFile:
    """Read the card and its picture.

    Raises:
        BadCard: the file is no archive, is encrypted, has no card, or exceeds a bound.
    """
    if len(data) > MAX_CHARX_BYTES:
        raise BadCard("card_too_large", f"The file has {len(data)} bytes; at most {MAX_CHARX_BYTES} are allowed.")
    if data.count(_MEMBER) > MAX_MEMBERS:
        raise BadCard("card_too_large", f"The archive has more than {MAX_MEMBERS} files: export fewer assets with it.")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _read(archive, data)
    except _FAULTS:
        raise BadCard("card_archive", _DAMAGED) from None


def _read(archive: zipfile.ZipFile, data: bytes) -> CharxFile:
    members = {member.filename: member for member in archive.infolist()}
    card = members.get(CARD_NAME)
    if card is None:
        raise BadCard(
            "card_not_in_archive",
            f"The archive has no {CARD_NAME} at its top, so it is no character card (CHARX). Choose the .charx file "
            "that a program has exported, or a card as PNG or JSON.",
        )
    text = text_of_bytes(_content(archive, card, MAX_JSON_BYTES, "card"))
    icons = list(_icons(read_object(text)))
    icon = next((name for name in icons if name in members), "")
    pictures: list[bytes] = []
    if icon:
        try:
            pictures.append(_content(archive, members[icon], MAX_PICTURE_BYTES, "picture"))
        except (BadCard, *_FAULTS):  # the card is usable without it
            pass
    if is_jpeg(data):
        pictures.append(data[: min(member.header_offset for member in members.values())])
    further = sum(name not in (icon, CARD_NAME) and not name.lower().endswith(_NOT_ASSETS) for name in members)
    return CharxFile(text, tuple(pictures), bool(icons) and not pictures, further)


def _content(archive: zipfile.ZipFile, member: zipfile.ZipInfo, most: int, what: str) -> bytes:
    """A member, decompressed up to `most` bytes, whatever size its header names.

    Raises:
        BadCard: it has more, is encrypted, or is compressed by a method that is not read.
    """
    if member.flag_bits & _ENCRYPTED:
        raise BadCard("card_archive", "The archive (CHARX) is encrypted: export the character without a password.")
    if member.compress_type not in _METHODS:
        raise BadCard(
            "card_archive", "The archive (CHARX) is compressed by a method that is not read: use Deflate, or none."
        )
    with archive.open(member) as opened:
        content = opened.read(most + 1)
    if len(content) > most:
        raise BadCard("card_too_large", f"The {what} has more than {most} bytes when decompressed.")
    return content


def _icons(card: JsonObject) -> Iterator[str]:
    """The members that the card names as its icons, the main one first."""
    data: object = card.get("data")
    assets: object = cast("JsonObject", data).get("assets") if isinstance(data, dict) else None
    if not isinstance(assets, list):
        return
    found = [cast("Mapping[str, object]", each) for each in cast("Sequence[object]", assets) if isinstance(each, dict)]
    icons = [each for each in found if each.get("type") == "icon"]
    for icon in sorted(icons, key=lambda each: each.get("name") != "main"):
        uri = icon.get("uri")
        scheme = next((each for each in _SCHEMES if isinstance(uri, str) and uri.startswith(each)), None)
        if isinstance(uri, str) and scheme is not None:
            yield uri.removeprefix(scheme)
