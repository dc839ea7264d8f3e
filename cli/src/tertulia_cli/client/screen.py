"""Shows a conversation on a terminal: replies as they stream, and the partial transcript while the user speaks.

If the output is not a terminal, nothing is overwritten or coloured, and each line is printed once, when it is final.
"""

from __future__ import annotations

import sys
import unicodedata
from typing import Final, TextIO

COLOURS: Final = ("36", "33", "35", "32", "34", "31")
ERASE_LINE: Final = "\r\x1b[2K"
RESET: Final = "\x1b[0m"
DIM: Final = "\x1b[2m"
FALLBACK_COLUMNS: Final = 80
KEPT: Final = "\n\t\u200d"
"""Kept control characters: line breaks, tabs, and the joiner inside emojis."""


class Screen:
    """Prints to `out`, and notes to `err`. `columns`: the terminal's width."""

    def __init__(self, out: TextIO | None = None, err: TextIO | None = None, columns: int = FALLBACK_COLUMNS) -> None:
        self._out = out or sys.stdout
        self._err = err or sys.stderr
        self._tty = self._out.isatty()
        self._columns = columns
        self._colour: dict[str, str] = {}
        self._open = ""
        """The id of the message whose line is being printed."""
        self._shown = ""
        self._who = ""
        self._mid_line = False
        """True if the cursor is after the open message's text."""
        self._passing = False
        """True if the cursor's line has a partial transcript."""

    def note(self, sentence: str) -> None:
        """Print a note to stderr."""
        self._new_line()
        print(_printable(sentence), file=self._err, flush=True)

    def text(self, text: str) -> None:
        """Print a text of the client itself."""
        self._new_line()
        self._write(f"{_printable(text)}\n")

    def said(self, who: str, text: str) -> None:
        """Print a whole utterance."""
        self._new_line()
        self._write(f"{self._name(who)} {_printable(text)}\n")

    def hearing(self, text: str) -> None:
        """Show the partial transcript; the next call replaces it."""
        if not self._tty or self._mid_line:
            return
        room = self._columns - 3
        harmless = _printable(text).replace("\n", " ")
        shown = harmless if len(harmless) <= room else f"…{harmless[-room + 1 :]}"
        self._write(f"{ERASE_LINE}{DIM}… {shown}{RESET}")
        self._passing = True

    def message_started(self, message_id: str, who: str) -> None:
        """Start a reply's line."""
        self._begin(message_id, who, "")

    def chunk(self, message_id: str, text: str) -> None:
        """Append text to the open reply."""
        if message_id != self._open:
            return
        if not self._mid_line:  # another line was printed in between
            self._new_line()
            self._write(f"{self._name(self._who)} … ")
            self._mid_line = True
        self._shown += text
        self._write(_printable(text))

    def resumed(self, message_id: str, who: str, text: str) -> None:
        """Replace the shown text by the message's whole text so far."""
        if message_id == self._open and text.startswith(self._shown):
            self.chunk(message_id, text[len(self._shown) :])
            return
        self._begin(message_id, who, "(again) ")
        self.chunk(message_id, text)

    def message_complete(self, message_id: str, status: str) -> None:
        """End the reply's line; `status` as in the protocol."""
        if message_id == self._open:
            if status != "complete":
                self._write(f" [{status}]" if self._mid_line else f"[{status}]\n")
            self._new_line()
            self._open = ""

    def withdrawn(self) -> None:
        """End the line of the open reply, because the user continues the turn."""
        if self._open:
            self._write(" [withdrawn]" if self._mid_line else "[withdrawn]\n")
            self._new_line()
            self._open = ""

    def end(self) -> None:
        """Move the cursor to the start of a line."""
        self._new_line()

    def _begin(self, message_id: str, who: str, mark: str) -> None:
        self._new_line()
        self._open, self._who, self._shown, self._mid_line = message_id, who, "", True
        self._write(f"{self._name(who)} {mark}")

    def _name(self, who: str) -> str:
        who = _printable(who)
        if not self._tty:
            return f"{who}:"
        colour = self._colour.setdefault(who, COLOURS[len(self._colour) % len(COLOURS)])
        return f"\x1b[1;{colour}m{who}:{RESET}"

    def _new_line(self) -> None:
        if self._passing:
            self._write(ERASE_LINE)
        elif self._mid_line:
            self._write("\n")
        self._passing = self._mid_line = False

    def _write(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()


def _printable(text: str) -> str:
    """Remove control characters, so that a model's text cannot control the terminal."""
    return "".join(each for each in text if each in KEPT or unicodedata.category(each) not in ("Cc", "Cf", "Cs"))
