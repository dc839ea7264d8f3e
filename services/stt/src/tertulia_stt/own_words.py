"""Finds the user's words in the text of an utterance that begins with the words of an echo. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import Final

MAX_REVISED: Final = 2
"""The recognizer may still change this many words at the end of a partial text."""


def own_words(text: str, earlier: Sequence[tuple[int, str]], user_from: int) -> str:
    """The words of `text` that came after the user began to speak.

    Args:
        text: the text of the utterance, partial or final.
        earlier: the earlier partial texts, with the samples at which they came.
        user_from: the sample at which the user began to speak.
    """
    before = next((said for at, said in reversed(earlier) if at <= user_from), "").split()
    words = text.split()
    pairs = zip(before, words, strict=False)
    same = sum(1 for _ in takewhile(lambda pair: pair[0].casefold() == pair[1].casefold(), pairs))
    return " ".join(words[max(same, len(before) - MAX_REVISED) :])
