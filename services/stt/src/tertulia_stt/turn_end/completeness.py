"""The result of judging a text."""

from __future__ import annotations

from enum import Enum


class Completeness(Enum):
    """Whether a text is a finished utterance."""

    FINISHED = "finished"
    """A complete sentence, question, request or answer."""
    UNCLEAR = "unclear"
    """The text may be finished or not."""
    OPEN = "open"
    """More words must follow, for example after "and" or "I want to"."""
