"""Finds out whether a text ends with words that take the rest of it back: "Tell me a story. Never mind." Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from tertulia_shared.phrases.tokens import tokens_of
from tertulia_shared.stop_phrases import MAX_TAKEN_BACK_TOKENS, ends_with_withdrawal
from tertulia_stt.turn_end import Completeness, completeness

_NEVER_MIND: Final = re.compile(r"([^.!?\u2026]+?)(?:\s+(?:oh|no|nope|sorry|actually))*\s+never\s?mind", re.IGNORECASE)
"""A text without punctuation that ends with "never mind". Other words, such as "stop", also end ordinary sentences."""


def takes_itself_back(text: str, names: Sequence[str] = ()) -> bool:
    """True if the last words of a short text take the others back. `names`: the names of the characters.

    Without punctuation, only "never mind" after a finished sentence does.
    """
    if ends_with_withdrawal(text, names):
        return True
    said = _NEVER_MIND.fullmatch(text.strip())
    if said is None or len(tokens_of(text)) > MAX_TAKEN_BACK_TOKENS:
        return False
    return completeness(said.group(1), punctuated=False, names=names) is Completeness.FINISHED
