"""The text before a position in a reply: says whether the position is in quotes, in code, or where a line or a sentence
starts.
"""

from __future__ import annotations

import re
from typing import Final

QUOTES: Final = frozenset("\"'`\u201c\u201d\u201e\u2018\u2019\u201a\u00ab\u00bb\u2039\u203a\u300c\u300e")
CLOSING_QUOTES: Final = {
    **dict.fromkeys(QUOTES, "\0"),
    **{mark: mark for mark in "\"'`"},
    **dict(
        zip(
            "\u201c\u201d\u201e\u2018\u201a\u00ab\u00bb\u2039\u203a\u300c\u300e",
            "\u201d\u201d\u201c\u2019\u2018\u00bb\u00ab\u203a\u2039\u300d\u300f",
            strict=True,
        )
    ),
}
"""The mark that closes a quote, by the mark that opens it."""
_MAX_LINE_CHARS: Final = 2000
"""Only this much of the end of a line is examined to find out whether code is open."""
_BEFORE_QUOTE: Final = frozenset(" \t\n([{-\u2014")
_SENTENCE_END: Final = frozenset('.!?\u2026\u3002\uff01\uff1f"\u201d\u00bb)]*~>')
_BACKTICKS: Final = re.compile(r"`+")
_SPEAKER: Final = re.compile(r"\W*\w[\w.'-]*\W*:\W*")


def opens_quote(text: str) -> bool:
    """Whether a text ends with a quotation mark that opens a quote."""
    return text[-1:] in QUOTES and (len(text) == 1 or text[-2] in _BEFORE_QUOTE)


class PrecedingText:
    """The current line of the reply as far as it was added, and whether it is in a fenced code block."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._is_first_line = True
        self.is_fenced = False
        """True in a block of code."""

    def add(self, text: str) -> None:
        """Add text of the reply."""
        *lines, rest = text.split("\n")
        for line in lines:
            if f"{self.text}{line}".count("```") % 2:
                self.is_fenced = not self.is_fenced
            self._is_first_line = False
            self._parts = []
        self._parts.append(rest)

    def add_within_line(self, text: str) -> None:
        """Add text that has no line feed."""
        self._parts.append(text)

    @property
    def text(self) -> str:
        """The current line so far."""
        if len(self._parts) > 1:
            self._parts = ["".join(self._parts)]
        return self._parts[0] if self._parts else ""

    @property
    def is_blank(self) -> bool:
        """True if the current line has only white space so far."""
        return not self.text.strip()

    @property
    def is_quoted(self) -> bool:
        """True after an opening quotation mark, and inside code."""
        line = self.text
        if opens_quote(line):
            return True
        return self.is_fenced or _is_code(line[-_MAX_LINE_CHARS:])

    @property
    def is_after_sentence(self) -> bool:
        """True at the start of a line, after a sentence or a tag, and after the speaker's name at the start of the
        reply.
        """
        line = self.text.rstrip()
        return not line or line[-1] in _SENTENCE_END or (self._is_first_line and bool(_SPEAKER.fullmatch(line)))


def _is_code(line: str) -> bool:
    """True if inline code (between backticks) is still open at the end of the line. A backtick in a word is an
    apostrophe.
    """
    opened = 0
    for run in _BACKTICKS.finditer(line):
        length = len(run.group())
        if not opened and not line[: run.start()][-1:].isalnum():
            opened = length
        elif opened == length:
            opened = 0
    return opened > 0
