"""Derives the spoken text from the written one.

These are dropped: code blocks (fenced with three backticks or tildes), images, HTML tags, emoji, rules and table lines,
stage directions. These are kept without their markup: emphasis, headings, list items (a number stays, as in "1. Wash
it."), quotes, links (their text), inline code, table cells (with commas between). An address is spoken as its host.

A stage direction is a span in brackets of any kind, in tildes, underscores or asterisks, whose words `directions`
recognizes. `*A span in single asterisks*` that stands alone (at the start of the text, or after a finished sentence) is
a stage direction whatever its words. Elsewhere a span in asterisks is emphasis and is spoken: "I am *very* sure". So is
a span at the start that has a capital or is one plain word, if lower case follows it: "*Nobody* knows".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from tertulia_llm.text.directions import begins_stage_direction, is_stage_direction
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

_BOLD: Final = re.compile(r"(?<![\w*])(\*{2,3})(?=\S)([^\n]+?)(?<=\S)\1(?!\*)|(?<=\w)\*\*(?=[^\W_])([^\n*]+?)\*\*")
_UNDERLINE: Final = re.compile(r"(?<!\w)(_{1,3})(?=[^\s_])([^\n]*?[^\s_])\1(?!\w)")
_TILDE_SPAN: Final = re.compile(r"(?<![\w~])~(?=[^\s~])([^~\n]+?)(?<=\S)~(?![\w~])")
_LOOSE_TILDES: Final = re.compile(r"(?<=[^\W\d_])~+|(?<=[.!?…])~+|(?<!\w)~+(?=[^\W\d_])")
_STRUCK: Final = re.compile(r"~~(?=\S)([^\n]+?)~~")
_BRACKETED: Final = re.compile(
    r"\(([^()\n]{1,240})\)|\[([^\[\]\n]{1,240})\]|（([^（）\n]{1,80})）|【([^【】\n]{1,80})】|<([^<>\n]{1,80})>"
    r"|\{([^{}\n]{1,80})\}"
)
_OPENING_BRACKET: Final = re.compile(r"[(\[（【<{]")
_EMPTY_BRACKETS: Final = re.compile(r"[(\[（【]\s*[)\]）】]")
_OPEN_BRACKET: Final = re.compile(r"[(\[][^()\[\]]*$")
_CLOSING: Final = {"*": "*", "(": ")", "[": "]"}
_CODE: Final = re.compile(r"`+([^`\n]*)`+")
_ASTERISK_SPAN: Final = re.compile(r"(?<![\w*])\*(?![\s*])([^*\n]+?)(?<!\s)\*(?![\w*])")
_OPEN_ASTERISK: Final = re.compile(r"(?<![\w*])\*(?=[^\W\d_])([^*]*)$")
_LOOSE_ASTERISKS: Final = re.compile(r"(?<![\w*])\*+(?=[^\s\d*])|(?<=[^\s*\d])\*+(?![\w*])|`")
_EMPTY_EMPHASIS: Final = re.compile(r"(?<!\S)\*{2,6}(?!\S)")
_LOOSE_UNDERSCORES: Final = re.compile(r"(?<!\w)_{1,3}(?=[^\W_])|(?<=[^\W_])_{1,3}(?!\w)")
_ENDS_SENTENCE: Final = re.compile(r"(?:^|[.!?…。！？:：\n][\"'”’»)\]」』]*)\s*$")
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


@dataclass(frozen=True, slots=True)
class _Opened:
    """A stage direction that is still open at the end of the text: its length so far (0: none), and the marker that
    closes it.
    """

    chars: int = 0
    closing_mark: str = "*"


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
    visible, opened = _without_emphasis_and_directions(visible)
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


def _after_open_direction(text: str, state: SpeechState) -> tuple[str, _Opened]:
    """The text after a stage direction that began in an earlier text; and that direction, if it is still open."""
    if not state.direction_chars:
        return text, _Opened()
    closing = text.find(state.closing_mark)
    if closing >= 0:
        return text[closing + 1 :], _Opened()
    dropped_chars = state.direction_chars + len(text)
    if dropped_chars > _LONGEST_DIRECTION_CHARS:
        return text, _Opened()
    return "", _Opened() if text.endswith("\n") else _Opened(dropped_chars, state.closing_mark)


def _without_emphasis_and_directions(text: str) -> tuple[str, _Opened]:
    """The text without markers and stage directions; and the stage direction that is still open at its end."""
    if "\\" in text:  # an escaped marker is a plain character: hide it from the rules below
        text = text.replace("\\*", "\ue000").replace("\\_", "\ue001")
        text = re.sub(r"\\(?=[`~#\[\]()<>|!.+-])", "", text)
    if "`" in text:
        text = _CODE.sub(r"\1", text)
    if "~" in text:
        text = _STRUCK.sub(r"\1", text)
        text = _LOOSE_TILDES.sub("", _without_directions(text, _TILDE_SPAN))
    if "_" in text:
        text = _without_directions(text, _UNDERLINE)
        text = _LOOSE_UNDERSCORES.sub("", text)
    opened = _Opened()
    if "*" in text:
        text = _without_directions(text, _BOLD)
        text = _without_starred_directions(text)
        text, opened = _without_open_direction(text, _OPEN_ASTERISK)
    if _OPENING_BRACKET.search(text):
        text = _EMPTY_BRACKETS.sub("", _without_directions(text, _BRACKETED, keep_marks=True))
        if not opened.chars:
            text, opened = _without_open_direction(text, _OPEN_BRACKET)
    if "*" in text or "`" in text:
        text = _EMPTY_EMPHASIS.sub("", _LOOSE_ASTERISKS.sub("", text))
    return text.replace("\ue000", "*").replace("\ue001", "_"), opened


def _without_directions(text: str, spans: re.Pattern[str], *, keep_marks: bool = False) -> str:
    """Remove the spans that are stage directions by their words. Of other spans, remove only the markers, unless
    `keep_marks`.
    """
    kept: list[str] = []
    at = 0
    for found in spans.finditer(text):
        kept.append(text[at : found.start()])
        at = found.end()
        span = next(group for group in reversed(found.groups()) if group)
        alone = _ENDS_SENTENCE.search("".join(kept)) is not None and not _runs_on(text[at:])
        marked = span[:1].isupper() and not alone  # for example "**Smiles** are free."
        if (marked and not keep_marks) or not is_stage_direction(span, alone=alone, bracketed=found.group()[0] == "["):
            kept.append(found.group() if keep_marks else span)
    kept.append(text[at:])
    return "".join(kept)


def _without_starred_directions(text: str) -> str:
    kept: list[str] = []
    at = 0
    for span in _ASTERISK_SPAN.finditer(text):
        kept.append(text[at : span.start()])
        at = span.end()
        if not _is_starred_direction(span.group(1), "".join(kept), text[at:]):
            kept.append(span.group(1))
    kept.append(text[at:])
    return "".join(kept)


def _is_starred_direction(span: str, before: str, after: str) -> bool:
    ends_sentence = _ENDS_SENTENCE.search(before) is not None
    if is_stage_direction(span, alone=True) and (span[0].islower() or not span[0].isalpha() or ends_sentence):
        return not (span[0].isupper() and _runs_on(after))
    if not ends_sentence:
        return False
    plain_word = " " not in span and not span.endswith(("s", "ing", "ed"))
    return not (_runs_on(after) and (span[0].isupper() or plain_word))


def _runs_on(after: str) -> bool:
    return after.lstrip(" ")[:1].islower()


def _without_open_direction(text: str, opening: re.Pattern[str]) -> tuple[str, _Opened]:
    """Remove a stage direction that begins after a finished sentence and is still open."""
    found = opening.search(text)
    if found is None or text.endswith("\n") or not _ENDS_SENTENCE.search(text[: found.start()]):
        return text, _Opened()
    mark = found.group()[0]
    if mark != "*" and not begins_stage_direction(found.group()[1:]):
        return text, _Opened()
    return text[: found.start()], _Opened(len(text) - found.start(), _CLOSING[mark])
