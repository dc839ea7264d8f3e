"""`clean_text` for a stream, in which a surrogate pair or CRLF may be split between two pieces. Pure."""

from __future__ import annotations

from tertulia_shared.text import clean_text


class StreamCleaner:
    """Cleans text piece by piece. The results, joined, equal `clean_text` of the whole text."""

    def __init__(self) -> None:
        self._pending = ""

    def feed(self, piece: str) -> str:
        """Take a piece; return its clean text. A last character that may be the first half of a pair is delayed."""
        text = self._pending + piece
        self._pending = text[-1:] if text[-1:] == "\r" or "\ud800" <= text[-1:] <= "\udbff" else ""
        return clean_text(text[: len(text) - len(self._pending)])

    def finish(self) -> str:
        """Return the delayed character, cleaned."""
        rest, self._pending = clean_text(self._pending), ""
        return rest
