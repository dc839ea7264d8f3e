"""Removes emphasis marks and stage directions from text to be spoken. Pure functions.

A stage direction is a span in brackets of any kind, in tildes, underscores or asterisks, whose words `directions`
recognizes. `*A span in single asterisks*` that stands alone (at the start of the text, or after a finished sentence) is
also one if its words narrate (see `narrates`). After a colon or a list number it is a title or a quotation, and is
spoken. So is a span at the start that has a capital or is one plain word, if lower case follows it: "*Nobody* knows".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from tertulia_llm.text.directions import (
    WIDE_LETTER,
    begins_stage_direction,
    is_action_within_sentence,
    is_gesture,
    is_stage_direction,
)
from tertulia_llm.text.emphasis import is_subject, is_title, narrates

_BOLD: Final = re.compile(r"(?<![\w*])(\*{2,3})(?=\S)([^\n]+?)(?<=\S)\1(?!\*)|(?<=\w)\*\*(?=[^\W_])([^\n*]+?)\*\*")
_UNDERLINE: Final = re.compile(r"(?<!\w)(_{1,3})(?=[^\s_])([^\n]*?[^\s_])\1(?!\w)")
_TILDE_SPAN: Final = re.compile(r"(?<![\w~])~(?=[^\s~])([^~\n]+?)(?<=\S)~(?![\w~])")
_LOOSE_TILDES: Final = re.compile(r"(?<=[^\W\d_])~+|(?<=[.!?…])~+|(?<!\w)~+(?=[^\W\d_])")
_STRUCK: Final = re.compile(r"~~(?=\S)([^\n]+?)~~")
_BRACKETED: Final = re.compile(
    r"\(([^()\n]{1,240})\)|\[([^\[\]\n]{1,240})\]|（([^（）\n]{1,80})）|【([^【】\n]{1,80})】|<([^<>\n]{1,80})>"
    r"|\{([^{}\n]{1,240})\}|［([^［］\n]{1,80})］|〔([^〔〕\n]{1,80})〕|〈([^〈〉\n]{1,80})〉"
)
_OPENING_BRACKET: Final = re.compile(r"[(\[（【<{［〔〈]")
_EMPTY_BRACKETS: Final = re.compile(r"[(\[（【]\s*[)\]）】]|<>")
_OPEN_BRACKET: Final = re.compile(r"[(\[{（【<［〔〈][^()\[\]{}（）【】<>［］〔〕〈〉]*$")
_CLOSING: Final = {
    "(": ")", "[": "]", "{": "}", "（": "）", "【": "】", "<": ">", "［": "］", "〔": "〕", "〈": "〉"
}  # fmt: skip
_CODE: Final = re.compile(r"`+([^`\n]*)`+")
_ASTERISK_SPAN: Final = re.compile(r"(?<![\w*])\*(?![\s*])([^*\n]+?)(?<!\s)\*(?![\w*])")
_GLUED_ASTERISKS: Final = re.compile(
    r"(?<!\*)\*(?=[^\W\d_])([^*\n]{1,80}?)(?<=[\w.!?…])\*(?=\w|\*\w)|(?<=\w)\*(?=[^\W\d_])([^*\n]{1,80}?)\*(?!\*)"
)
_OPEN_MARK: Final = re.compile(r"(?<![\w*_~])(\*{1,3}|_{1,3}|~)(?=[^\W\d_])([^*_~]*)$")
_LOOSE_ASTERISKS: Final = re.compile(r"(?<![\w*])\*+(?=[^\s\d*])|(?<=[^\s*\d])\*+(?![\w*])|`")
_EMPHASIS_MARK: Final = re.compile(r"[*＊_~]")
_EMPTY_EMPHASIS: Final = re.compile(r"(?<!\S)\*{2,6}(?!\S)")
_LOOSE_UNDERSCORES: Final = re.compile(r"(?<!\w)_{1,3}(?=[^\W_])|(?<=[^\s_(])_{1,3}(?!\w)")
_COMMAND: Final = re.compile(r"^[ \t]*/me\b[^\n]*", re.MULTILINE)
_RARE_SPAN: Final = re.compile(
    r"(?<![\w:/<«-])(?:::?|/|-|<<|«)([^\W\d_][^\W\d_' ]*(?:[' ][^\W\d_]+){0,8})(?:(?<!\s)(?:::?|/|-|>>|»))(?![\w:/>-])"
)
_RARE_MARK: Final = re.compile(r"(?<!\S)[:/«<-][^\W\d_:<]|<<|::")
_ENDS_SENTENCE: Final = re.compile(r"(?:^|[.!?…。！？:：\n][\"'”’»)\]」』]*)\s*$")
_INTRODUCES: Final = re.compile(r"(?:[:：]|(?:^|\n)[ \t]*\d{1,3}[.)])\s*$")
_LAST: Final = re.compile(r"\s*[.!?…]*\s*$")
_INTERRUPTED: Final = re.compile(r"[,—–…]\s*$|^\W*\w+\s*$")
_SUBJECT: Final = re.compile(r"\b(?:he|she|it|who|that|which|also|always|never|often|really|just)\s*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class OpenDirection:
    """A stage direction that is still open at the end of the text: its length so far (0: none), and the marker that
    closes it.
    """

    chars: int = 0
    closing_mark: str = "*"


def without_emphasis_and_directions(text: str) -> tuple[str, OpenDirection]:
    """The text without markers and stage directions; and the stage direction that is still open at its end."""
    if "\\" in text:  # an escaped marker is a plain character: hide it from the rules below
        text = text.replace("\\*", "\ue000").replace("\\_", "\ue001")
        text = re.sub(r"\\(?=[`~#\[\]()<>|!.+-])", "", text)
    if "`" in text:
        text = _CODE.sub(r"\1", text)
    if _RARE_MARK.search(text):
        text = _RARE_SPAN.sub(_without_rare_direction, _COMMAND.sub("", text))
    opened = OpenDirection()
    if _EMPHASIS_MARK.search(text):
        text, opened = _without_emphasis(text.replace("＊", "*"))
    if _OPENING_BRACKET.search(text):
        text = _EMPTY_BRACKETS.sub("", _without_directions(text, _BRACKETED, keep_marks=True))
        if not opened.chars:
            text, opened = _without_open_direction(text, _OPEN_BRACKET)
    if "*" in text or "`" in text:
        text = _EMPTY_EMPHASIS.sub("", _LOOSE_ASTERISKS.sub("", text))
    return text.replace("\ue000", "*").replace("\ue001", "_"), opened


def _without_emphasis(text: str) -> tuple[str, OpenDirection]:
    if "~" in text:
        text = _without_directions(_STRUCK.sub(r"\1", text), _TILDE_SPAN)
    if "_" in text:
        text = _without_directions(text, _UNDERLINE)
    if "*" in text:
        text = _GLUED_ASTERISKS.sub(_without_glued_direction, text)
        text = _without_starred_directions(_without_directions(text, _BOLD))
    text, opened = _without_open_direction(text, _OPEN_MARK)
    return _LOOSE_UNDERSCORES.sub("", _LOOSE_TILDES.sub("", text)), opened


def _without_rare_direction(found: re.Match[str]) -> str:
    """Remove "-laughs-", ":laughs:" or "«laughs»" if it is between sentences and begins with a verb."""
    alone = _ENDS_SENTENCE.search(found.string[: found.start()]) and not _runs_on(found.string[found.end() :])
    return (
        " " if alone and not found.group(1)[0].isupper() and begins_stage_direction(found.group(1)) else found.group()
    )


def _without_glued_direction(found: re.Match[str]) -> str:
    """Remove the direction in "*laughs*Hello"; in a script without spaces, remove the markers: "これは*重要*です"."""
    span = found.group(1) or found.group(2)
    if not span[0].isupper() and begins_stage_direction(span):
        return " "
    return span if WIDE_LETTER.match(span) else found.group()


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
        before = "".join(kept)
        first = _ENDS_SENTENCE.search(before) is not None
        alone = first and not _runs_on(text[at:])
        emphasised = not keep_marks and _is_emphasised(span, before, text[at:], alone=alone)
        bracketed = found.group()[0] == "[" and _INTRODUCES.search(before) is None
        first = first and keep_marks
        is_direction = is_stage_direction(span, alone=alone, bracketed=bracketed, first=first)
        if emphasised or not (is_direction or (keep_marks and _LAST.match(text, at) and is_gesture(span))):
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


def _is_starred_direction(span: str, before: str, after: str) -> bool:  # noqa: PLR0911 - one return per rule
    if not _ENDS_SENTENCE.search(before):
        if _is_emphasised(span, before, after, alone=False):
            return False
        interrupts = _INTERRUPTED.search(before) is not None or not _runs_on(after)
        return is_action_within_sentence(span, any_verb=interrupts)
    if is_title(span) or (_INTRODUCES.search(before) and (span[0].isupper() or after[:1] in (*",;.:",))):
        return False
    if is_stage_direction(span, alone=True):
        answers = after[:1] in (*".!?",) and " " not in span and not is_gesture(span)  # "Mood? *tired*."
        is_verb = is_action_within_sentence(span, any_verb=True)
        return not (span[0].isupper() and _runs_on(after)) and (is_verb or not answers)
    if _INTRODUCES.search(before):
        return False
    plain_word = " " not in span and not span.endswith(("s", "ing", "ed"))
    if _runs_on(after) and (span[0].isupper() or plain_word):
        return False
    return narrates(span, punctuated=after.lstrip()[:1] in (*".,;:!?。，！？、：",))


def _is_emphasised(span: str, before: str, after: str, *, alone: bool) -> bool:
    """True for a word that belongs to the sentence: "**Smiles** are free", "He *laughs* at me", "**Laughs**: good"."""
    if alone:
        return is_title(span) or (span[:1].isupper() and (after[:1] == ":" or _INTRODUCES.search(before) is not None))
    return span[:1].isupper() or _SUBJECT.search(before) is not None or is_subject(before)


def _runs_on(after: str) -> bool:
    return after.lstrip(" ")[:1].islower()


def _without_open_direction(text: str, opening: re.Pattern[str]) -> tuple[str, OpenDirection]:
    """Remove a stage direction that begins after a finished sentence and is still open."""
    found = opening.search(text)
    if found is None or text.endswith("\n") or not _ENDS_SENTENCE.search(text[: found.start()]):
        return text, OpenDirection()
    mark = found.group(1) if found.groups() else found.group()[0]
    span = found.group()[len(mark) :]
    if not begins_stage_direction(span) and not (mark == "*" and narrates(span, punctuated=False)):
        return text, OpenDirection()
    return text[: found.start()], OpenDirection(len(text) - found.start(), _CLOSING.get(mark, mark))
