"""The names with which a line of dialogue can begin, and whose name each is. Pure.

Names are compared in a folded form: case, accents and invisible characters are ignored. A part of a name that can be
used alone ("Watson" for "Dr. J. Watson") counts as that name, also after another title ("Mr. Watson"). If two names
share a form, it belongs to the one whose whole name it is, otherwise to the speaker, then to the user.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import Enum, auto
from functools import lru_cache
from typing import Final

from tertulia_llm.text.name_forms import NameForms, name_forms
from tertulia_shared.names.folding import fold


class Owner(Enum):
    """Whose line follows a label."""

    SPEAKER = auto()
    USER = auto()
    OTHER = auto()


class Undecided(Exception):
    """Raised when more text is needed to decide whether there is a label."""


ROLES: Final = {
    **dict.fromkeys(
        (
            "user", "human", "usuario", "usuário", "utilisateur", "utilisatrice", "benutzer", "nutzer", "utente",
            "gebruiker", "użytkownik", "пользователь", "kullanıcı", "用户", "用戶", "ユーザー", "사용자", "المستخدم",
        ),
        Owner.USER,
    ),
    **dict.fromkeys(("assistant", "asistente", "assistente", "assistent", "助手", "アシスタント"), Owner.SPEAKER),
    **dict.fromkeys(("you", "narrator", "system"), Owner.OTHER),
}  # fmt: skip
"""Names of roles that models write instead of a speaker's name. They count only in the strictest form of a label."""
_NAMED_BY_TAG: Final = frozenset({"user", "human", "assistant"})
"""The roles that models also write in lower case and as tags (`<user>`)."""
_ADDED_TITLES: Final = (
    "m mr mrs ms mx dr prof professor captain capt lt sgt rev mme mlle monsieur hr frau sr sra srta".split()
)
"""Titles that models add to a name. Text that begins like one is delayed, so no common first word may begin one: not
"Doctor" ("Do"), not "Herr" ("He").
"""
_TITLES: Final = frozenset(f"{title}{end}" for title in _ADDED_TITLES for end in (" ", ".", ". "))


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
        if text.isascii() and text.isprintable() and "  " not in text:
            return cls(text, fold(text), tuple(range(len(text) + 1)))
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
    is_role: bool = False
    is_weak: bool = False
    """The name is a part that may be a common word."""


class SpeakerNames:
    """The names of the participants of a conversation. `speaker`: the character that replies."""

    __slots__ = ("_line_prefixes", "_owners", "_prefixes", "_weak", "longest")

    def __init__(self, speaker: str, *, others: Iterable[str] = (), user: str = "") -> None:
        people = [
            (owner, name_forms(folded))
            for owner, name in ((Owner.SPEAKER, speaker), (Owner.USER, user), *((Owner.OTHER, name) for name in others))
            if (folded := FoldedText.of(name).folded.strip())
        ]
        self._owners: dict[str, Owner] = {}
        self._claim(people, lambda forms: forms.whole)
        self._claim(people, lambda forms: forms.strong)
        unmistakable = frozenset(self._owners)
        self._claim(people, lambda forms: forms.weak)
        self._weak = self._owners.keys() - unmistakable
        self._prefixes = _prefixes(self._owners) | _TITLE_PREFIXES
        self._line_prefixes = self._prefixes | _ROLE_PREFIXES
        self.longest = max(map(len, (*self._owners, *_ROLES)))
        """Length of the longest name."""

    def _claim(self, people: Iterable[tuple[Owner, NameForms]], kind: Callable[[NameForms], Iterable[str]]) -> None:
        for owner, forms in people:
            for form in kind(forms):
                self._owners.setdefault(form, owner)

    def owner_of(self, name: str) -> Owner | None:
        """The owner of a name in any spelling, or of a part of a name that can be used alone; None if it has none."""
        folded = FoldedText.of(name).folded.strip()
        found = self.at(folded, 0, roles=False, final=True)
        return found.owner if found is not None and found.end == len(folded) else None

    def owner_of_role(self, name: str) -> Owner | None:
        """The owner of the lines of a role that models write as a tag; None for other words."""
        folded = FoldedText.of(name).folded.strip()
        return _ROLES[folded] if folded in _NAMED_BY_TAG else None

    def begins(self, text: str) -> bool:
        """True if `text` is a name or a role, or may become one with more characters."""
        folded = FoldedText.of(text).folded.lstrip()
        try:
            found = self.at(folded, 0, roles=True, final=False)
        except Undecided:
            return True
        return found is not None and found.end == len(folded.rstrip())

    def may_be_at(self, folded: str, start: int, *, roles: bool) -> bool:
        """False if no name, title, or role begins at the index `start` of a folded text. Reads two characters."""
        prefixes = self._line_prefixes if roles else self._prefixes
        two = folded[start : start + 2]
        return two in prefixes or two[:1] in self._owners

    def at(self, folded: str, start: int, *, roles: bool, final: bool) -> FoundName | None:
        """The longest name at the index `start` of a folded text, with its title; None if there is none.

        `roles`: also find names of roles.

        Raises:
            Undecided: more text is needed to decide. Not raised if `final`.
        """
        prefixes = self._line_prefixes if roles else self._prefixes
        found = title_end = None
        end = start
        while end < len(folded):
            end += 1
            part = folded[start:end]
            if part not in prefixes:
                break
            if part in _TITLES:
                title_end = end
            elif end == len(folded) or not (folded[end].isalnum() and folded[end - 1].isalnum()):
                found = self._found(part, end, roles=roles) or found
        else:
            if not final:
                raise Undecided
        if found is None and title_end is not None:
            titled = self.at(folded, title_end, roles=False, final=final)
            return titled and replace(titled, is_weak=False)
        return found

    def _found(self, part: str, end: int, *, roles: bool) -> FoundName | None:
        owner = self._owners.get(part)
        if owner is not None:
            return FoundName(end, owner, is_weak=part in self._weak)
        return FoundName(end, _ROLES[part], is_role=True) if roles and part in _ROLES else None


def may_be_role(word: str, *, begins_reply: bool) -> bool:
    """True if the name of a role is written as models write it: "User", "user", "Narrator", not "narrator"."""
    if begins_reply and word.lower() == "you":
        return False  # an address
    return not word[:1].islower() or word in _NAMED_BY_TAG


def _prefixes(names: Iterable[str]) -> frozenset[str]:
    return frozenset(name[:length] for name in names for length in range(len(name) + 1))


@lru_cache(maxsize=4096)
def _fold_char(char: str) -> str:
    if char == "\n":
        return char
    if char.isspace():
        return " "
    if unicodedata.category(char) == "Cf":
        return ""
    return unicodedata.normalize("NFD", fold(char))


_ROLES: Final = {FoldedText.of(name).folded: owner for name, owner in ROLES.items()}
_ROLE_PREFIXES: Final = _prefixes(_ROLES)
_TITLE_PREFIXES: Final = _prefixes(_TITLES)
