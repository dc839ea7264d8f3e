"""Finds the characters that a text names, in the order in which it names them.

A text names a character by the whole name, or by a part of it that can be used alone. Only whole words count. Case and
accents are ignored ("José" is "Jose"), and a possessive counts ("Luna's"). A hyphenated word is one word: "Anne-Marie"
does not name Anne. In scripts written without spaces, a name counts anywhere in the text. The longest match decides:
"Ana" names both Ana Ruiz and Ana Gil; "Ana Gil" names only Ana Gil. If a text has the full name "Ana Gil", then a bare
"Ana" in it also means only Ana Gil.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

T = TypeVar("T")

_WORD: Final = re.compile(r"[^\W_]+(?:['\u2019\u02bc\u2010\u2011-][^\W_]+)*")
_HYPHENS: Final = re.compile(r"[\u2010\u2011-]")
_POSSESSIVE: Final = re.compile(r"'(?:s|d|ll|ve|re|m)$")
_KANA_VOICING: Final = "\u3099\u309a"
_NO_SPACES: Final = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3\uf900-\ufaff]"
)
_NAME_BREAK: Final = re.compile(r"[\s・=＝]+")
_PARTICLES: Final = """
the a an of and or in on at to for by with from my our your his her their its this that
de del de la las los el le les l d du da do dos das di della van von der den dem des ten ter zu zum y e i und et
bin ibn al ben san
old big little great young sr jr ii iii iv
"""
TITLES: Final = frozenset(
    """
    m mr mrs ms mx miss mlle mademoiselle hr fr frl sra srta rev lt sgt maj cmdr dott dr doctor prof professor sir
    lady lord dame captain capt king queen prince princess saint st father mother sister brother uncle aunt signor
    signora senor senora don dona herr frau monsieur madame mme
    """.split()
)
_NEVER_ALONE: Final = frozenset(_PARTICLES.split()) | TITLES
"""Parts of a name that cannot be used alone: articles, particles, titles."""
_BASE_LETTERS: Final = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "þ": "th", "æ": "ae", "œ": "oe"}
)
"""Letters with a stroke and ligatures, which Unicode does not decompose."""


@dataclass(frozen=True, slots=True)
class _Name:
    words: tuple[str, ...]
    unspaced: tuple[str, ...]
    """The whole name and its parts if its script is written without spaces; otherwise empty. They count anywhere in the
    text.
    """

    @classmethod
    def of(cls, name: str) -> _Name:
        folded = fold(name)
        unspaced: tuple[str, ...] = ()
        if _NO_SPACES.search(folded):
            parts = (folded, *_NAME_BREAK.split(folded))
            unspaced = tuple(dict.fromkeys(part for part in parts if len(part) > 1))
        return cls(tuple(_words(folded)[0]), unspaced)

    def longest_run(self, words: Sequence[str], at: int) -> int:
        """The number of words from `words[at]` on that follow each other in the name, too; 0 if these words do not name
        it.
        """
        best = 0
        for first, word in enumerate(self.words):
            if word != words[at]:
                continue
            length = 1
            while (
                first + length < len(self.words)
                and at + length < len(words)
                and self.words[first + length] == words[at + length]
            ):
                length += 1
            run = self.words[first : first + length]
            if length > best and (run == self.words or any(can_stand_alone(part) for part in run)):
                best = length
        return best


def named_in(text: str, characters: Sequence[T], *, name: Callable[[T], str]) -> list[T]:
    """Return the characters that `text` names, ordered by first mention."""
    ordered = by_name(characters, name=name)
    names = [_Name.of(name(character)) for character in ordered]
    first_mention = _first_mentions(fold(text), names)
    return [ordered[index] for index in sorted(first_mention, key=lambda index: (first_mention[index], index))]


def by_name(characters: Sequence[T], *, name: Callable[[T], str]) -> list[T]:
    """Return the characters ordered by name; case and accents are ignored."""
    return sorted(characters, key=lambda character: fold(name(character)))


def fold(text: str) -> str:
    """Return `text` in a form for comparison: case-folded, without accents, with plain apostrophes and hyphens."""
    decomposed = unicodedata.normalize("NFKD", text)
    bare = "".join(
        char for char in decomposed if unicodedata.category(char) != "Mn" or char in _KANA_VOICING or _keeps(char)
    )
    folded = unicodedata.normalize("NFC", bare.casefold()).translate(_BASE_LETTERS)
    return _HYPHENS.sub("-", folded.replace("\u2019", "'").replace("\u02bc", "'").replace("`", "'"))


def _keeps(mark: str) -> bool:
    """True for a mark that must stay: in Indic and South-East Asian scripts, marks are vowels, not accents."""
    return "\u0900" <= mark <= "\u17ff"


def can_stand_alone(part: str) -> bool:
    """True if this part of a folded name can be used alone."""
    return len(part) > 1 and not part.isdigit() and part not in _NEVER_ALONE


def _words(folded: str) -> tuple[list[str], list[int]]:
    words: list[str] = []
    starts: list[int] = []
    for found in _WORD.finditer(folded):
        words.append(_POSSESSIVE.sub("", found.group()))
        starts.append(found.start())
    return words, starts


def _first_mentions(folded: str, names: Sequence[_Name]) -> dict[int, int]:
    """For each name that occurs, by its index: the position in the text of its first mention."""
    words, starts = _words(folded)
    mentions: list[tuple[int, list[int], bool]] = []  # position; indexes of the names; True for a full name
    at = 0
    while at < len(words):
        runs = [name.longest_run(words, at) for name in names]
        longest = max(runs, default=0)
        if not longest:
            at += 1
            continue
        named = [index for index, run in enumerate(runs) if run == longest]
        in_full = [index for index in named if len(names[index].words) == longest]
        mentions.append((starts[at], in_full or named, bool(in_full)))
        at += longest
    in_full_anywhere = {index for _, matching, in_full in mentions if in_full for index in matching}
    first: dict[int, int] = {}
    for position, matching, in_full in mentions:
        meant = matching if in_full else [index for index in matching if index in in_full_anywhere] or matching
        for index in meant:
            first.setdefault(index, position)
    for index, name in enumerate(names):
        for part in name.unspaced:
            position = folded.find(part)
            if position >= 0:
                first[index] = min(position, first.get(index, position))
    return first
