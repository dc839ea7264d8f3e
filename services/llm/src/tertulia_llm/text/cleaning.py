"""`clean_text` for a stream: a piece may end between the halves of a surrogate pair or of CRLF. Pure."""

from __future__ import annotations

from tertulia_shared.text import clean_text


class StreamCleaner:
    """Cleans text piece by piece. The joined results equal `clean_text` of the whole."""

    def __init__(self) -> None:
        self._pending = ""

    def feed(self, piece: str) -> str:
        """Take a piece; return the clean text, without a character that may be half of a pair."""
        text = self._pending + piece
        self._pending = text[-1:] if text[-1:] == "\r" or "\ud800" <= text[-1:] <= "\udbff" else ""
        return clean_text(text[: len(text) - len(self._pending)])

    def finish(self) -> str:
        """Return the delayed character, cleaned."""
        rest, self._pending = clean_text(self._pending), ""
        return rest
