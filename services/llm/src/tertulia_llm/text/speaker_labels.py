"""Recognizes the label of a line of dialogue: a speaker's name, in the various spellings of models. Pure.

These are labels at the beginning of a line or of a sentence:

    Rex: …   **Rex:** …   **Rex**: …   *Rex*: …   __Rex__: …   [Rex]: …   [Rex] …   (Rex): …   "Rex": …   - Rex: …
    > Rex: …   # Rex: …   Rex (laughing): …   Rex *laughing*: …   REX: …   Rex： …   レックス「…」
    🐶 Rex: …   `Rex:` …   <b>Rex:</b> …

These are labels only at the beginning of a line: `Rex — "…"`, `1. Rex: …`, `Rex> …`, `《Rex》…`, `[Rex's turn] …`, the
speaker's own `Luna's reply: …`, and a decorated or upper-case name alone on its line (`**Rex**`, `## Rex`, `REX`). The
names of roles (`User:`, `Assistant:`, …) are labels only at the beginning of a line, and only with a colon. A part of a
name that may be a common word needs the beginning of a line, marks, or a capital after the colon: "Two things. Love: it
hurts." is no line of Courtney Love.

Not labels: an address ("Rex, you are wrong: …"), narration ("Rex says: …", "As Rex said: …"), a name within a sentence
("Listen to Rex: he knows"), an open quotation ("“Rex: run!” he cried"), a link, an emoticon ("Rex :)").
"Jay: remember?" can be a label or an address; it has the form of a label, so it counts as one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from tertulia_llm.text.speaker_names import FoldedText, FoundName, Owner, SpeakerNames, Undecided, may_be_role

MAX_MARKS: Final = 16
"""Maximum number of formatting marks before a name."""
MAX_ASIDE: Final = 60
"""Maximum length of a remark between a name and its colon: "(laughing)"."""

_DECORATION: Final = r"*_~"
_OPEN: Final = r"\[({<【〔「『《〈\"“„«'‘"
_CLOSE: Final = r"\])}>】〕」』》〉\"”“»'"
_BULLETS: Final = r">#+•‣–—\-\u2190-\u21ff\u25a0-\u25ff"
_EMOJI: Final = "\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff"
_HTML: Final = "(?:b|i|u|em|strong)>"
_UNFINISHED_HTML: Final = r"<(?:b|i|u|e|em|s|st|str|stro|stron|strong)?\Z"
_MARK: Final = rf"(?:<{_HTML}|{_UNFINISHED_HTML}|[{_BULLETS}{_DECORATION}{_OPEN}{_EMOJI} ])*"
_MARKS: Final = re.compile(_MARK)
_NUMBER: Final = re.compile(r"[\[(]?\d{1,2}(?::\d\d){0,2}(?:[.)\]] ?|:?\d?\Z)")
"""The number of a list item or a time, which may precede the marks at the beginning of a line: "1. Rex:"."""
_OPENER: Final = re.compile(rf"<{_HTML}|[{_DECORATION}{_OPEN}]")
_CLOSER: Final = re.compile(rf"</{_HTML}|[{_DECORATION}{_CLOSE}]")
_UNFINISHED_CLOSER: Final = re.compile(r"<(?:/[a-z]{0,6})?\Z")
_QUOTES: Final = re.compile(r"[\"“„«「『'‘\u2019]")
_SPEECH_MARKS: Final = frozenset('"“«„「『*')
_HEADING: Final = re.compile(rf"(?:#{{1,6}} ?[*_]{{0,3}}|[*_]{{1,3}}|<{_HTML})[{_EMOJI} ]*")

_AFTER: Final = rf"(?:[{_DECORATION}{_CLOSE}]|</{_HTML})*"
_FACE: Final = f"(?: ?[{_EMOJI}]{{1,4}})?"
_TURN: Final = "(?P<turn>'s? (?:reply|response|answer|turn|line))?"
_ASIDE: Final = rf"(?P<aside> ?[(\[*_]{{1,3}}[^()\[\]*_\n:]{{1,{MAX_ASIDE}}}[)\]*_]{{1,3}})?"
_COLON: Final = re.compile(rf"{_TURN}{_FACE}(?P<after>{_AFTER}){_FACE}{_ASIDE}{_AFTER}(?P<space> ?):")
_BRACKET: Final = re.compile(rf"{_TURN}[{_DECORATION}]*[\]}}】〕>》〉][{_DECORATION}]*(?!\()")
_ALONE: Final = re.compile(rf"{_FACE}{_AFTER}{_FACE} ?\n")
_DASH: Final = re.compile(rf"{_AFTER} ?[—–-]{{1,2}} ?(?=[\"“„«])")
_PROMPT: Final = re.compile(r">{1,3}(?=[ \n])")
_UNFINISHED: Final = re.compile(
    rf"(?:'s?(?: [a-z]{{0,8}})?)?{_FACE}{_AFTER}{_FACE}"
    rf"(?: ?[(\[*_]{{1,3}}[^()\[\]*_\n:]{{0,{MAX_ASIDE}}}(?:[)\]*_]{{1,3}})?)?{_AFTER}"
    r"(?:<(?:/[a-z]{0,6})?)?(?: ?[—–-]{1,2})? ?\Z"
)
"""Matches the text between a name and the end of its label, even if the label is not complete yet."""
_BRACKETS: Final = frozenset("[{【〔<")
_LINE_BRACKETS: Final = frozenset("《〈")
"""Brackets that also enclose titles of works: without a colon, they make a label only at the beginning of a line."""
_NOT_AFTER_COLON: Final = frozenset(")(/\\|:")
"""Characters after a colon that show that it is part of an emoticon or an address."""


@dataclass(frozen=True, slots=True)
class Label:
    """A label at the beginning of a text. `length`: its number of characters."""

    length: int
    owner: Owner


@dataclass(frozen=True, slots=True)
class Position:
    """What begins where a label may be: a line (`line`), the whole reply (`reply`), or otherwise a sentence."""

    line: bool
    reply: bool = False
    no_space: bool = False
    """No space separates it from the sentence before: "Hi.Rex: …". Only a plain name with a capital is a label here."""


def find_label(text: str, names: SpeakerNames, position: Position, *, final: bool) -> Label | None:
    """The label at the beginning of `text`; None if the text does not begin with a label.

    Raises:
        Undecided: more text is needed to decide. Not raised if `final`.
    """
    if position.no_space and (not text[:1].isalpha() or text[0].islower()):
        return None
    head = FoldedText.of(text[: 2 if text[:1].isalpha() else MAX_MARKS + 4]).folded
    # In most texts, the first two letters show that there is no label.
    if not names.may_be_at(head, _marks(head, position), roles=position.line):
        return None
    return _LabelReader(FoldedText.of(text), names, position, final=final).read()


def _marks(folded: str, position: Position) -> int:
    """The length of the number and the formatting marks at the beginning of a text."""
    marks = _MARKS.match(folded, _number(folded, position))
    return marks.end() if marks else 0


def _number(folded: str, position: Position) -> int:
    """The length of the number at the beginning of a line."""
    number = _NUMBER.match(folded) if position.line else None
    return number.end() if number else 0


class _LabelReader:
    def __init__(self, text: FoldedText, names: SpeakerNames, position: Position, *, final: bool) -> None:
        self._text = text
        self._folded = text.folded
        self._names = names
        self._position = position
        self._final = final
        self._start = _marks(self._folded, position)
        self._marks = self._folded[_number(self._folded, position) : self._start]
        """The marks before the name, without a number."""

    def read(self) -> Label | None:
        if self._start > MAX_MARKS:
            return None
        self._need(self._start)
        name = self._names.at(self._folded, self._start, roles=self._position.line, final=self._final)
        if name is None:
            return None
        word = self._text.original(self._start, name.end)
        if name.is_role and not may_be_role(word, begins_reply=self._position.reply):
            return None
        end = self._end(name)
        return None if end is None else Label(self._text.starts[end], name.owner)

    def _need(self, place: int) -> None:
        """Raise `Undecided` if the text does not reach this index yet."""
        if place >= len(self._folded) and not self._final:
            raise Undecided

    def _end(self, name: FoundName) -> int | None:
        """The index after the label; None if the text after the name shows that it is not a label."""
        if _UNFINISHED.match(self._folded, name.end) is not None:
            self._need(len(self._folded))
        colon = _COLON.match(self._folded, name.end)
        if colon is not None:
            return self._after_colon(name, colon)
        if name.is_role:
            return None
        if not self._marks and self._folded[name.end : name.end + 1] in ("「", "『"):
            return name.end
        bracket = _BRACKET.match(self._folded, name.end)
        if bracket is not None and self._is_in_brackets() and (self._position.line or not bracket["turn"]):
            return bracket.end()
        return self._line_without_colon(name) if self._position.line else None

    def _is_in_brackets(self) -> bool:
        is_line_bracket = self._position.line and not _LINE_BRACKETS.isdisjoint(self._marks)
        return is_line_bracket or not _BRACKETS.isdisjoint(self._marks)

    def _line_without_colon(self, name: FoundName) -> int | None:
        prompt = _PROMPT.match(self._folded, name.end)
        if prompt is not None:
            return prompt.end()
        dash = _DASH.match(self._folded, name.end)
        if dash is not None and not self._is_quoted():
            return dash.end()
        alone = _ALONE.match(self._folded, name.end)
        if alone is None:
            return None
        word = self._text.original(self._start, name.end)
        is_own_first_line = self._start == 0 and name.owner is Owner.SPEAKER and self._position.reply
        is_upper = self._start == 0 and word.isupper() and len(word) > 1
        is_heading = _HEADING.fullmatch(self._folded, 0, self._start) is not None
        return alone.end() if is_own_first_line or is_upper or is_heading else None

    def _is_quoted(self) -> bool:
        """True if an opening quotation mark precedes the name. A backtick, which is folded to one, is none."""
        return _QUOTES.search(self._text.original(0, self._start)) is not None

    def _after_colon(self, name: FoundName, colon: re.Match[str]) -> int | None:
        end = colon.end()
        is_closed = bool(colon["after"])
        openers = len(_OPENER.findall(self._marks))
        if self._is_quoted() and not is_closed:
            return None
        if colon["turn"] and not (self._position.line and name.owner is Owner.SPEAKER):
            return None  # "Jay's answer: wrong!" is text
        is_plain = not (is_closed or openers or colon["aside"])
        if name.is_weak and is_plain and not self._position.line and not self._speech_begins(end):
            return None
        self._need(end)
        following = self._folded[end : end + 1]
        is_wide = self._text.original(end - 1, end) != ":"
        if not is_wide:
            if following in _NOT_AFTER_COLON and not (following == ")" and "(" in self._marks):
                return None
            if colon["space"] and following.isalnum():
                return None
        return end if is_closed else self._closed(end, openers)

    def _speech_begins(self, place: int) -> bool:
        """True if a capital, a letter without case, or a quotation mark follows a colon."""
        self._need(place)
        place += self._folded.startswith(" ", place)
        self._need(place)
        first = self._text.original(place, place + 1) if place < len(self._folded) else ""
        return (first.isalpha() and not first.islower()) or first in _SPEECH_MARKS

    def _closed(self, place: int, openers: int) -> int:
        """The end of the marks after a colon that close those before the name."""
        for _ in range(openers):
            self._need(place)
            closer = _CLOSER.match(self._folded, place)
            if closer is None:
                if _UNFINISHED_CLOSER.match(self._folded, place) and not self._final:
                    raise Undecided
                break
            place = closer.end()
        return place
