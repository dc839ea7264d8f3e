"""Where a sentence continues if its engine cannot make the same sound again. Pure.

A worker that takes a message over has another rendition of the sentence, in which every word lies elsewhere. So it does
not continue at a sample, but at the beginning of a clause. How much of the text was spoken is estimated from the time,
with the pace of a slow voice: words may be said again, but none is left out.
"""

from __future__ import annotations

import unicodedata
from typing import Final

from tertulia_tts.engine import BYTES_PER_SAMPLE, SAMPLE_RATE
from tertulia_tts.spoken_text import clause_ends

RESTART_GAP_MS: Final = 200
"""Silence before a sentence continues. It separates the two renditions."""

_SLOW_MS: Final = 100
"""Time that a slow voice takes for a character of an alphabet. A usual voice takes 65 ms."""
_SLOW_WIDE_MS: Final = 350
"""The same for a character of Chinese, Japanese or Korean, which is a syllable or more."""
_SLOW_DIGIT_MS: Final = 600


class SpokenText:
    """Follows how much of a sentence was spoken. `start`: where in the text this rendition begins. `silence_ms`: the
    sound begins with so much silence.
    """

    def __init__(self, text: str, start: int = 0, silence_ms: float = 0.0) -> None:
        self._text = text
        self._at = start
        self._left_ms = -silence_ms
        """Time that was spoken since the character at `_at`."""

    def spoken(self, pcm_bytes: int) -> int:
        """Add sound. Returns the number of characters that have certainly been spoken."""
        self._left_ms += pcm_bytes * 1000 / (SAMPLE_RATE * BYTES_PER_SAMPLE)
        while self._at < len(self._text) - 1 and self._left_ms >= (takes := _slow_ms(self._text[self._at])):
            self._left_ms -= takes
            self._at += 1
        return self._at

    @property
    def end(self) -> int:
        """What `spoken` would return after the last sound of the sentence."""
        return len(self._text)


def restart_at(text: str, spoken: int) -> int:
    """Where the sentence continues if `spoken` characters of it have been spoken: at the beginning of a clause."""
    if spoken >= len(text):
        return len(text)
    return max((end for end in clause_ends(text) if end <= spoken), default=0)


def _slow_ms(char: str) -> float:
    if char.isdigit():
        return _SLOW_DIGIT_MS
    return _SLOW_WIDE_MS if unicodedata.east_asian_width(char) in "WF" else _SLOW_MS
