"""Says what stands before a place in a text: a quote, code, the start of a line or of a sentence. Pure."""

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
"""No more of a line decides whether its end is code."""
_BEFORE_QUOTE: Final = frozenset(" \t\n([{-\u2014")
_SENTENCE_END: Final = frozenset('.!?\u2026\u3002\uff01\uff1f"\u201d\u00bb)]*~>')
_BACKTICKS: Final = re.compile(r"`+")
_SPEAKER: Final = re.compile(r"\W*\w[\w.'-]*\W*:\W*")


def opens_quote(text: str) -> bool:
    """Whether a text ends with a quotation mark that opens a quote."""
    return text[-1:] in QUOTES and (len(text) == 1 or text[-2] in _BEFORE_QUOTE)


class LineContext:
    """The line that is being written, and whether it lies in a block of code."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._is_first_line = True
        self.is_fenced = False
        """True in a block of code."""

    def add(self, text: str) -> None:
        """Add text that was written."""
        *lines, rest = text.split("\n")
        for line in lines:
            if f"{self.text}{line}".count("```") % 2:
                self.is_fenced = not self.is_fenced
            self._is_first_line = False
            self._parts = []
        self._parts.append(rest)

    def add_within_line(self, text: str) -> None:
        """Add text without a line feed."""
        self._parts.append(text)

    @property
    def text(self) -> str:
        """The line so far."""
        if len(self._parts) > 1:
            self._parts = ["".join(self._parts)]
        return self._parts[0] if self._parts else ""

    @property
    def is_blank(self) -> bool:
        """True at the start of a line."""
        return not self.text.strip()

    @property
    def is_quoted(self) -> bool:
        """True after an opening quotation mark, and in code."""
        line = self.text
        if opens_quote(line):
            return True
        return self.is_fenced or _is_code(line[-_MAX_LINE_CHARS:])

    @property
    def is_after_sentence(self) -> bool:
        """True at the start of a line, after a whole sentence or a tag, and after the speaker's name."""
        line = self.text.rstrip()
        return not line or line[-1] in _SENTENCE_END or (self._is_first_line and bool(_SPEAKER.fullmatch(line)))


def _is_code(line: str) -> bool:
    """Whether code between backticks is open at the end of a line. A backtick in a word is an apostrophe."""
    opened = 0
    for run in _BACKTICKS.finditer(line):
        length = len(run.group())
        if not opened and not line[: run.start()][-1:].isalnum():
            opened = length
        elif opened == length:
            opened = 0
    return opened > 0
