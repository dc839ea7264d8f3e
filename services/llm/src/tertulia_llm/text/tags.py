"""Removes the speaker tags from a model's stream.

The model sees every reply as `<Name>…</Name>` and tends to write the same. The stripper removes the speaker's own tags,
any closing tag, the white space after an opening tag, and one "Name:" at the very start, even if they come in pieces.
An opening tag of **another character** means that the model speaks for that character: the text from there on is
dropped. An opening tag of the user at the start of a line means the same; within a line it is only removed. Anything
else with a `<` ("a < b", "<3", "<div>") passes.

Text is delayed only while it may become a tag or the prefix: never more than the longest name and a few characters.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from tertulia_llm.text.mentions import can_stand_alone, fold

_SLACK_CHARS: Final = 16
"""Maximum length of a tag beyond its name: brackets, slash, extra spaces."""
_PREFIX_MARKS: Final = re.compile(r"[*_]{0,3}")
_OPEN_TAG: Final = re.compile(r"<[^\S\n]*(/?)[^\S\n]*")
_SPACES: Final = re.compile(r"\s+")


class TagStripper:
    """Filters one reply.

    `speaker` is the name of the character that replies, `others` the names of the other characters, `user` the
    user's name. A part of a name that can stand alone counts as the name; one shared with the speaker is the speaker's.
    """

    __slots__ = (
        "_at_start",
        "_cut",
        "_longest",
        "_others",
        "_own",
        "_pending",
        "_prefixes",
        "_skip_space",
        "_tail",
        "_user",
    )

    def __init__(self, speaker: str, *, others: Iterable[str] = (), user: str = "") -> None:
        self._own = _variants(speaker)
        self._user = _variants(user) - self._own
        self._others = frozenset[str]().union(*map(_variants, others)) - self._own - self._user
        every = self._own | self._user | self._others
        self._prefixes = {name[:length] for name in every for length in range(len(name) + 1)}
        self._longest = max((len(name) for name in every), default=0) + _SLACK_CHARS
        self._pending = ""
        self._at_start = True  # nothing was returned yet
        self._skip_space = True  # drop the reply's leading white space, like that after an opening tag
        self._tail = "\n"  # the last character returned, or "\n" at the start and after a tag
        self._cut = False

    @property
    def cut(self) -> bool:
        """True once the model speaks for another character or the user. Its further text is dropped."""
        return self._cut

    def feed(self, text: str) -> str:
        """Take a chunk; return the text that is certainly not a tag. Returns "" after `cut`."""
        if self._cut or not text:
            return ""
        if not (self._pending or self._at_start or self._skip_space) and "<" not in text:
            self._tail = _last_mark(text) or self._tail
            return text
        return self._strip(self._pending + text, final=False)

    def finish(self) -> str:
        """Return the delayed text at the end of the reply, without an unfinished closing tag."""
        pending, self._pending = self._pending, ""
        return "" if self._cut or not pending else self._strip(pending, final=True)

    def _strip(self, text: str, *, final: bool) -> str:
        out: list[str] = []
        at = 0
        self._pending = ""
        while at < len(text):
            if self._skip_space and text[at].isspace():
                at += 1
                continue
            if self._at_start and text[at] != "<":
                length = self._name_prefix(text, at, final=final)
                if length is None:
                    self._pending = text[at:]
                    break
                at += length
                self._at_start = False
                self._skip_space = length > 0
                continue
            bracket = text.find("<", at)
            if bracket != at:
                end = len(text) if bracket < 0 else bracket
                self._put(out, text[at:end])
                at = end
                continue
            length = self._tag(text, at, final=final)
            if self._cut:
                break
            if length is None:
                self._pending = text[at:]
                break
            if length == 0:
                self._put(out, "<")
                length = 1
            at += length
        return "".join(out)

    def _put(self, out: list[str], text: str) -> None:
        out.append(text)
        self._at_start = self._skip_space = False
        self._tail = _last_mark(text) or self._tail

    def _tag(self, text: str, at: int, *, final: bool) -> int | None:
        """Length of the tag at `text[at]` (0: no tag), or None if more text decides it. May set `_cut`."""
        close = text.find(">", at, at + self._longest)
        if close < 0:
            return self._unfinished_tag(text, at, final=final)
        opening = _OPEN_TAG.match(text, at)
        if opening is None:
            return 0
        name = _normal(text[opening.end() : close]).strip()
        is_closing = bool(opening.group(1))
        if name in self._own:
            if not is_closing:
                self._skip_space = True
        elif name not in self._user and name not in self._others:
            return 0
        elif not is_closing and (name in self._others or self._tail == "\n"):
            self._cut = True
        if is_closing:
            self._tail = "\n"  # text after a closing tag is a new line of the dialogue
        return close + 1 - at

    def _unfinished_tag(self, text: str, at: int, *, final: bool) -> int | None:
        opening = _OPEN_TAG.match(text, at)
        so_far = text[at:]
        if opening is None or len(so_far) >= self._longest:
            return 0
        name = _normal(text[opening.end() :])
        possible = name in self._prefixes or (name[-1:] == " " and name[:-1] in self._prefixes)
        if not final:
            return None if possible else 0
        return len(so_far) if possible and opening.group(1) and name else 0

    def _name_prefix(self, text: str, at: int, *, final: bool) -> int | None:
        """Length of the speaker's "Name:" at the start of the reply (0: none), or None if more text decides it."""
        marks = _PREFIX_MARKS.match(text, at)
        name_at = marks.end() if marks else at
        colon = min((found for mark in ":\uff1a" if (found := text.find(mark, name_at)) >= 0), default=-1)
        if colon < 0 or colon - at >= self._longest:
            so_far = _normal(text[name_at : name_at + self._longest]).rstrip("*_ ")
            open_still = len(text) - at < self._longest and any(own.startswith(so_far) for own in self._own)
            return None if open_still and not final else 0
        if _normal(text[name_at:colon]).rstrip("*_ ") not in self._own:
            return 0
        after = colon + 1
        closing = marks.group() if marks else ""
        if closing and text[name_at:colon].rstrip().endswith(closing):
            closing = ""
        rest = text[after : after + len(closing)]
        if closing and rest != closing and closing.startswith(rest) and not final:
            return None
        return (after + len(closing) if rest == closing else after) - at


def _last_mark(text: str) -> str:
    return text.rstrip(" \t")[-1:]


def _normal(text: str) -> str:
    return unicodedata.normalize("NFC", _SPACES.sub(" ", text)).lower()


def _variants(name: str) -> frozenset[str]:
    whole = _normal(name).strip()
    parts = (part.strip(".,") for part in whole.split(" "))
    return frozenset(
        variant for variant in (whole, *(part for part in parts if can_stand_alone(fold(part)))) if variant
    )
