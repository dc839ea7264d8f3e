"""Recognizes events that differ from an earlier one only in their text, as most events of a response do. Pure.

The bytes around the text are compared, and no JSON is read. This takes a fourth of the time.
"""

from __future__ import annotations

import re
from typing import Final

_KEY: Final = b'"content"'
_SPACE_AND_QUOTE: Final = re.compile(rb'\s*:\s*"')
_NOT_LITERAL: Final = re.compile(rb'["\\\x00-\x1f]')
"""Bytes that do not stand for themselves in a string of JSON."""
_MAX_USELESS: Final = 3
"""After this many frames that no other event had, each event of the response has a frame of its own."""


class EventFrame:
    """The bytes around the text in the events of one response."""

    __slots__ = ("_after", "_before", "_is_known", "_is_useful", "_useless")

    def __init__(self) -> None:
        self._before = self._after = b""
        self._is_known = False
        self._is_useful = True
        self._useless = 0

    def text_of(self, line: bytes) -> str | None:
        """The text of an event with this frame; None if the event must be read as JSON."""
        if not (self._is_known and line.startswith(self._before) and line.endswith(self._after)):
            return None
        text = line[len(self._before) : len(line) - len(self._after)]
        if not text or _NOT_LITERAL.search(text):
            return None
        try:
            decoded = text.decode()
        except UnicodeDecodeError:
            return None
        self._is_useful = True
        return decoded

    def learn(self, line: bytes, text: str) -> None:
        """Take the frame of an event that has nothing but this text, in the field `content` of its only choice."""
        if not self._is_useful:
            self._useless += 1
        if self._useless >= _MAX_USELESS or line.count(_KEY) != 1:
            self._is_known = False
            return
        value = _SPACE_AND_QUOTE.match(line, line.index(_KEY) + len(_KEY))
        content = text.encode("utf-8", "surrogatepass")
        end = value.end() + len(content) if value else 0
        self._is_known = value is not None and line.startswith(content + b'"', value.end())
        if self._is_known and value is not None:
            self._before, self._after, self._is_useful = line[: value.end()], line[end:], False

    def forget(self) -> None:
        """Read the next event as JSON, whatever is around its text."""
        self._is_known = False
