"""Character cards of many shapes, as other programs write them, and pictures that contain them."""

from __future__ import annotations

import base64
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any, Final

from tertulia_shared.cards.png_file import SIGNATURE, chunk

V1: Final[dict[str, Any]] = {
    "name": "Mira",
    "description": "{{char}} is a clockmaker. She repairs {{user}}'s watch.",
    "personality": "patient, exact",
    "scenario": "A workshop at night.",
    "first_mes": "Come in, {{user}}. Mind the springs.",
    "mes_example": "<START>\n{{user}}: Is it late?\n{{char}}: It is always late here.",
}
DATA: Final[dict[str, Any]] = {
    **V1,
    "creator_notes": "Works best at night.",
    "system_prompt": "{{original}} Speak in short sentences.",
    "post_history_instructions": "Stay in the workshop.",
    "alternate_greetings": ["You again!", "The door was open."],
    "tags": ["female", "craft"],
    "creator": "somebody",
    "character_version": "1.2",
    "extensions": {},
}
V2: Final[dict[str, Any]] = {"spec": "chara_card_v2", "spec_version": "2.0", "data": DATA}
BOOK: Final[dict[str, Any]] = {
    "name": "Clocks",
    "scan_depth": 4,
    "token_budget": 400,
    "recursive_scanning": False,
    "extensions": {},
    "entries": [
        {"keys": ["spring"], "content": "Springs are wound at noon.", "enabled": True, "insertion_order": 1,
         "extensions": {"x": 1.50}, "case_sensitive": False, "constant": False, "id": 7},
    ],
}  # fmt: skip
V3: Final[dict[str, Any]] = {
    "spec": "chara_card_v3",
    "spec_version": "3.0",
    "data": {
        **DATA,
        "nickname": "Mi",
        "group_only_greetings": [],
        "creator_notes_multilingual": {"de": "Am besten nachts."},
        "source": ["https://example.org/mira"],
        "creation_date": 1700000000,
        "modification_date": 1700000001,
        "assets": [{"type": "icon", "uri": "https://example.org/mira.png", "name": "main", "ext": "png"}],
        "character_book": BOOK,
    },
}


def _changed(base: dict[str, Any], **data: Any) -> dict[str, Any]:
    return {**base, "data": {**base["data"], **data}}


def _dumped(value: Any, **options: Any) -> str:
    return json.dumps(value, **options)


