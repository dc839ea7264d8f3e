"""Splits text into folded tokens, so that phrases can be compared however they are written. Pure.

A token is a word without accents and apostrophes, in lower case. In scripts without spaces a token is one character. Of
a letter that occurs three times or more in a row, one is kept ("stooop" is "stop").
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_SPACELESS = "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
"""Han characters and kana."""
_TOKEN = re.compile(rf"[{_SPACELESS}]|[^\W_{_SPACELESS}]+")
_ACCENT = re.compile(r"[\u0300-\u036f]")
_APOSTROPHE = re.compile(r"['\u2019\u02bc\u2018`\u00b4](?=\w)")
_LENGTHENED = re.compile(r"([^\W\d_])\1{2,}")
_LETTERS = str.maketrans({"\u0131": "i", "ł": "l", "ø": "o", "đ": "d", "æ": "ae", "œ": "oe"})


@lru_cache(maxsize=4096)
def tokens_of(text: str) -> tuple[str, ...]:
    """The tokens of a text."""
    folded = unicodedata.normalize("NFD", _APOSTROPHE.sub("", unicodedata.normalize("NFKC", text).casefold()))
    plain = unicodedata.normalize("NFC", _ACCENT.sub("", folded).translate(_LETTERS))
    return tuple(_TOKEN.findall(_LENGTHENED.sub(r"\1", plain)))


def is_spaceless(token: str) -> bool:
    """True if the token is a character of a script without spaces."""
    return len(token) == 1 and re.fullmatch(rf"[{_SPACELESS}]", token) is not None
