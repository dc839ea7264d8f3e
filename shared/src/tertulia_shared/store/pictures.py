"""The allowed pictures of a character: a raster image in a data: URI, or a built-in portrait.

The page loads nothing from other servers: a request would reveal the user's address and the time.
"""

from __future__ import annotations

import base64
import binascii
import re
from functools import cache
from importlib.resources import files
from typing import Final
from urllib.parse import quote

BUILT_IN: Final = ("luna", "rex", "sage")
ALLOWED: Final = (
    "must be empty or a base64 data: URI of a PNG, JPEG, WebP or GIF; web addresses and SVG are not allowed"
)

_RASTER: Final = re.compile(r"data:image/(png|jpeg|webp|gif);base64,([A-Za-z0-9+/]+={0,2})")
_MAGIC: Final = {
    "png": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "jpeg": re.compile(rb"\xff\xd8\xff"),
    "webp": re.compile(rb"RIFF....WEBP", re.DOTALL),
    "gif": re.compile(rb"GIF8[79]a"),
}


def portrait(name: str) -> str:
    """A built-in portrait as a data: URI: the page needs no file server for it, and the user may replace it."""
    svg = (files("tertulia_shared.store") / "portraits" / f"{name}.svg").read_text(encoding="utf-8")
    one_line = svg.replace("\n", "").replace('"', "'")
    return "data:image/svg+xml," + quote(one_line, safe="/:='(),;-. ").replace(" ", "%20")


def is_picture(image: str) -> bool:
    """True if the picture may be stored and shown; its length is checked elsewhere."""
    found = _RASTER.fullmatch(image)
    if found is None:
        return not image or image in _portraits()
    try:
        data = base64.b64decode(found[2], validate=True)
    except (binascii.Error, ValueError):
        return False
    return _MAGIC[found[1]].match(data) is not None


def picture_uri(data: bytes) -> str:
    """The data: URI of a file that is a PNG, JPEG, WebP or GIF by its first bytes; "" for another one."""
    kind = next((kind for kind, magic in _MAGIC.items() if magic.match(data)), "")
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}" if kind else ""


def shown(image: str) -> str:
    """The picture for clients: `""` for a picture that an earlier release stored and this one does not allow."""
    return image if is_picture(image) else ""


@cache
def _portraits() -> frozenset[str]:
    return frozenset(portrait(name) for name in BUILT_IN)
