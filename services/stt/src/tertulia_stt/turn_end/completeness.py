"""Judges from the text whether the user has finished."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum


class Completeness(Enum):
    """Whether a text is a finished utterance."""

    FINISHED = "finished"
    """A complete sentence, question, request or answer."""
    UNCLEAR = "unclear"
    """The text may end here, or go on."""
    OPEN = "open"
    """More words must follow, for example after "and" or "I want to"."""


def completeness(text: str, *, punctuated: bool, names: Sequence[str] = (), language: str = "") -> Completeness:
    """Judge a text.

    `punctuated`: whether the recognizer writes punctuation. `names`: the names of the characters. `language`: a BCP 47
    tag; if it is empty, the text shows the language.
    """
    stripped = text.rstrip()
    if stripped.endswith((",", "…", "...")):
        return Completeness.OPEN
    if punctuated and stripped.endswith((".", "?", "!", "。", "？", "！")):
        return Completeness.FINISHED
    return Completeness.UNCLEAR
