"""The names with which a line of dialogue can begin, and whose name each is. Pure.

Names are compared in a folded form: case, accents and invisible characters are ignored. A part of a name that can be
used alone ("Watson" for "Dr. J. Watson") counts as that name. If two names share a part, it belongs to the speaker,
then to the user, then to the others.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache
from typing import Final

from tertulia_llm.text.mentions import can_stand_alone, fold


class Owner(Enum):
    """Whose line follows a label."""

    SPEAKER = auto()
    USER = auto()
    OTHER = auto()


class Undecided(Exception):
    """Raised when more text is needed to decide whether there is a label."""


ROLES: Final = {
    "user": Owner.USER, "human": Owner.USER, "assistant": Owner.SPEAKER,
    "you": Owner.OTHER, "narrator": Owner.OTHER, "system": Owner.OTHER,
}  # fmt: skip
"""Names of roles that models write instead of a speaker's name. They count only in the strictest form of a label."""
_ARTICLES: Final = re.compile(r"(?:the|a|an|el|la|los|las|le|les|der|die|das|il|lo|o|os|as|de|het) (?=.)")


@dataclass(frozen=True, slots=True)
class FoldedText:
    """A text and its folded form.

    `starts[i]` is the index in the text of the folded form's character `i`. The last item is the length of the text.
    """

    text: str
    folded: str
    starts: tuple[int, ...]

    @classmethod
    def of(cls, text: str) -> FoldedText:
        """Fold a text. A sequence of spaces becomes one space; line feeds stay."""
        folded: list[str] = []
        starts: list[int] = []
        for place, char in enumerate(text):
            for each in _fold_char(char):
                if each == " " and folded and folded[-1] == " ":
                    continue
                folded.append(each)
                starts.append(place)
        return cls(text, "".join(folded), (*starts, len(text)))

    def original(self, start: int, end: int) -> str:
        """The original of a part of the folded text."""
        return self.text[self.starts[start] : self.starts[end]]


@dataclass(frozen=True, slots=True)
class FoundName:
    """A name found in a folded text. `end`: the index after it."""

    end: int
    owner: Owner
    is_role: bool


class SpeakerNames:
    """The names of the participants of a conversation. `speaker`: the character that replies."""

    __slots__ = ("_ordered", "_owners", "initials", "longest")

    def __init__(self, speaker: str, *, others: Iterable[str] = (), user: str = "") -> None:
        owners: dict[str, Owner] = {}
        for owner, names in ((Owner.SPEAKER, (speaker,)), (Owner.USER, (user,)), (Owner.OTHER, tuple(others))):
            for name in names:
                for variant in _variants(name):
                    owners.setdefault(variant, owner)
        self._owners = owners
        self._ordered = sorted({*owners, *ROLES}, key=lambda name: (-len(name), name))
        self.longest = max(map(len, self._ordered))
        """Length of the longest name."""
        self.initials = frozenset(name[0] for name in self._ordered)
        """The first character of each name."""

    def owner_of(self, name: str) -> Owner | None:
        """The owner of a name in any spelling, or of a part of a name that can be used alone; None if it has none."""
        return self._owners.get(FoldedText.of(name).folded.strip())

    def begins(self, text: str) -> bool:
        """True if `text` is a name, or may become one with more characters."""
        folded = FoldedText.of(text).folded.lstrip()
        return any(name.startswith(folded) or name == folded.rstrip() for name in self._owners)

    def at(self, folded: str, start: int, *, roles: bool, final: bool) -> FoundName | None:
        """The longest name at the index `start` of a folded text; None if there is none. `roles`: also find names of
        roles.

        Raises:
            Undecided: more text is needed to decide. Not raised if `final`.
        """
        for name in self._ordered:
            if not roles and name not in self._owners:
                continue
            if folded.startswith(name, start):
                end = start + len(name)
                if end == len(folded) and not final:
                    raise Undecided
                if end == len(folded) or not (folded[end].isalnum() and folded[end - 1].isalnum()):
                    owner = self._owners.get(name)
                    return FoundName(end, owner or ROLES[name], owner is None)
            elif not final and len(folded) - start < len(name) and name.startswith(folded[start:]):
                raise Undecided
        return None


def _variants(name: str) -> Iterator[str]:
    whole = FoldedText.of(name).folded.strip()
    if not whole:
        return
    unpunctuated = " ".join(whole.replace(".", " ").replace(",", " ").split())
    for each in (whole, unpunctuated):
        yield each
        yield each.replace("-", " ")
        yield _ARTICLES.sub("", each, count=1) if _ARTICLES.match(each) else each
    for part in (part.strip(".,") for part in whole.split(" ")):
        if can_stand_alone(part):
            yield part
            yield part.replace("-", " ")


@lru_cache(maxsize=4096)
def _fold_char(char: str) -> str:
    if char == "\n":
        return char
    if char.isspace():
        return " "
    if unicodedata.category(char) == "Cf":
        return ""
    return unicodedata.normalize("NFD", fold(char))
