"""Recognizes reasoning that begins without a tag, from the first words of a reply. Pure.

There are three such cases. Granite announces its reasoning in words. gpt-oss, behind a server that drops its special
tokens, begins with the channel's name, joined to the first word. And if a chat template writes the opening tag itself,
the model does not send one. The last case can only be guessed: such reasoning is *about* the user ("Okay, the user says
hello"), while a character speaks *to* the user.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from itertools import product
from typing import Final


class Opening(Enum):
    """What the first words of a reply are."""

    GRANITE = auto()
    ANALYSIS = auto()
    GUESS = auto()
    ROLE = auto()
    """The name of the model's role, which remains of a header whose special tokens were dropped."""
    TEXT = auto()
    UNDECIDED = auto()


_GRANITE: Final = ("here is my thought process:", "here's my thought process:")
_ANALYSIS: Final = re.compile(r"analysis(?=[A-Z])")
_ROLE: Final = re.compile(r"assistant\n")
_WORDED: Final = ("analysis", "assistant")
_INTERJECTIONS: Final = ("", "okay, ", "okay. ", "ok, ", "alright, ", "all right, ", "hmm, ", "hmm. ", "so ", "well, ")
_MORE: Final = ("right, ", "now, ", "first, ", "got it, ", "okay, so ", "ok, so ", "alright, so ", "hmm, so ")
_THOUGHTS: Final = (
    *("the user ", "the user's ", "the user, ", "user says", "user asks", "user wants", "user said"),
    *("we need to respond as ", "we need to answer as ", "we need to reply as ", "we need to produce "),
    *("i need to respond as ", "i should respond as ", "i need to reply as ", "i should reply as "),
    *("let me think about how ", "let's think about how ", "i'm supposed to respond"),
)
_GUESSES: Final = tuple(map("".join, product((*_INTERJECTIONS, *_MORE), _THOUGHTS)))
_PREFIXES: Final = frozenset(
    text[:length] for text in (*_GRANITE, *_WORDED, *_GUESSES) for length in range(len(text) + 1)
)
_LONGEST: Final = max(map(len, (*_GRANITE, *_GUESSES)))


def opening_of(text: str) -> tuple[Opening, int]:
    """What the first words of a reply are, and how many characters to skip: announcements and headers are not part of
    the text.

    `text` must begin with a character that is not white space.
    """
    head = text[:_LONGEST].lower().replace("\u2019", "'")
    for sentence in _GRANITE:
        if head.startswith(sentence):
            return Opening.GRANITE, len(sentence)
    if found := _ANALYSIS.match(text):
        return Opening.ANALYSIS, found.end()
    if found := _ROLE.match(text):
        return Opening.ROLE, found.end()
    if head.startswith(_GUESSES):
        return Opening.GUESS, 0
    return (Opening.UNDECIDED, 0) if head in _PREFIXES else (Opening.TEXT, 0)
