"""Recognizes the characters' names among the words of a sentence."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from tertulia_stt.turn_end.sentence import APOSTROPHES, WORD

_LATIN: Final = "a b v g d e e zh z i i k l m n o p r s t u f kh ts ch sh shch - y - e yu ya".split()
_CYRILLIC: Final = str.maketrans(
    dict(zip("абвгдеёжзийклмнопрстуфхцчшщъыьэюя", _LATIN, strict=True)) | {"ъ": "", "ь": ""}
)
_ARTICLES: Final = frozenset({"the", "der", "die", "das", "el", "la", "le", "il"})
_VOCATIVES: Final = (("o", "a"), ("ie", ""), ("u", ""), ("iu", "a"))
"""Endings of Polish vocatives, each with the ending of the name itself."""


@dataclass(frozen=True, slots=True)
class Names:
    """The characters' names. `words`: their words, in lower case and without accents; `written`: as they are written,
    in lower case.
    """

    words: frozenset[str]
    written: tuple[str, ...]

    def has(self, word: str) -> bool:
        """True if a word is part of a name, or its Cyrillic form or its Slavic vocative."""
        if not self.words:
            return False
        word = folded(word)
        if word in self.words:
            return True
        return any(part in self.words for part in word.split("-")) or _without_ending(word) in self.words

    def inside(self, text: str) -> str:
        """`text` without the names that it contains; for scripts without spaces."""
        text = text.lower()
        for name in self.written:
            text = text.replace(name, "")
        return text


def folded(word: str) -> str:
    """A word in lower case, without accents and in Latin letters."""
    if word.isascii():
        return word.lower().replace("x", "ks")
    word = word.lower().translate(_CYRILLIC).replace("x", "ks")
    return "".join(char for char in unicodedata.normalize("NFKD", word) if not unicodedata.combining(char))


def _without_ending(word: str) -> str:
    for ending, replacement in _VOCATIVES:
        if word.endswith(ending):
            return word.removesuffix(ending) + replacement
    return word


def names_of(names: Sequence[str]) -> Names:
    """The words of `names`."""
    return _names_of(tuple(names))


@lru_cache(maxsize=256)
def _names_of(names: tuple[str, ...]) -> Names:
    parts = (folded(match[0]) for name in names for match in WORD.finditer(name.translate(APOSTROPHES)))
    found = {piece for part in parts for piece in (part, *part.split("-"))}
    written = sorted((name.lower() for name in names if name), key=len, reverse=True)
    return Names(frozenset(found - _ARTICLES), tuple(written))
