"""Derives the spoken text from the written one.

These are dropped: code blocks (fenced with three backticks or tildes), images, HTML tags, emoji, rules and table lines,
stage directions. These are kept without their markup: emphasis, headings, list items (a number stays, as in "1. Wash
it."), quotes, links (their text), inline code, table cells (with commas between). An address is spoken as its host.

`direction_marks` recognizes emphasis and stage directions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from tertulia_llm.text.direction_marks import OpenDirection, without_emphasis_and_directions
from tertulia_llm.text.latex import without_latex
from tertulia_llm.text.markup import (
    ADDRESS_REST,
    EMOJI,
    NEEDS_CLEANING,
    outside_fences,
    without_addresses,
    without_line_markup,
)

_LONGEST_DIRECTION_CHARS: Final = 240
"""If a marker is not closed within this many characters, no stage direction begins there, and the text after it is
spoken.
"""

_SPACE_BEFORE_MARK: Final = re.compile(r"[ ]+(?=[,.;:!?](?:\s|$))")
_LEADING_MARK: Final = re.compile(r"^(?:[,;:]+|[.!?…]+(?=\s|$))\s*")


@dataclass(frozen=True, slots=True)
class SpeechState:
    """The constructs that are still open at the end of the text so far."""

    fence: str = ""
    """The marker of the open code block; "" if none is open."""
    direction_chars: int = 0
    """How many characters of an open stage direction have been dropped; 0 if none is open."""
    closing_mark: str = "*"
    """The marker that closes the open stage direction."""
    in_address: bool = False
    """True if the text ended within an address."""
    at_line_start: bool = True

    @property
    def nothing_open(self) -> bool:
        return not (self.fence or self.direction_chars or self.in_address)


def speakable(text: str, state: SpeechState) -> tuple[str, SpeechState]:
    """Return the part of `text` to be spoken, and the state to pass with the text after it.

    The spoken part is one line with single spaces; "" if it has no letter and no digit.
    """
    at_line_start = text.endswith("\n") if text.strip() else (state.at_line_start or "\n" in text)
    if state.nothing_open and not NEEDS_CLEANING.search(text):
        return _if_pronounceable(" ".join(text.split())), _AT_LINE_START if at_line_start else _MID_LINE

    visible, fence = outside_fences(text, state.fence)
    if state.in_address:
        visible = ADDRESS_REST.sub("", visible)
    visible, going_on = _after_open_direction(visible, state)
    visible = without_latex(visible)
    if state.at_line_start:
        visible = without_line_markup(visible)
    elif "\n" in visible:
        head, _, tail = visible.partition("\n")
        visible = f"{head}\n{without_line_markup(tail)}"
    visible, in_address = without_addresses(visible)
    visible = EMOJI.sub("", visible)
    visible, opened = without_emphasis_and_directions(visible)
    if going_on.chars:
        opened = going_on
    spoken = _SPACE_BEFORE_MARK.sub("", " ".join(visible.split()))
    spoken = _LEADING_MARK.sub("", spoken)
    return _if_pronounceable(spoken), replace(
        state,
        fence=fence,
        direction_chars=opened.chars,
        closing_mark=opened.closing_mark,
        in_address=(in_address or (state.in_address and not visible)) and not fence,
        at_line_start=at_line_start,
    )


_AT_LINE_START: Final = SpeechState()
_MID_LINE: Final = SpeechState(at_line_start=False)


def _if_pronounceable(spoken: str) -> str:
    return spoken if any(char.isalnum() for char in spoken) else ""


def _after_open_direction(text: str, state: SpeechState) -> tuple[str, OpenDirection]:
    """The text after a stage direction that began in an earlier text; and that direction, if it is still open."""
    if not state.direction_chars:
        return text, OpenDirection()
    closing = text.find(state.closing_mark)
    if closing >= 0:
        return text[closing + len(state.closing_mark) :], OpenDirection()
    dropped_chars = state.direction_chars + len(text)
    if dropped_chars > _LONGEST_DIRECTION_CHARS:
        return text, OpenDirection()
    return "", OpenDirection() if text.endswith("\n") else OpenDirection(dropped_chars, state.closing_mark)
