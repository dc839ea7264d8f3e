"""Decides which language a session speaks, from Whisper's probabilities for each piece. Pure.

The first piece of speech that is clear enough decides. Each later piece is checked: the session changes to another
language after one long piece or two successive pieces in which Whisper is sure of it. A single short word ("okay",
"ciao") changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_CLEAR: Final = 0.5
"""Probability from which a piece can decide the language of a session that has none yet."""
_SURE: Final = 0.8
"""Probability from which a piece counts as another language than the session's."""
_LONG_S: Final = 3.0
"""A piece with this much speech can change the language alone."""
_SHORT_S: Final = 0.6
"""A piece with less speech decides nothing: one syllable has no language."""


class LanguageTracker:
    """The language of one session. `fixed`: the language that was set; "" to detect it."""

    def __init__(self, fixed: str = "") -> None:
        self._fixed = fixed
        self._language = fixed
        self._other = ""  # the other language of which the previous piece was sure

    @property
    def language(self) -> str:
        """The language; "" as long as it is unknown."""
        return self._language

    @property
    def is_fixed(self) -> bool:
        """True if the language was set."""
        return bool(self._fixed)

    def guess(self, probabilities: Mapping[str, float]) -> str:
        """The language in which a text is written. Decides nothing."""
        return self._language or _best(probabilities)

    def decide(self, probabilities: Mapping[str, float], speech_s: float) -> str:
        """Take a piece into account. Returns the language in which its text is written."""
        best = _best(probabilities)
        if self._fixed or speech_s < _SHORT_S:
            return self.guess(probabilities)
        if not self._language:
            if probabilities[best] >= _CLEAR:
                self._language = best
            return best
        other = best if best != self._language and probabilities[best] >= _SURE else ""
        if other and (speech_s >= _LONG_S or other == self._other):
            self._language, other = other, ""
        self._other = other
        return self._language


def _best(probabilities: Mapping[str, float]) -> str:
    return max(probabilities, key=lambda language: probabilities[language])
