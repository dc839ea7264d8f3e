"""Recognizes reasoning that begins without a tag, from the first words of a reply. Pure.

There are four such cases. Granite announces its reasoning in words. Some models put it into a block of code. gpt-oss,
behind a server that drops its special tokens, begins with the channel's name, joined to the first word. And if a chat
template writes the opening tag itself, the model does not send one. The last case can only be guessed: such reasoning
is *about* the user ("Okay, the user says hello"), while a character speaks *to* the user. Words that a character may
say as well ("Jay wants …", "Let me think") are a doubt: the words after them decide.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum, auto
from functools import lru_cache
from typing import Final


class Opening(Enum):
    """What the first words of a reply are."""

    GRANITE = auto()
    ANALYSIS = auto()
    FENCE = auto()
    CHANNEL = auto()
    """The name of a channel of reasoning, left over from a header without its first token."""
    GUESS = auto()
    DOUBT = auto()
    ROLE = auto()
    """The name of the model's role, which remains of a header whose special tokens were dropped."""
    TEXT = auto()
    UNDECIDED = auto()


_FIXED: Final = (
    (Opening.GRANITE, re.compile(r"here(?: is|'s) my thought process:", re.IGNORECASE)),
    (Opening.CHANNEL, re.compile(r"(?:assistant)?(?:analysis|commentary)<\|message\|>")),
    (Opening.ANALYSIS, re.compile(r"assistantanalysis|analysis(?=[A-Z])")),
    (Opening.ROLE, re.compile(r"(?:assistant)?final(?:<\|message\|>|(?=[A-Z]))|assistant(?:\n|(?=<\|))|model\n")),
    (Opening.FENCE, re.compile(r"``` ?(?:think|thinking|thoughts?|reasoning)[ \t]*\n", re.IGNORECASE)),
)
_FIXED_TEXTS: Final = (
    *("here is my thought process:", "here's my thought process:", "assistantanalysis", "assistantfinal<|message|>"),
    *(f"{role}{name}<|message|>" for role in ("", "assistant") for name in ("analysis", "commentary", "final")),
    *("assistant\n", "assistant<|", "model\n"),
    *(
        f"```{space}{word}\n"
        for space in ("", " ")
        for word in ("think", "thinking", "thought", "thoughts", "reasoning")
    ),
)
_INTERJECTIONS: Final = (
    *("okay", "ok", "alright", "all right", "hmm", "hm", "so", "well", "right", "now", "first", "got it", "wait", "oh"),
    *("ah", "let's see", "gut", "also", "bon", "alors", "bueno", "bene", "allora"),
)
_SEPARATORS: Final = ", .!:\u2026\n"
_WIDE_INTERJECTIONS: Final = ("\u55ef", "\u597d\u7684", "\u597d", "\u9996\u5148", "\uff0c", "\u3002", "\u3001")
_MOST_INTERJECTIONS: Final = 4
_VERBS: Final = (
    *("says", "said", "asks", "asked", "wants", "wanted", "is", "has", "just", "greets", "greeted", "seems", "wrote"),
    *("sent", "might", "may", "mentions", "mentioned", "likes", "needs", "started", "starts", "gave", "tells", "told"),
    *("opens", "opened", "expects", "provided", "did", "was"),
)
_SURE: Final = (
    *(f"the user {verb} " for verb in _VERBS),
    *("the user's name", "the user's message", "the user's input", "the user's question", "the user's request"),
    *("the user's last", "the user's first", "the user's latest", "the user, "),
    *("user says", "user asks", "user wants", "user said", "user: "),
    *(
        f"{who} {must} {do}"
        for who in ("i", "we")
        for must in ("need to", "should", "have to")
        for do in ("respond as ", "answer as ", "reply as ", "stay in character", "produce ", "respond to ")
    ),
    *("let me think about how ", "let's think about how ", "i'm supposed to respond as", "we are asked to"),
    *("thinking process:", "thinking...\n", "thinking\u2026\n", "der nutzer ", "der benutzer ", "l'utilisateur "),
    *("l'utente ", "el usuario ", "o usu\u00e1rio ", "de gebruiker ", "u\u017cytkownik ", "kullan\u0131c\u0131 "),
    "\u043f\u043e\u043b\u044c\u0437\u043e\u0432\u0430\u0442\u0435\u043b\u044c ",
    *("\u7528\u6237", "\u30e6\u30fc\u30b6\u30fc", "\u4f7f\u7528\u8005"),
)
_UNSURE: Final = (
    *("let me think", "let's think", "let's see what", "let me see", "i need to ", "i should ", "we need to "),
    *("we should ", "the conversation ", "the scene ", "considering ", "i'm playing ", "i am playing "),
)
_LONGEST: Final = 120
"""No opening, with its interjections, is longer."""


@lru_cache(maxsize=64)
def openings_of(names: tuple[str, ...]) -> Openings:
    """The openings in a talk of a user and a speaker with these names."""
    return Openings(names)


class Openings:
    """The openings of replies in a talk."""

    def __init__(self, names: Sequence[str] = ()) -> None:
        """`names`: those of the user and of the speaker."""
        lower = [name.lower() for name in names if name]
        verbs = [f"{name}{rest}" for name in lower for rest in ("'s ", *(f" {verb} " for verb in _VERBS))]
        self._unsure = (*_UNSURE, *verbs, *(f"i'm {name}" for name in lower), *(f"i am {name}" for name in lower))
        self._prefixes = frozenset(
            text[:length] for text in (*_SURE, *self._unsure, *_INTERJECTIONS) for length in range(len(text) + 1)
        )

    def opening_of(self, text: str) -> tuple[Opening, int]:
        """What the first words of a reply are, and how many characters to skip: announcements and headers are not text.

        `text` must begin with a character that is not white space.
        """
        head = text[:_LONGEST].lower().replace("\u2019", "'")
        for opening, pattern in _FIXED:
            if found := pattern.match(text.replace("\u2019", "'") if opening is Opening.GRANITE else text):
                return opening, found.end()
        if any(fixed.startswith(head) for fixed in _FIXED_TEXTS):
            return Opening.UNDECIDED, 0
        return self._guessed(head), 0

    def _guessed(self, head: str) -> Opening:
        for _ in range(_MOST_INTERJECTIONS):
            opening = self._without_interjection(head)
            if opening is not Opening.TEXT:
                return opening
            after = _after_interjection(head)
            if after == head:
                return Opening.TEXT
            head = after
        return Opening.TEXT

    def _without_interjection(self, head: str) -> Opening:
        if head.startswith(_SURE):
            return Opening.GUESS
        if head.startswith(self._unsure):
            return Opening.DOUBT
        return Opening.UNDECIDED if head in self._prefixes else Opening.TEXT


def _after_interjection(head: str) -> str:
    for word in _WIDE_INTERJECTIONS:
        if head.startswith(word):
            return head[len(word) :].lstrip()
    for word in _INTERJECTIONS:
        if head.startswith(word) and head[len(word) : len(word) + 1] in _SEPARATORS:
            return head[len(word) :].lstrip(_SEPARATORS)
    return head
