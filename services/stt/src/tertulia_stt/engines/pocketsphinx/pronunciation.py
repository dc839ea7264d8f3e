"""Guesses the pronunciation of names, in the phones of the CMU dictionary.

It uses the dictionary's entry of the name; if there is none, two words of which the name consists (Star+buck); else
letter rules. A rough guess is enough: the decoder recognizes a name whose phones are nearly right, but never a name
without phones.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from typing import Final, TypeAlias

Lookup: TypeAlias = Callable[[str], str | None]
"""Maps a lower-case word, or a variant such as `read(2)`, to its phones; None if the word is not in the dictionary."""

_MIN_PART: Final = 3
"""Minimum length of a dictionary word that is used as part of a name. Shorter words are mostly abbreviations."""

_LETTERS: Final = {
    "tch": "CH", "sch": "SH", "igh": "AY", "eau": "OW",
    "th": "TH", "sh": "SH", "ch": "CH", "ph": "F", "ck": "K", "ng": "NG", "qu": "K W", "wh": "W", "kn": "N",
    "wr": "R", "gh": "G", "ee": "IY", "ea": "IY", "ie": "IY", "ei": "AY", "ey": "IY", "ai": "EY", "ay": "EY",
    "oo": "UW", "ou": "UW", "ow": "OW", "oa": "OW", "oi": "OY", "oy": "OY", "au": "AO", "aw": "AO", "ue": "UW",
    "er": "ER", "ir": "ER", "ur": "ER", "ar": "AA R", "or": "AO R", "ce": "S", "ci": "S IH", "cy": "S IY",
    "ge": "JH", "gi": "JH IH",
    "a": "AE", "b": "B", "c": "K", "d": "D", "e": "EH", "f": "F", "g": "G", "h": "HH", "i": "IH", "j": "JH", "k": "K",
    "l": "L", "m": "M", "n": "N", "o": "OW", "p": "P", "q": "K", "r": "R", "s": "S", "t": "T", "u": "UW", "v": "V",
    "w": "W", "x": "K S", "y": "IY", "z": "Z",
}  # fmt: skip
_FINAL: Final = {"a": "AH", "o": "OW", "i": "IY", "y": "IY", "e": ""}
"""Letters that sound different at the end of a name: Ada, Leo, Kiki, Amy, Jane."""


def spoken_words(words: Iterable[str]) -> dict[str, str]:
    """Map each single word (plain lower-case letters) to its written form. Leaves out words without Latin letters."""
    found: dict[str, str] = {}
    for written in (part for word in words for part in re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)*", word)):
        decomposed = unicodedata.normalize("NFKD", written).lower()
        plain = "".join(letter for letter in decomposed if "a" <= letter <= "z" or letter == "'")
        letters = sum(character.isalpha() for character in decomposed)
        if plain and len(plain.replace("'", "")) == letters:
            found.setdefault(plain, written)
    return found


def pronunciations(word: str, lookup: Lookup) -> list[str]:
    """The pronunciations of `word` (plain lower-case letters), best first; never empty."""
    known = _known(word, lookup)
    if known:
        return known
    for cut in sorted(range(_MIN_PART, len(word) - _MIN_PART + 1), key=lambda cut: abs(len(word) - 2 * cut)):
        first, second = lookup(word[:cut]), lookup(word[cut:])
        if first and second:
            return [f"{first} {second}"]
    return [by_letters(word)]


def by_letters(word: str) -> str:
    """The phones of a word by letter rules. If several rules match, the rule for the most letters is used."""
    word = re.sub(r"([^aeiou])\1", r"\1", word.replace("'", ""))
    phones: list[str] = []
    at = 0
    while at < len(word):
        if at == len(word) - 1 and at > 0 and word[at] in _FINAL:
            phones.append(_FINAL[word[at]])
            break
        size = next(size for size in (3, 2, 1) if word[at : at + size] in _LETTERS)
        phones.append(_LETTERS[word[at : at + size]])
        at += size
    return " ".join(phone for phone in phones if phone)


def _known(word: str, lookup: Lookup) -> list[str]:
    found: list[str] = []
    phones = lookup(word)
    while phones is not None and phones not in found:
        found.append(phones)
        phones = lookup(f"{word}({len(found) + 1})")
    return found
