"""Of a reply that was cut off, which text did the user hear?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_MS_PER_LETTER: Final = 65
"""Ordinary English speech: about 150 words a minute of six letters and marks each. Only the last resort, for a sentence
whose audio is not all there and that has no finished one before it to take the pace from."""

_UNSPACED: Final = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_MARKS_ON_LETTER: Final = (
    "\u0300-\u036f\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ecd"
    "\u102b-\u103e\u17b4-\u17d3\u3099\u309a\ufe00-\ufe0f"
)
_WORD: Final = re.compile(
    rf"[{_UNSPACED}][{_MARKS_ON_LETTER}]*(?:[^\w\s])*"  # a character is a word, with the marks that close it
    rf"|[^\s{_UNSPACED}]+"
)


@dataclass(frozen=True, slots=True)
class SpokenSentence:
    """A sentence and the audio that the client has of it.

    ``duration_ms`` is the length of the audio known so far; ``complete`` says that no more of it will come.
    """

    written: str
    duration_ms: int
    complete: bool


def heard_text(sentences: Sequence[SpokenSentence], played_ms: int) -> str:
    """The beginning of the reply's text that was heard in the first ``played_ms`` milliseconds of its audio.

    Sentences played to their end are whole. Of the one that was cut, as many words as its share of letters comes to:
    never a part of a word (in scripts without spaces, each character is one). A sentence that is not complete is never
    whole: its length is guessed at the pace of those before it. Nothing played, nothing heard.

    The result is a prefix of the joined ``written`` texts, and grows with ``played_ms``.
    """
    if played_ms <= 0:
        return ""
    heard: list[str] = []
    letters = spoken_ms = 0
    left_ms = played_ms
    for sentence in sentences:
        count = _letters(sentence.written)
        if not sentence.complete:
            pace = spoken_ms / letters if letters and spoken_ms else _MS_PER_LETTER
            guessed_ms = max(sentence.duration_ms + 1, round(count * pace))
            heard.append(_cut(sentence.written, left_ms, guessed_ms))
            break
        if left_ms < sentence.duration_ms:
            heard.append(_cut(sentence.written, left_ms, sentence.duration_ms))
            break
        heard.append(sentence.written)
        left_ms -= sentence.duration_ms
        letters += count
        spoken_ms += sentence.duration_ms
    return "".join(heard)


def _letters(text: str) -> int:
    return sum(map(str.isalnum, text))


def _cut(written: str, played_ms: int, duration_ms: int) -> str:
    """The whole words of ``written`` spoken in ``played_ms`` of its ``duration_ms``; never all of it."""
    total = _letters(written)
    played = min(played_ms, duration_ms - 1) * total  # in letter-milliseconds: no rounding, so strictly below the total
    end = letters = 0
    for word in _WORD.finditer(written):
        letters += _letters(word.group())
        if letters * duration_ms > played:
            break
        if letters:
            end = word.end()
    return written[:end]
