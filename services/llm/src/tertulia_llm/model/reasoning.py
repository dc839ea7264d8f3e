"""Finds the end of a reasoning block in a stream of text. Pure."""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import Final

from tertulia_llm.model.control_tokens import FIRST, Kind, Token, may_become_token, token_at
from tertulia_llm.model.openings import Opening
from tertulia_llm.model.preceding_text import QUOTES

_TOKEN: Final = re.compile(rf"[{re.escape(FIRST)}]")
_FINAL: Final = re.compile(rf"[{re.escape(FIRST)}]|assistantfinal")
_RESPONSE: Final = re.compile(rf"[{re.escape(FIRST)}]|here(?: is|['\u2019]s) my response:", re.IGNORECASE)
_LONGEST_WORDS: Final = 24
"""The maximum length of the words that end reasoning."""
_WAIT: Final = -1


class ReasoningEnd(Enum):
    """The event that ended a reasoning block."""

    CLOSED = auto()
    ROLE = auto()
    """A new turn begins; its role follows."""
    CHANNEL = auto()
    CLOSED_CHANNEL = auto()
    END = auto()
    """The whole reply ended."""
    TOOL = auto()


_BY_KIND: Final = {
    Kind.CHANNEL: ReasoningEnd.CHANNEL,
    Kind.CLOSE_CHANNEL: ReasoningEnd.CLOSED_CHANNEL,
    Kind.TURN: ReasoningEnd.ROLE,
    Kind.ASSISTANT: ReasoningEnd.CLOSED,
    Kind.USER: ReasoningEnd.END,
    Kind.END: ReasoningEnd.END,
    Kind.TOOL: ReasoningEnd.TOOL,
}


class Reasoning:
    """One block of reasoning, from its opening tag on.

    Reasoning tags can be nested. The text after the closing tag of a nested block is kept: if the outer block is never
    closed, this text is the reply. For the same reason, all text of a guessed block is kept.
    """

    def __init__(self, opening: Opening | None, *, is_channel: bool = False) -> None:
        """`opening`: None if a tag opened the block."""
        self._words = {Opening.GRANITE: _RESPONSE, Opening.ANALYSIS: _FINAL, Opening.GUESS: _FINAL}.get(
            opening or Opening.TEXT, _TOKEN
        )
        self._is_channel = is_channel
        self.is_guess = opening is Opening.GUESS
        """True if no tag opened the block, so that it may be the reply after all."""
        self._depth = 1
        self._kept: list[str] | None = [] if self.is_guess else None
        self._last = ""

    def kept(self, *, is_cut: bool) -> str:
        """The text that is the reply if the block is never closed.

        `is_cut`: True if the reply was cut off at the maximum of tokens. A guessed block then counts as reasoning.
        """
        return "" if self._kept is None or (self.is_guess and is_cut) else "".join(self._kept)

    def read(self, text: str, at: int, *, is_final: bool) -> tuple[int, ReasoningEnd | None]:
        """Read one step from the index `at`. Returns the index of the next step (-1: wait for more text), and the event
        that ended the block there (None: the block goes on).
        """
        found = self._words.search(text, at)
        if found is None:
            # the words that end the block may have begun at the end of the text
            end = len(text) if is_final or self._words is _TOKEN else max(at, len(text) - _LONGEST_WORDS)
            self._keep(text[at:end])
            return (end if end > at else _WAIT), None
        start = found.start()
        if start > at:
            self._keep(text[at:start])
            return start, None
        if len(found.group()) > 1:
            return found.end(), ReasoningEnd.CLOSED
        token = token_at(text, at)
        if token is not None:
            return self._token(text, at, token, is_final=is_final)
        if may_become_token(text, at) and not is_final:
            return _WAIT, None
        self._keep(text[at])
        return at + 1, None

    def _token(self, text: str, at: int, token: Token, *, is_final: bool) -> tuple[int, ReasoningEnd | None]:
        end = at + token.length
        if self._last in QUOTES:
            if end == len(text) and not is_final:
                return _WAIT, None
            if text[end : end + 1] == self._last:
                self._keep(text[at:end])
                return end, None
        match token.kind:
            case Kind.OPEN:
                self._open()
            case Kind.CLOSE:
                self._depth -= 1
                if self._depth <= 0 or self._is_channel:
                    return end, ReasoningEnd.CLOSED
                self._kept = []
            case Kind.END if self._is_channel:
                return end, ReasoningEnd.CLOSED
            case Kind.TOOL if token.is_soft:
                self._keep(text[at:end])
            case Kind.DROP | Kind.BEGIN | Kind.ANSWER | Kind.ANSWER_END:
                pass
            case _:
                return end, _BY_KIND[token.kind]
        return end, None

    def _open(self) -> None:
        if self.is_guess and not "".join(self._kept or ()).strip():
            self.is_guess, self._kept, self._words = False, None, _TOKEN
        else:
            self._depth += 1

    def _keep(self, text: str) -> None:
        self._last = text[-1:] or self._last
        if self._kept is not None:
            self._kept.append(text)
