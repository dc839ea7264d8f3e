"""Compares a transcript with what was said."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from itertools import groupby
from typing import Final

_HINDI: Final = {
    letter: sound
    for sound, letters in {
        "k": "kqcxकखخقک", "g": "gगघغگ", "ch": "चछچ", "j": "jzजझजذزضظج", "t": "tdटठडढतथदधتٹدڈط", "p": "pपफپ", "f": "fफ़ف",
        "b": "bबभب", "m": "mमم", "r": "rरड़رڑ", "l": "lलل", "s": "sशषसثسشص",
    }.items()
    for letter in letters
}  # fmt: skip
"""Consonants of Hindi in three scripts. Vowels, nasals, h and v are left out: the scripts write them differently."""


def words(text: str, language: str = "") -> list[str]:
    """The words as they count for the comparison: in lower case, without punctuation.

    Whisper base writes Hindi in Urdu or Latin letters, and joins words. So each consonant counts as a word of Hindi.
    """
    found = "".join(" " if unicodedata.category(char)[0] in "PS" else char for char in text.lower()).split()
    if language != "hi":
        return found
    sounds = ([sound for char in word if (sound := _HINDI.get(char))] for word in found)
    return [sound for each in sounds for sound, _ in groupby(each)]


def word_errors(said: Sequence[str], heard: Sequence[str]) -> int:
    """The smallest number of words that were replaced, left out or added."""
    row = list(range(len(heard) + 1))
    for index, word in enumerate(said, 1):
        above, row = row, [index]
        for at, other in enumerate(heard, 1):
            row.append(min(above[at] + 1, row[-1] + 1, above[at - 1] + (word != other)))
    return row[-1]
