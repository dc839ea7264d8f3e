"""The last sentence of a text, as words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

MAX_CHARS: Final = 300
"""Only the last characters of a text are read: an earlier sentence does not change the judgement."""

_SENTENCE_END: Final = re.compile(r"(?:[.!?…]+[\"')\]»”]*\s+|[。！？]+)(?=[^\s])")
_WORD: Final = re.compile(r"\d+(?:[.,:]\d+)+|[^\W_]+(?:['\-][^\W_]+)*'?")
_CLOSING: Final = " \t\n\"'”’»)]』」"
_BREAK: Final = re.compile(r"[,;:—–、]|\s-\s")
_APOSTROPHES: Final = str.maketrans({"\u2019": "'", "\u02bc": "'", "\u0130": "i"})
GOES_ON: Final = frozenset(",;:-—–、，…(")
"""Marks after which a sentence goes on."""
ENDS: Final = frozenset(".!?")

_ENDS_OF: Final = {"。": ".", "．": ".", "！": "!", "？": "?", "؟": "?"}


@dataclass(frozen=True, slots=True)
class Sentence:
    """The last sentence of a text. `words` are in lower case."""

    words: tuple[str, ...]
    breaks: tuple[int, ...]
    """The indexes of the words before which a comma or a similar mark stands."""
    mark: str
    """The mark at the end: "." "!" "?" or one of `GOES_ON`; "" if there is none."""
    noun_last: bool
    """True if the last word has a capital letter, as nouns have in German."""
    is_first: bool
    """True if no other sentence stands before it."""

    @property
    def ended(self) -> bool:
        """True if the sentence has a final mark."""
        return self.mark in ENDS

    def clause(self) -> tuple[str, ...]:
        """The words after the last comma."""
        return self.words[self.breaks[-1] :] if self.breaks else self.words

    def part(self, start: int, end: int) -> Sentence:
        """The sentence with only the words from `start` up to `end`."""
        kept = tuple(at - start for at in self.breaks if start < at < end)
        noun = self.noun_last and end == len(self.words)
        return Sentence(self.words[start:end], kept, self.mark, noun, self.is_first)


def mark_of(text: str) -> str:
    """The mark at the end of a text: "." "!" "?" or one of `GOES_ON`; "" if there is none."""
    end = text.rstrip(_CLOSING)
    if end.endswith((".." , "。。")):
        return "…"
    last = _ENDS_OF.get(end[-1:], end[-1:])
    if last in ENDS:
        return "?" if "?" in end[-3:] or "？" in end[-3:] else last
    return last if last in GOES_ON else ""


def last_sentence(text: str, *, with_marks: bool = True) -> Sentence:
    """The last sentence of a text. `with_marks=False`: marks at the end do not count."""
    text = unicodedata.normalize("NFC", text[-MAX_CHARS:]).translate(_APOSTROPHES)
    start = 0
    for end in _SENTENCE_END.finditer(text):
        start = end.end()
    raw = text[start:]
    found: list[str] = []
    breaks: list[int] = []
    at = 0
    for match in _WORD.finditer(raw):
        if found and _BREAK.search(raw, at, match.start()):
            breaks.append(len(found))
        found.append(match[0])
        at = match.end()
    noun_last = bool(found) and found[-1][:1].isupper()
    lowered = tuple(word.lower() for word in found)
    return Sentence(lowered, tuple(breaks), mark_of(raw) if with_marks else "", noun_last, start == 0)


@dataclass(frozen=True, slots=True)
class Names:
    """The words of the characters' names, in lower case and without accents."""

    words: frozenset[str]

    def has(self, word: str) -> bool:
        """True if a word is part of a name, perhaps in its Cyrillic form or as a Slavic vocative."""
        if not self.words:
            return False
        word = folded(word)
        if word in self.words:
            return True
        return any(part in self.words for part in word.split("-")) or _without_ending(word) in self.words

    def inside(self, text: str) -> str:
        """`text` without the names that it contains; for scripts without spaces."""
        text = folded(text)
        for name in self.words:
            text = text.replace(name, "")
        return text


_CYRILLIC: Final = str.maketrans(
    dict(zip("абвгдеёжзийклмнопрстуфхцчшщъыьэюя", (
        "a b v g d e e zh z i i k l m n o p r s t u f kh ts ch sh shch  y  e yu ya".replace("  ", " * ").split(" ")
    ), strict=True))
)  # fmt: skip
_VOCATIVES: Final = (("o", "a"), ("ie", ""), ("u", ""), ("iu", "a"))
"""Endings of Polish vocatives, and what the names end in instead."""


def folded(word: str) -> str:
    """A word in lower case, without accents and in Latin letters."""
    word = word.lower().translate(_CYRILLIC).replace("*", "").replace("x", "ks")
    if word.isascii():
        return word
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
    parts = (folded(match[0]) for name in names for match in _WORD.finditer(name.translate(_APOSTROPHES)))
    found = {piece for part in parts for piece in (part, *part.split("-"))}
    return Names(frozenset(found - {"the", "der", "die", "das", "el", "la", "le", "il"}))
