"""Collects the text of a reply, and knows what stands before its end. Pure."""

from __future__ import annotations

from tertulia_llm.model.line_context import LineContext


class ReplyText:
    """The part of a reply that is certain."""

    def __init__(self) -> None:
        self.has_text = False
        """True once there is more than white space."""
        self.skips_space = False
        """True after a token before the text: the white space that follows it is dropped."""
        self.is_after_block = False
        """True after reasoning, up to the next text."""
        self.line = LineContext()
        self._new: list[str] = []

    @property
    def is_plain(self) -> bool:
        """True if text of one line can be added with `add_plain`."""
        return self.has_text and not (self.skips_space or self.is_after_block)

    @property
    def may_open_block(self) -> bool:
        """True where reasoning may begin."""
        return self.is_after_block or self.line.is_after_sentence

    def take(self) -> str:
        """The text since the last call."""
        text = "".join(self._new)
        self._new.clear()
        return text

    def add_plain(self, text: str) -> None:
        """Add text without a line feed that the caller takes itself; see `is_plain`."""
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
        """A token was dropped: drop the white space after it, unless there is text already."""
        self.skips_space = self.skips_space or not self.has_text

    def end_block(self) -> None:
        """Reasoning ended here."""
        self.is_after_block = True
        self.skips_space = not self.has_text

    def discard(self) -> None:
        """All text so far was reasoning."""
        self._new.clear()
        self.line = LineContext()
        self.has_text = False
        self.end_block()
