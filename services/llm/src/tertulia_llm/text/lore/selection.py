"""Chooses the triggered entries that fit into the budget, and says where each goes. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from tertulia_llm.text.lore.activation import triggered
from tertulia_llm.text.lore.book_index import BookIndex
from tertulia_shared.lorebooks.lorebook import LoreEntry, Place

MAX_ENTRIES: Final = 100
"""Entries in one prompt."""

Source: TypeAlias = Literal["conversation", "character"]


@dataclass(frozen=True, slots=True)
class Book:
    """A lorebook that a prompt uses."""

    source: Source
    index: BookIndex


@dataclass(frozen=True, slots=True)
class ChosenEntry:
    """An entry of a prompt. `text`: as it goes there. `depth`: see `LoreEntry`."""

    source: Source
    name: str
    text: str
    place: Place
    depth: int


@dataclass(frozen=True, slots=True)
class Lore:
    """The entries of one prompt, in order. `left_out`: names of entries that did not fit into the budget."""

    entries: tuple[ChosenEntry, ...] = ()
    left_out: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.entries or self.left_out)

    def texts(self, place: Place) -> list[str]:
        return [entry.text for entry in self.entries if entry.place == place]


def choose(
    books: Sequence[Book],
    messages: Sequence[str],
    *,
    seed: str,
    budget: float,
    ready: Callable[[str], str],
    tokens: Callable[[str], float],
) -> Lore:
    """The entries that these messages trigger, as far as they fit.

    `budget`: the most tokens of all entries. `ready` makes the text for the prompt of an entry's text.

    An entry that does not fit is left out whole. Constant entries come first, then those of a higher priority, then
    those of a higher order.
    """
    found = [(book, entry) for book in books for entry in triggered(book.index, messages, seed)]
    if not found:
        return Lore()
    found.sort(key=lambda each: (not each[1].is_constant, -each[1].priority, -each[1].order))
    rooms = [budget, *(book.index.book.budget or budget for book in books)]
    chosen: list[tuple[int, ChosenEntry]] = []
    left_out: list[str] = []
    for book, entry in found[: 2 * MAX_ENTRIES]:
        text = ready(entry.content)
        if not text:
            continue
        cost, own = tokens(text), 1 + books.index(book)
        if len(chosen) == MAX_ENTRIES or cost > rooms[0] or cost > rooms[own]:
            left_out.append(entry.name)
            continue
        rooms[0] -= cost
        rooms[own] -= cost
        chosen.append((entry.order, _chosen(book.source, entry, text)))
    left_out += [entry.name for _, entry in found[2 * MAX_ENTRIES :]]
    chosen.sort(key=lambda each: each[0])
    return Lore(tuple(entry for _, entry in chosen), tuple(left_out))


def _chosen(source: Source, entry: LoreEntry, text: str) -> ChosenEntry:
    return ChosenEntry(source, entry.name, text, entry.place, entry.depth)