SHAPES: Final[dict[str, str]] = {
    "v1 compact": _dumped(V1, separators=(",", ":")),
    "v1 with spaces": _dumped(V1),
    "v1 indented by four": _dumped(V1, indent=4),
    "v1 indented by tabs": _dumped(V1, indent="\t"),
    "v1 with CRLF": _dumped(V1, indent=2).replace("\n", "\r\n"),
    "v1 with a space before each colon": _dumped(V1, separators=(" , ", " : ")),
    "v1 with two fields only": _dumped({"name": "Mira", "description": "A clockmaker."}),
    "v1 with unknown fields": _dumped({**V1, "metadata": {"tool": {"version": 1.10}}, "avatar": "none"}),
    "v1 with fields of wrong types": _dumped({**V1, "personality": None, "scenario": 3, "mes_example": ["x"]}),
    "v1 of Pygmalion": _dumped(
        {"char_name": "Mira", "char_persona": "A clockmaker.", "world_scenario": "Night.", "char_greeting": "Come in.",
         "example_dialogue": "You: hi"}
    ),
    "v1 of SillyTavern with chat settings": _dumped(
        {**V1, "chat": "Mira - 2026-3-1", "create_date": "2026-3-1", "talkativeness": "0.7", "fav": False}
    ),
    "v2 compact": _dumped(V2, separators=(",", ":")),
    "v2 indented": _dumped(V2, indent=2),
    "v2 with V1's fields at the top": _dumped({**V1, **V2}),
    "v2 with the fields in another order": _dumped({"data": dict(reversed(DATA.items())), **V2}, sort_keys=True),
    "v2 with a lorebook": _dumped(_changed(V2, character_book=BOOK)),
    "v2 with extensions of other programs": _dumped(
        _changed(V2, extensions={"chub": {"id": 12345678901234567890, "full_path": "a/b"}, "risuai": {"emotions": []},
                                 "depth_prompt": {"prompt": "be kind", "depth": 4}, "talkativeness": 0.25})
    ),
    "v2 with nulls": _dumped(_changed(V2, personality=None, alternate_greetings=None, tags=None, extensions=None)),
    "v2 without optional fields": _dumped({"spec": "chara_card_v2", "data": {"name": "Mira"}}),
    "v2 with greetings of wrong types": _dumped(_changed(V2, alternate_greetings=["a", 3, None, "", "b"])),
    "v2 without its spec": _dumped({"data": DATA}),
    "v2 in escaped Japanese": _dumped(_changed(V2, name="ミラ", first_mes="いらっしゃい")),
    "v2 in plain Japanese": _dumped(_changed(V2, name="ミラ", first_mes="いらっしゃい"), ensure_ascii=False),
    "v2 with emoji as surrogate pairs": _dumped(_changed(V2, description="A clock \U0001f570\ufe0f maker")),
    "v2 with half of a surrogate pair": _dumped(V2).replace("somebody", "some\\ud83dbody"),
    "v2 with escaped control characters": _dumped(_changed(V2, creator_notes="a\x00b\x1b[31mc\u202e")),
    "v2 with escaped slashes": _dumped(_changed(V2, creator="a/b")).replace("a/b", "a\\/b"),
    "v2 with unusual numbers": _dumped(V2).replace('"extensions": {}', '"extensions": {"a": 1E+2, "b": -0.0}'),
    "v2 with a name twice": _dumped(V2).replace('"creator":', '"name": "Mira", "creator":'),
    "v2 with HTML in its texts": _dumped(_changed(V2, creator_notes="<img src=x onerror=alert(1)><style>*{}</style>")),
    "v3 compact": _dumped(V3, separators=(",", ":")),
    "v3 indented": _dumped(V3, indent=3),
    "v3 with an embedded asset": _dumped(
        _changed(V3, assets=[{"type": "icon", "uri": "data:image/png;base64,iVBORw0KGgo=", "name": "main"}])
    ),
    "v3 with decorators in its lorebook": _dumped(
        _changed(V3, character_book={"extensions": {}, "entries": [
            {"keys": [], "content": "@@depth 3\n@@role assistant\nText", "extensions": {}, "enabled": True,
             "insertion_order": 0, "use_regex": False, "constant": True}]})
    ),
    "v3 of a later version": _dumped({**V3, "spec_version": "3.7", "hologram": True}),
    "v4": _dumped({**V3, "spec": "chara_card_v4", "spec_version": "4.0"}),
}  # fmt: skip
"""JSON of cards with the name Mira (or its Japanese form), by a description of their shape."""


CHARX: Final[dict[str, Any]] = {
    **V3,
    "data": {
        **V3["data"],
        "assets": [
            {"type": "emotion", "uri": "embeded://assets/emotion/image/2.webp", "name": "happy", "ext": "webp"},
            {"type": "icon", "uri": "embeded://assets/icon/image/1.png", "name": "side", "ext": "png"},
            {"type": "icon", "uri": "embeded://assets/icon/image/0.png", "name": "main", "ext": "png"},
        ],
    },
}
"""The card of a CHARX file as RisuAI writes it."""

PNG_KINDS: Final = ("tEXt", "zTXt", "iTXt", "iTXt compressed")
"""The chunks in which a picture can contain a card."""


JPEG: Final = b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(40) + b"\xff\xd9"
"""The frame of a JPEG. Nothing here decodes one."""


def charx(members: Mapping[str, str | bytes], *, before: bytes = b"", method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A ZIP with these members, after the bytes `before`."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return before + file.getvalue()


def picture(width: int = 48, height: int = 64, *, colour: tuple[int, int, int] = (200, 40, 90)) -> bytes:
    """An opaque PNG of one colour."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = (b"\0" + bytes(colour) * width) * height
    return SIGNATURE + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def with_chunk(png: bytes, kind: bytes, data: bytes) -> bytes:
    """The PNG with one more chunk before its end."""
    end = png.rindex(b"IEND") - 4
    return png[:end] + chunk(kind, data) + png[end:]


def card_png(text: str, keyword: str = "chara", kind: str = "tEXt", png: bytes | None = None) -> bytes:
    """A picture with the card in a text chunk of this kind."""
    encoded = base64.b64encode(text.encode())
    data = {
        "tEXt": encoded,
        "zTXt": b"\0" + zlib.compress(encoded),
        "iTXt": b"\0\0\0\0" + encoded,
        "iTXt compressed": b"\1\0en\0\0" + zlib.compress(encoded),
    }[kind]
    return with_chunk(png or picture(), kind[:4].encode(), keyword.encode() + b"\0" + data)
