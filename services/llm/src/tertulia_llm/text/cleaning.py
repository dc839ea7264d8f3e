"""`clean_text` for text in pieces: a piece may end between the halves of a surrogate pair or of CRLF. Pure."""

from __future__ import annotations

from tertulia_shared.text import clean_text


class StreamCleaner:
    """Feed it the pieces; what comes out, put together, is what `clean_text` makes of the whole."""

    def __init__(self) -> None:
        self._held = ""

    def feed(self, piece: str) -> str:
        """The clean text that is certain by now."""
        text = self._held + piece
        self._held = text[-1:] if text[-1:] == "\r" or "\ud800" <= text[-1:] <= "\udbff" else ""
        return clean_text(text[: len(text) - len(self._held)])

    def finish(self) -> str:
        """The rest."""
        rest, self._held = clean_text(self._held), ""
        return rest
