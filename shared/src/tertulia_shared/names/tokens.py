"""Splits a text into words for the comparison with names. Pure."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final, NamedTuple

from tertulia_shared.names.folding import fold_word

UNSPACED: Final = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3\uf900-\ufaff"
"""Scripts that are written without spaces, or (Korean) with endings and honorifics joined to a name; as a class of a
regular expression.
"""
_ALNUM: Final = rf"(?:(?![{UNSPACED}])[^\W_])"
_WORD: Final = re.compile(rf"{_ALNUM}+(?:['\u2019\u02bc`\u2010\u2011-]{_ALNUM}+)*|[{UNSPACED}]+")
_IN_UNSPACED: Final = re.compile(rf"[{UNSPACED}]")
_JOINT: Final = re.compile(r"['-]")


class Word(NamedTuple):
    """A word of a text. "Jean-Luc's" is one word of three parts. (A frozen dataclass is made more slowly.)"""

    text: str
    start: int
    end: int
    folded: str
    parts: tuple[str, ...]
    """The folded word, split at hyphens and apostrophes."""

    @property
    def is_capitalized(self) -> bool:
        """True if the word begins with a capital letter."""
        return self.text[:1].isupper()


def normalized(text: str) -> str:
    """The text in Unicode's form NFKC, to which the indexes of words and mentions refer."""
    return text if text.isascii() else unicodedata.normalize("NFKC", text)


@lru_cache(maxsize=32)
def words_of(text: str) -> tuple[Word, ...]:
    """The words of a normalized text. A run of a script without spaces is one word.

    The last results are kept, because several questions are asked about each remark.
    """
    words: list[Word] = []
    for found in _WORD.finditer(text):
        folded = fold_word(found.group())
        words.append(Word(found.group(), found.start(), found.end(), folded, parts_of(folded)))
    return tuple(words)


def parts_of(folded: str) -> tuple[str, ...]:
    """A folded word, split at hyphens and apostrophes."""
    if folded.isalnum():  # most words
        return (folded,)
    return tuple(part for part in _JOINT.split(folded) if part)


def is_unspaced(text: str) -> bool:
    """True if the text has characters of a script that is written without spaces."""
    return not text.isascii() and _IN_UNSPACED.search(text) is not None
