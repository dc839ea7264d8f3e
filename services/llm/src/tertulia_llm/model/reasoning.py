"""Finds the end of a reasoning block in a stream of text. Pure."""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import Final

from tertulia_llm.model.control_tokens import FIRST, Kind, Token, may_become_token, token_at
from tertulia_llm.model.openings import Opening
from tertulia_llm.model.preceding_text import CLOSING_QUOTES, opens_quote
from tertulia_llm.model.token_mentions import continues_sentence, is_mention

_TOKEN: Final = re.compile(rf"[{re.escape(FIRST)}]")
_FINAL: Final = re.compile(rf"[{re.escape(FIRST)}]|assistantfinal|\.\.\.done thinking\.")
_FENCE: Final = re.compile(rf"[{re.escape(FIRST)}]|\n```")
_RESPONSE: Final = re.compile(rf"[{re.escape(FIRST)}]|here(?: is|['\u2019]s) my response:", re.IGNORECASE)
_LONGEST_WORDS: Final = 24
"""The maximum length of the words that end reasoning."""
_WAIT: Final = -1
_DOUBT_CHARS: Final = 240
"""A weak guess is given up after so many characters, unless they show that they are reasoning."""
_TAG_DOUBT_CHARS: Final = 1000
"""The same for a tag that opens reasoning only if it is closed."""
_MENTION_CHARS: Final = 300
"""A tag that is not closed, and no longer text after it, may be a tag that the text is about."""
_SIGNS: Final = re.compile(
    r"\bthe user\b|\bin character\b|\bpersona\b|\brole-?play|\b(system )?prompt\b|\bmy (response|reply|answer)\b"
    r"|\b(i|we) (should|need to|must|have to|could|can|might) (\w+ )?(respond|reply|answer|greet|say|keep|stay|be|write"
    r"|ask|continue|acknowledge|mention|introduce|consider|give|tell|make)\b|\brespond(ing)?\b",
    re.IGNORECASE,
)
"""Words of a model that thinks about its reply."""


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

    def __init__(
        self, opening: Opening | None, *, is_channel: bool = False, tag: str = "", is_doubtful: bool = False
    ) -> None:
        """`opening` is None after a tag; `tag` is the tag, if it occurs in text; `is_doubtful`: see `Token`."""
        self._words = {
            Opening.GRANITE: _RESPONSE,
            Opening.ANALYSIS: _FINAL,
            Opening.GUESS: _FINAL,
            Opening.DOUBT: _FINAL,
            Opening.FENCE: _FENCE,
        }.get(opening or Opening.TEXT, _TOKEN)
        self._is_channel = is_channel
        self.is_guess = opening in (Opening.GUESS, Opening.DOUBT)
        """True if no tag opened the block, so that it may be the reply after all."""
        self.is_doubtful = is_doubtful or opening is Opening.DOUBT
        """True while it is not certain that the block is reasoning."""
        self._is_tag_doubtful = is_doubtful
        self._unclosed: list[str] | None = [tag] if tag else None
        """The tag and the text after it, while they may be text."""
        self._unclosed_chars = 0
        self._is_fallback = False
        self._depth = 1
        self._kept: list[str] | None = [] if self.is_guess else None
        self._tail = ""

    def kept(self, *, is_cut: bool) -> str:
        """The text that is the reply if the block is never closed.

        `is_cut`: True if the reply was cut off at the maximum of tokens. A guessed block then counts as reasoning.
        """
        if self._unclosed is not None and not is_cut:
            tag, *more = self._unclosed
            text = "".join(more)
            if self._is_tag_doubtful or continues_sentence(text) or text[:1] in (".", ","):
                return tag + text
        if self._kept is None or (is_cut and not self.is_doubtful and (self.is_guess or self._is_fallback)):
            return ""
        return "".join(self._kept)

    def is_disproved(self) -> bool:
        """Whether the block turned out to be text; called after each step, while it is doubtful."""
        if self._is_tag_doubtful:
            return self._unclosed_chars > _TAG_DOUBT_CHARS
        text = "".join(self._kept or ())
        if len(text) <= _DOUBT_CHARS:
            return False
        self.is_doubtful = _SIGNS.search(text[:_DOUBT_CHARS]) is None
        return self.is_doubtful

    def note(self, text: str) -> None:
        """Note what was read of the block, tokens included."""
        if self._unclosed is not None:
            self._unclosed.append(text)
            self._unclosed_chars += len(text)
            if self._unclosed_chars > _MENTION_CHARS and not self._is_tag_doubtful:
                self._unclosed = None

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
        is_text = self._is_text(text, end, token, is_final=is_final)
        if is_text is None:
            return _WAIT, None
        if is_text:
            self._keep(text[at:end])
            if token.kind is Kind.CLOSE and not self.is_guess:  # the reply follows if no other tag closes
                self._kept, self._is_fallback = [], True
            return end, None
        match token.kind:
            case Kind.OPEN:
                self._open()
            case Kind.CLOSE:
                self._depth -= 1
                if self._depth <= 0 or self._is_channel:
                    return end, ReasoningEnd.CLOSED
                self._kept, self._is_fallback = [], False
            case Kind.END if self._is_channel:
                return end, ReasoningEnd.CLOSED
            case Kind.TOOL if token.is_soft:
                self._keep(text[at:end])
            case Kind.DROP | Kind.BEGIN | Kind.ANSWER | Kind.ANSWER_END | Kind.FORMAT:
                pass
            case _:
                return end, _BY_KIND[token.kind]
        return end, None

    def _is_text(self, text: str, end: int, token: Token, *, is_final: bool) -> bool | None:
        """Whether the token before `end` is quoted or mentioned. None: more text is needed."""
        if opens_quote(self._tail):
            if end == len(text) and not is_final:
                return None
            return text[end : end + 1] == CLOSING_QUOTES[self._tail[-1]]
        if token.kind in (Kind.CLOSE, Kind.DROP):
            return False
        return is_mention(f"x{self._tail}", text[end:], is_final=is_final)

    def _open(self) -> None:
        if self.is_guess and not "".join(self._kept or ()).strip():
            self.is_guess, self.is_doubtful, self._kept, self._words = False, False, None, _TOKEN
        else:
            self._depth += 1

    def _keep(self, text: str) -> None:
        self._tail = (self._tail + text)[-2:] if len(text) < 2 else text[-2:]  # noqa: PLR2004 - the last two
        if self._kept is not None:
            self._kept.append(text)
