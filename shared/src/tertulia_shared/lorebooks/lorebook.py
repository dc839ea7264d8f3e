"""A lorebook as the llm worker uses it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Logic: TypeAlias = Literal["any", "all", "not_any", "not_all"]
"""How many keys of a condition must be in the text: one, all, none; not all of them."""
Place: TypeAlias = Literal["before", "after", "depth"]
"""Where the text goes: before or after the character's text, or into the history."""

DEFAULT_SCAN_DEPTH: Final = 8
"""How many messages are searched, if the book does not say. A round of a table of three has four."""
DEFAULT_DEPTH: Final = 4
"""Messages between an entry in the history and its end, if the entry does not say."""
DEFAULT_ORDER: Final = 100
CERTAIN: Final = 100
"""The probability, in percent, of an entry that always goes into the prompt when it is triggered."""


@dataclass(frozen=True, slots=True)
class KeyCondition:
    """A further condition of an entry, which needs one of its keys and this condition."""

    logic: Logic
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LoreEntry:
    """One entry. `id` is unique in its book; `name` is for people."""

    id: str
    name: str
    content: str
    keys: tuple[str, ...] = ()
    conditions: tuple[KeyCondition, ...] = ()
    is_enabled: bool = True
    is_constant: bool = False
    """Goes into each prompt, without a key."""
    are_regexes: bool = False
    """All keys are regexes. Otherwise a key of the form `/…/flags` is one."""
    is_case_sensitive: bool = False
    matches_whole_words: bool = False
    scan_depth: int | None = None
    """How many messages are searched; None: as the book says."""
    place: Place = "before"
    depth: int = DEFAULT_DEPTH
    """For `depth`: the number of messages after the text."""
    order: int = DEFAULT_ORDER
    """Of entries in one place, a higher order comes later."""
    priority: int = 0
    """If the budget is too small, entries of a low priority are left out first."""
    probability: int = CERTAIN
    """In percent."""
    is_final: bool = False
    """Its text does not trigger other entries."""
    needs_message: bool = False
    """The text of other entries does not trigger it."""
    needs_entry: bool = False
    """Only the text of other entries triggers it."""


@dataclass(frozen=True, slots=True)
class Lorebook:
    """A book. `budget`: the most tokens of its entries in one prompt; None: as the llm worker decides."""

    name: str = ""
    entries: tuple[LoreEntry, ...] = ()
    scan_depth: int = DEFAULT_SCAN_DEPTH
    budget: int | None = None
    is_recursive: bool = False
    """The text of an entry can trigger others."""
    ignored: int = 0
    """Entries beyond the bounds, which are not in `entries`."""
