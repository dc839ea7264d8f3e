"""Finds the end of reasoning in a stream of text. Pure."""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import Final

from tertulia_llm.model.control_tokens import FIRST, Kind, Token, may_become_token, token_at
from tertulia_llm.model.line_context import QUOTES
from tertulia_llm.model.openings import Opening

_TOKEN: Final = re.compile(rf"[{re.escape(FIRST)}]")
_FINAL: Final = re.compile(rf"[{re.escape(FIRST)}]|assistantfinal")
_RESPONSE: Final = re.compile(rf"[{re.escape(FIRST)}]|here(?: is|['\u2019]s) my response:", re.IGNORECASE)
_LONGEST_WORDS: Final = 24
"""The longest words that end reasoning."""
_WAIT: Final = -1


class Leaving(Enum):
    """Why reasoning is left."""

    CLOSED = auto()
    ROLE = auto()
    """The role of a new turn follows."""
    CHANNEL = auto()
    CLOSED_CHANNEL = auto()
    END = auto()
    """The reply ended."""
    TOOL = auto()


_BY_KIND: Final = {
    Kind.CHANNEL: Leaving.CHANNEL,
    Kind.CLOSE_CHANNEL: Leaving.CLOSED_CHANNEL,
    Kind.TURN: Leaving.ROLE,
    Kind.ASSISTANT: Leaving.CLOSED,
    Kind.USER: Leaving.END,
    Kind.END: Leaving.END,
    Kind.TOOL: Leaving.TOOL,
}


class Reasoning:
    """One block of reasoning, from its opening tag on.

    Tags nest. What follows a closing tag of a nested block is kept: it is the reply if no further tag closes. A guessed
    block is kept whole for the same reason.
    """

    def __init__(self, opening: Opening | None, *, is_channel: bool = False) -> None:
        """`opening` is None after a tag."""
        self._words = {Opening.GRANITE: _RESPONSE, Opening.ANALYSIS: _FINAL, Opening.GUESS: _FINAL}.get(
            opening or Opening.TEXT, _TOKEN
        )
        self._is_channel = is_channel
        self.is_guess = opening is Opening.GUESS
        """True if no tag opened the block, so that it may be the reply."""
        self._depth = 1
        self._kept: list[str] | None = [] if self.is_guess else None
        self._last = ""

    def kept(self, *, is_cut: bool) -> str:
        """The text that is the reply if no further tag closes the block.

        `is_cut`: the model had more to write; then guessed reasoning was reasoning.
        """
        return "" if self._kept is None or (self.is_guess and is_cut) else "".join(self._kept)

    def read(self, text: str, at: int, *, is_final: bool) -> tuple[int, Leaving | None]:
        """Read on from `at`. Returns where to go on (-1: more text is needed), and why the block is left."""
        found = self._words.search(text, at)
        if found is None:
            # the end of the text may be the beginning of words that end the block
            end = len(text) if is_final or self._words is _TOKEN else max(at, len(text) - _LONGEST_WORDS)
            self._keep(text[at:end])
            return (end if end > at else _WAIT), None
        start = found.start()
        if start > at:
            self._keep(text[at:start])
            return start, None
        if len(found.group()) > 1:
            return found.end(), Leaving.CLOSED
        token = token_at(text, at)
        if token is not None:
            return self._token(text, at, token, is_final=is_final)
        if may_become_token(text, at) and not is_final:
            return _WAIT, None
        self._keep(text[at])
        return at + 1, None

    def _token(self, text: str, at: int, token: Token, *, is_final: bool) -> tuple[int, Leaving | None]:
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
                    return end, Leaving.CLOSED
                self._kept = []
            case Kind.END if self._is_channel:
                return end, Leaving.CLOSED
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
