"""One place in a text that names characters."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Case(StrEnum):
    """The form in which a name stands in a text."""

    PLAIN = "plain"
    """As the name is written: in most languages the same for a subject, an object and an address."""
    VOCATIVE = "vocative"
    """A form that is used to address somebody: "Luno", "Rexie", "Lunacığım"."""
    OTHER = "other"
    """A possessive or another case: "Luna's", "Рекса", "Rex'i". This form addresses no one."""


@dataclass(frozen=True, slots=True)
class Mention:
    """A name in a text."""

    start: int
    """Index in the normalized text (`normalized`) of the first character; a title before the name is included."""
    end: int
    """Index after the last character; an honorific after the name is included."""
    names: tuple[int, ...]
    """Indexes of the names that are meant; several if they share the part that the text has."""
    case: Case = Case.PLAIN
    is_word: bool = False
    """True if the name may be a common word here ("will", "sage", "the doctor"): the position must decide."""
    is_title: bool = False
    """True if it is only the title of a name: "doctor" of "The Doctor"."""
    by_sound: bool = False
    """True if only the sound is that of the name."""
