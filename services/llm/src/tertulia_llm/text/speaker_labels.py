"""Recognizes the label of a line of dialogue: a speaker's name, in the various spellings of models. Pure.

These are labels at the beginning of a line or of a sentence:

    Rex: …   **Rex:** …   **Rex**: …   *Rex*: …   __Rex__: …   [Rex]: …   [Rex] …   (Rex): …   "Rex": …   - Rex: …
    > Rex: …   # Rex: …   Rex (laughing): …   Rex *laughing*: …   REX: …   Rex： …   レックス「…」

These are labels only at the beginning of a line: `Rex — "…"`, and a decorated or upper-case name alone on its line
(`**Rex**`, `## Rex`, `REX`). The names of roles (`User:`, `Assistant:`, …) are labels only at the beginning of a line,
and only with a colon.

Not labels: an address ("Rex, you are wrong: …"), narration ("Rex says: …", "As Rex said: …"), a name within a sentence
("Listen to Rex: he knows"), an open quotation ("“Rex: run!” he cried"), a link, an emoticon ("Rex :)").
"Jay: remember?" can be a label or an address; it has the form of a label, so it counts as one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from tertulia_llm.text.speaker_names import FoldedText, FoundName, Owner, SpeakerNames, Undecided

MAX_MARKS: Final = 12
"""Maximum number of formatting marks before a name."""
MAX_ASIDE: Final = 60
"""Maximum length of a remark between a name and its colon: "(laughing)"."""

_DECORATION: Final = r"*_~"
_OPEN: Final = r"\[({<【〔「『\"“«'"
_CLOSE: Final = r"\])}>】〕」』\"”»'"
_MARKS: Final = re.compile(rf"[>#+•‣–—\-{_DECORATION}{_OPEN} ]*")
_QUOTES: Final = re.compile(r"[\"“«「『']")
_HEADING: Final = re.compile(r"#{1,6} ?[*_]{0,3}|[*_]{1,3}")

_AFTER: Final = rf"[{_DECORATION}{_CLOSE}]*"
_ASIDE: Final = rf"(?: ?[(\[*_]{{1,3}}[^()\[\]*_\n:]{{1,{MAX_ASIDE}}}[)\]*_]{{1,3}})?"
_COLON: Final = re.compile(rf"(?P<after>{_AFTER}){_ASIDE}{_AFTER}(?P<space> ?):")
_BRACKET: Final = re.compile(rf"[{_DECORATION}]*[\]}}】〕>][{_DECORATION}]*(?!\()")
_ALONE: Final = re.compile(rf"{_AFTER} ?\n")
_DASH: Final = re.compile(rf"{_AFTER} ?[—–-]{{1,2}} ?(?=[\"“«])")
_UNFINISHED: Final = re.compile(
    rf"{_AFTER}(?: ?[(\[*_]{{1,3}}[^()\[\]*_\n:]{{0,{MAX_ASIDE}}}(?:[)\]*_]{{1,3}})?)?{_AFTER}(?: ?[—–-]{{1,2}})? ?"
)
"""Matches the text between a name and the end of its label, even if the label is not complete yet."""
_CLOSING: Final = re.compile(rf"[{_DECORATION}{_CLOSE}]*")
_BRACKETS: Final = frozenset("[{【〔<")
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


def find_label(text: str, names: SpeakerNames, position: Position, *, final: bool) -> Label | None:
    """The label at the beginning of `text`; None if the text does not begin with a label.

    Raises:
        Undecided: more text is needed to decide. Not raised if `final`.
    """
    head = FoldedText.of(text[: MAX_MARKS + 4]).folded  # in most texts, the first letter shows that there is no label
    start = _marks(head)
    if start < len(head) and head[start] not in names.initials:
        return None
    return _LabelReader(FoldedText.of(text), names, position, final=final).read()


def _marks(folded: str) -> int:
    """The number of formatting marks at the beginning of a text."""
    marks = _MARKS.match(folded)
    return marks.end() if marks else 0


class _LabelReader:
    def __init__(self, text: FoldedText, names: SpeakerNames, position: Position, *, final: bool) -> None:
        self._text = text
        self._folded = text.folded
        self._names = names
        self._position = position
        self._final = final

    def read(self) -> Label | None:
        start = _marks(self._folded)
        if start > MAX_MARKS:
            return None
        self._need(start)
        if start == len(self._folded) or self._folded[start] not in self._names.initials:
            return None
        name = self._names.at(self._folded, start, roles=self._position.line, final=self._final)
        if name is None or (name.is_role and not self._is_role(start, name)):
            return None
        end = self._end(self._folded[:start], start, name)
        return None if end is None else Label(self._text.starts[end], name.owner)

    def _need(self, place: int) -> None:
        """Raise `Undecided` if the text does not reach this index yet."""
        if place >= len(self._folded) and not self._final:
            raise Undecided

    def _is_role(self, start: int, name: FoundName) -> bool:
        word = self._text.original(start, name.end)
        is_address = self._position.reply and word.lower() == "you"
        return word[:1].isupper() and not is_address

    def _end(self, marks: str, start: int, name: FoundName) -> int | None:
        """The index after the label; None if the text after the name shows that it is not a label."""
        unfinished = _UNFINISHED.match(self._folded, name.end)
        if unfinished is not None:
            self._need(unfinished.end())
        colon = _COLON.match(self._folded, name.end)
        if colon is not None:
            return self._after_colon(marks, colon)
        if name.is_role:
            return None
        if not marks and self._folded[name.end : name.end + 1] in ("「", "『"):
            return name.end
        bracket = _BRACKET.match(self._folded, name.end)
        if bracket is not None and not _BRACKETS.isdisjoint(marks):
            return bracket.end()
        return self._line_without_colon(marks, start, name) if self._position.line else None

    def _line_without_colon(self, marks: str, start: int, name: FoundName) -> int | None:
        dash = _DASH.match(self._folded, name.end)
        if dash is not None and not _QUOTES.search(marks):
            return dash.end()
        alone = _ALONE.match(self._folded, name.end)
        if alone is None:
            return None
        word = self._text.original(start, name.end)
        is_own_first_line = not marks and name.owner is Owner.SPEAKER and self._position.reply
        is_upper = not marks and word.isupper() and len(word) > 1
        return alone.end() if is_own_first_line or is_upper or _HEADING.fullmatch(marks) else None

    def _after_colon(self, marks: str, colon: re.Match[str]) -> int | None:
        end = colon.end()
        is_closed = bool(colon["after"])
        if _QUOTES.search(marks) and not is_closed:
            return None
        self._need(end)
        following = self._folded[end : end + 1]
        is_wide = self._text.original(end - 1, end) != ":"
        if not is_wide:
            if following in _NOT_AFTER_COLON and not (following == ")" and "(" in marks):
                return None
            if colon["space"] and following.isalnum():
                return None
        wanted = 0 if is_closed else len(marks.strip(" >#+•‣–—-"))
        closing = _CLOSING.match(self._folded, end, end + wanted)
        if closing is None:
            return end
        if closing.end() < end + wanted:
            self._need(closing.end())
        return closing.end()
