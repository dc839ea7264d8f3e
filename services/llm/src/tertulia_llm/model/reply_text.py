"""Collects the text of a reply, and knows what comes before the current position. Pure."""

from __future__ import annotations

from tertulia_llm.model.preceding_text import PrecedingText


class ReplyText:
    """The text that is certainly part of the reply."""

    def __init__(self) -> None:
        self.has_text = False
        """True once the reply has more than white space."""
        self.skips_space = False
        """True if the white space that comes next is to be dropped."""
        self.is_after_block = False
        """True after reasoning, until the next text."""
        self.line = PrecedingText()
        self._new: list[str] = []

    @property
    def is_plain(self) -> bool:
        """True if `add_plain` can add the next text, provided that it has no line feed."""
        return self.has_text and not (self.skips_space or self.is_after_block)

    @property
    def may_open_block(self) -> bool:
        """True at positions where reasoning may begin."""
        return self.is_after_block or self.line.is_after_sentence

    def take(self) -> str:
        """Return the text added by `add` since the last call."""
        text = "".join(self._new)
        self._new.clear()
        return text

    def add_plain(self, text: str) -> None:
        """Note text without a line feed, which `take` will not return. Allowed only if `is_plain`."""
        self.line.add_within_line(text)

    def add(self, text: str) -> None:
        """Add any text."""
        if self.skips_space:
            text = text.lstrip()
        if not text:
            return
        if not text.isspace():
            self.has_text = True
            self.is_after_block = False
        self.skips_space = False
        self._new.append(text)
        self.line.add(text)

    def skip_space(self) -> None:
        """After a dropped token: also drop the white space that follows it, unless the reply has text already."""
        self.skips_space = self.skips_space or not self.has_text

    def end_block(self) -> None:
        """Note that reasoning ended here."""
        self.is_after_block = True
        self.skips_space = not self.has_text

    def discard(self) -> None:
        """Drop all text so far: it was reasoning."""
        self._new.clear()
        self.line = PrecedingText()
        self.has_text = False
        self.end_block()
