"""Estimates which part of a sentence the user heard before its audio was stopped."""

from __future__ import annotations

import re
from typing import Final

_UNSPACED: Final = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_MARKS_ON_LETTER: Final = (
    "\u0300-\u036f\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ecd"
    "\u102b-\u103e\u17b4-\u17d3\u3099\u309a\ufe00-\ufe0f"
)
_WORD: Final = re.compile(
    # in scripts without spaces, a character is a word, together with the marks after it
    rf"[{_UNSPACED}][{_MARKS_ON_LETTER}]*(?:[^\w\s])*"
    rf"|[^\s{_UNSPACED}]+"
)


def heard_part(written: str, duration: int, played: int) -> str:
    """The words of `written` that were spoken when `played` of the sentence's `duration` was played. Both are in
    samples, or in another unit.

    The number of words is estimated from the share of letters. Only complete words are returned; in scripts without
    spaces, each character is a word. If the sentence was not played to its end, the result never contains all of it.
    """
    if played <= 0:
        return ""
    if played >= duration:
        return written
    # letters times samples: an integer, so that rounding cannot add the last word
    played_letters = played * _letters(written)
    end = letters = 0
    for word in _WORD.finditer(written):
        letters += _letters(word.group())
        if letters * duration > played_letters:
            break
        if letters:
            end = word.end()
    return written[:end]


def _letters(text: str) -> int:
    return sum(map(str.isalnum, text))
