"""Removes from a reply what the model wrote for other speakers: a filter on the model's stream.

The model sees every reply as `<Name>…</Name>`. It tends to write its reply in the same form, or as a script of the
conversation ("Luna: … Rex: …"). The filter removes the speaker's own tags and labels (see `speaker_labels`), closing
tags, and the white space after them. If a line begins with a tag or a label of **another character or the user**, the
reply ends before that line, and the filter drops the rest. But if the reply itself *begins* with such a line, the
filter drops only that line and waits for a line of the speaker. An opening tag of the user within a line is removed;
the reply continues. Any other text with a `<` ("a < b", "<3", "<div>") is kept.

Text is delayed only while it may become a tag or a label: where a line or a sentence begins, at most the longest name,
its marks and a remark ("Rex (laughing):").
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from tertulia_llm.text.full_stops import ends_with_abbreviation
from tertulia_llm.text.speaker_labels import MAX_ASIDE, MAX_MARKS, Position, find_label
from tertulia_llm.text.speaker_names import Owner, SpeakerNames, Undecided

MAX_SKIPPED_CHARS: Final = 2_000
"""How much text of other speakers at the beginning of a reply the filter drops before it gives the reply up."""
_TAG_SLACK: Final = 16
"""How much longer than its name a tag can be: brackets, slash, extra spaces."""
_LABEL_SLACK: Final = MAX_MARKS + MAX_ASIDE + 20
"""How much longer than its name a label can be."""

_OPEN_TAG: Final = re.compile(r"<[^\S\n]*(/?)[^\S\n]*")
_BLANKS: Final = " \t\u00a0\u3000"
_WIDE_END: Final = "。！？」』】"
_PLAIN_END: Final = ".!?…।॥۔؟።။"
_END: Final = rf"{_PLAIN_END}{_WIDE_END})\]}}*_~\"”»'’\u2600-\u27bf\u2b00-\u2bff\ufe0f\U0001f000-\U0001faff"
_TRIGGER: Final = re.compile(rf"[<\n{_END}]")
"""A chunk without any of these contains no tag and no beginning of a line or a sentence."""
_STOP: Final = re.compile(
    rf"<|\n|(?<=[{_END}])[{_BLANKS}]|(?<=[{_WIDE_END}])(?=[^\s{_WIDE_END}])|(?<=[{_PLAIN_END}])(?=[^\W\d_])"
)
_BLANK: Final = re.compile(r"\s+")
_RECENT_CHARS: Final = 32
"""Text that is kept to recognize an abbreviation before a full stop."""
_MIDDLE: Final = "a"
"""Represents any text after which no line and no sentence can begin."""


class SpeakerLines:
    """Filters one reply.

    `speaker`: the name of the character that replies. `others`: the names of the other characters. `user`: the user's
    name. `before`: the beginning of the reply, if another worker has published it.
    """

    __slots__ = (
        "_after_tag",
        "_continues",
        "_cut",
        "_is_empty",
        "_names",
        "_pending",
        "_recent",
        "_skip_space",
        "_skipped",
        "_tail",
    )

    def __init__(self, speaker: str, *, others: Iterable[str] = (), user: str = "", before: str = "") -> None:
        self._names = _names(speaker, tuple(others), user)
        self._pending = ""
        self._is_empty = not before.strip()
        """True as long as the reply has no text of the speaker."""
        self._skip_space = True  # drop white space at the start of the stream, as after an opening tag
        self._after_tag = False
        self._continues = not self._is_empty
        """True until the first word of the stream, if the reply has text already: the model may repeat the speaker's
        label.
        """
        self._tail = _tail_of("\n", f"{before} ")
        """The last character of the text so far, and a space if white space follows it. A line feed at the start, and
        after a tag or a label.
        """
        self._recent = before[-_RECENT_CHARS:]
        """The last characters of the text so far, without tags and labels."""
        self._skipped: int | None = None
        """The number of characters dropped, after the reply began with a line of another speaker; None if it did
        not.
        """
        self._cut = False

    @property
    def cut(self) -> bool:
        """True once the reply has ended because the model writes for another speaker. All further text is dropped."""
        return self._cut

    @property
    def has_dropped(self) -> bool:
        """True if the model has written lines for other speakers."""
        return self._cut or self._skipped is not None

    def feed(self, text: str) -> str:
        """Take a chunk; return the text that certainly belongs to the speaker. After `cut` this is always ""."""
        if self._cut or not text:
            return ""
        is_plain = self._tail == _MIDDLE and not (self._pending or self._skip_space or self._continues)
        if is_plain and _TRIGGER.search(text) is None:
            self._recent = (self._recent + text)[-_RECENT_CHARS:]
            return text if self._skipped is None else self._drop(text)
        return self._filter(self._pending + text, final=False)

    def finish(self) -> str:
        """End the reply: return the delayed text, without an incomplete closing tag."""
        pending, self._pending = self._pending, ""
        return "" if self._cut or not pending else self._filter(pending, final=True)

    def _filter(self, text: str, *, final: bool) -> str:
        out: list[str] = []
        at = 0
        self._pending = ""
        try:
            while at < len(text) and not self._cut:
                at += self._step(out, text, at, final=final)
        except Undecided:
            self._pending = text[at:]
        return "".join(out)

    def _step(self, out: list[str], text: str, at: int, *, final: bool) -> int:
        """Process some text from the index `at` on. Returns how many characters were processed. Raises: Undecided."""
        char = text[at]
        if self._skip_space and (char.isspace() or (self._after_tag and char in ":\uff1a")):
            return 1
        if char.isspace():
            blank = _BLANK.match(text, at)
            length = blank.end() - at if blank else 1
            self._put(out, text[at : at + length])
            return length
        length = self._tag(text, at, final=final) if char == "<" else 0
        length = length or self._label(text, at, final=final)
        if length:
            return length
        stop = _STOP.search(text, at + 1)
        end = stop.start() if stop else len(text)
        self._put(out, text[at:end])
        return end - at

    def _put(self, out: list[str], text: str) -> None:
        self._skip_space = self._after_tag = False
        self._continues = self._continues and text.isspace()
        self._tail = _tail_of(self._tail, text)
        self._recent = (self._recent + text)[-_RECENT_CHARS:]
        if self._skipped is None:
            self._is_empty = self._is_empty and text.isspace()
            out.append(text)
        else:
            self._drop(text)

    def _drop(self, text: str) -> str:
        """Count dropped text of another speaker. Returns "", the text to keep."""
        self._skipped = (self._skipped or 0) + len(text)
        self._cut = self._skipped > MAX_SKIPPED_CHARS
        return ""

    def _begin_line(self, owner: Owner) -> None:
        """Note that a line of this speaker begins, after a tag or a label."""
        self._tail = "\n"
        self._recent = ""
        self._skip_space = True
        self._continues = False
        if owner is Owner.SPEAKER:
            self._skipped = None
        elif self._is_empty:
            self._skipped = self._skipped or 0
        else:
            self._cut = True

    # -- labels

    def _label(self, text: str, at: int, *, final: bool) -> int:
        """The length of the label that begins at `text[at]`; 0 if no label begins there. Raises: Undecided."""
        position = self._position()
        if position is None and not self._continues:
            return 0
        longest = self._names.longest + _LABEL_SLACK
        part = text[at : at + longest]
        label = find_label(part, self._names, position or Position(line=True), final=final or len(part) == longest)
        if label is None or (position is None and label.owner is not Owner.SPEAKER):
            return 0
        self._begin_line(label.owner)
        if position is not None and position.no_space:  # "Hi.Luna: Bye." becomes "Hi. Bye."
            self._skip_space = self._is_empty
        return label.length

    def _position(self) -> Position | None:
        if self._tail == "\n":
            return Position(line=True, reply=self._is_empty and self._skipped is None)
        if self._tail[0] == "." and ends_with_abbreviation(self._recent):
            return None
        if self._tail[-1] == " " or self._tail in _WIDE_END:
            return Position(line=False)
        return Position(line=False, no_space=True) if self._tail in _PLAIN_END else None

    # -- tags

    def _tag(self, text: str, at: int, *, final: bool) -> int:
        """The length of the tag that begins at `text[at]`; 0 if no tag begins there. Raises: Undecided."""
        longest = self._names.longest + _TAG_SLACK
        close = text.find(">", at, at + longest)
        if close < 0:
            return self._unfinished_tag(text[at:], longest, final=final)
        opening = _OPEN_TAG.match(text, at)
        owner = None if opening is None else self._tag_owner(text[opening.end() : close], is_closing=bool(opening[1]))
        if opening is None or owner is None:
            return 0
        if opening.group(1):  # after a closing tag, the text is a new line of the dialogue
            self._tail = "\n"
        elif owner is not Owner.USER or self._tail == "\n":
            self._begin_line(owner)
            self._after_tag = True
        return close + 1 - at

    def _tag_owner(self, name: str, *, is_closing: bool) -> Owner | None:
        owner = self._names.owner_of(name)
        may_be_role = self._tail != _MIDDLE if is_closing else self._tail == "\n"
        return self._names.owner_of_role(name) if owner is None and may_be_role else owner

    def _unfinished_tag(self, text: str, longest: int, *, final: bool) -> int:
        opening = _OPEN_TAG.match(text)
        if opening is None or len(text) >= longest or not self._names.begins(text[opening.end() :]):
            return 0
        if not final:
            raise Undecided
        return len(text) if opening.group(1) and opening.end() < len(text) else 0


def _tail_of(tail: str, text: str) -> str:
    """The new value of `SpeakerLines._tail` after `text`."""
    solid = text.rstrip(_BLANKS)
    if not solid:
        return tail if tail in (_MIDDLE, "\n") or not text else f"{tail[0]} "
    if _TRIGGER.match(solid[-1]) is None:
        return _MIDDLE
    return solid[-1] if solid[-1] == "\n" or len(solid) == len(text) else f"{solid[-1]} "


@lru_cache(maxsize=64)
def _names(speaker: str, others: tuple[str, ...], user: str) -> SpeakerNames:
    """The names, kept for the next replies of the same cast."""
    return SpeakerNames(speaker, others=others, user=user)
