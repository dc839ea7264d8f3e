"""Reads the name that follows the token of a turn or of a channel, and the headings with which a turn can begin.
Pure.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import Final


class Expected(Enum):
    """Which name follows a token."""

    ROLE = auto()
    CHANNEL = auto()
    CLOSED_CHANNEL = auto()
    FORMAT = auto()


class Header(Enum):
    """What the text after a name is."""

    REASONING = auto()
    REPLY = auto()
    OTHER_TURN = auto()


_NAME: Final = re.compile(r"[^\S\n]*([A-Za-z_]*)(?:[^\S\n]+(?:to|name)=[^\s<]*)?[^\S\n]*\n?")
_MAX_NAME_CHARS: Final = 80
_MODEL_ROLES: Final = frozenset({"assistant", "model", "ai", "bot", "gpt", "chatbot"})
_OTHER_ROLES: Final = frozenset({"user", "system", "tool", "human", "ipython", "function", "developer", "observation"})
_REASONING_CHANNELS: Final = frozenset(
    {"analysis", "commentary", "thought", "thoughts", "think", "thinking", "reasoning", "self"}
)
_REPLY_CHANNELS: Final = frozenset({"final", "response", "answer", "reply", "message", "text"})

_USER_HEADINGS: Final = ("user", "human", "instruction", "instructions", "input", "system")
_MODEL_HEADINGS: Final = ("assistant", "response", "ai")
_HEADINGS: Final = {
    f"{marks}{space}{role}{end}": role in _MODEL_HEADINGS
    for marks in ("##", "###", "####")
    for space in ("", " ")
    for role in (*_USER_HEADINGS, *_MODEL_HEADINGS)
    for end in (":", "\n")
}
_HEADING_PREFIXES: Final = frozenset(text[:length] for text in _HEADINGS for length in range(1, len(text)))
_LONGEST_HEADING: Final = max(map(len, _HEADINGS))


def name_at(text: str, at: int, expected: Expected, *, is_final: bool) -> tuple[Header, int] | None:
    """What the text after the name at `at` is, and the index of that text. None: wait for more text.

    A name that is not known is not a name: it is the beginning of the reply.
    """
    found = _NAME.match(text, at)
    end = at if found is None else found.end()
    if end == len(text) and text[-1] != "\n" and end - at < _MAX_NAME_CHARS and not is_final:
        return None
    name = "" if found is None else found.group(1).lower()
    if expected in (Expected.CLOSED_CHANNEL, Expected.FORMAT):
        return Header.REPLY, end
    if expected is Expected.CHANNEL:
        if name in _REASONING_CHANNELS:
            return Header.REASONING, end
        return Header.REPLY, end if name in _REPLY_CHANNELS else at
    if name in _OTHER_ROLES:
        return Header.OTHER_TURN, end
    return Header.REPLY, end if name in _MODEL_ROLES else at


def role_heading(text: str, at: int) -> tuple[bool, int] | None:
    """The heading at `at`, such as `### User:`: True if its role is the model's, and its length. None: no heading."""
    head = text[at : at + _LONGEST_HEADING].lower()
    for heading, is_model in _HEADINGS.items():
        if head.startswith(heading):
            return is_model, len(heading)
    return None


def may_become_heading(text: str, at: int) -> bool:
    """True if the text from `at` to its end may be the beginning of such a heading."""
    return text[at : at + _LONGEST_HEADING].lower() in _HEADING_PREFIXES
