from __future__ import annotations

from typing import Any

from tertulia_llm.text.lore.book_index import BookIndex
from tertulia_llm.text.lore.selection import MAX_ENTRIES, Book, Lore, choose
from tertulia_shared.lorebooks.lorebook import Lorebook, LoreEntry


def book(*entries: LoreEntry, source: Any = "conversation", **fields: Any) -> Book:
    return Book(source, BookIndex(Lorebook(entries=entries, **fields)))


def entry(id: str, content: str = "xxxxxxxxxx", **fields: Any) -> LoreEntry:
    return LoreEntry(id, id, content, keys=("tower",), **fields)


def chosen(*books: Book, budget: float = 1000) -> Lore:
    return choose(books, ["The tower."], seed="s", budget=budget, ready=str.upper, tokens=len)


def names(lore: Lore) -> list[str]:
    return [each.name for each in lore.entries]


def test_entries_are_in_their_order_in_the_prompt() -> None:
    lore = chosen(
        book(entry("late", order=9), entry("early", order=1)), book(entry("own", order=5), source="character")
    )
    assert names(lore) == ["early", "own", "late"]
    assert [each.source for each in lore.entries] == ["conversation", "character", "conversation"]
    assert lore.texts("before") == ["XXXXXXXXXX"] * 3


def test_places() -> None:
    lore = chosen(book(entry("a", place="after"), entry("b", place="depth", depth=3)))
    assert (lore.texts("before"), lore.texts("after"), lore.texts("depth")) == ([], ["XXXXXXXXXX"], ["XXXXXXXXXX"])
    assert lore.entries[1].depth == 3


def test_entries_without_room_are_left_out_whole() -> None:
    entries = (
        entry("low", order=5), entry("constant", is_constant=True), entry("high", priority=9),
        entry("later", order=6), entry("huge", "y" * 99, priority=10),
    )  # fmt: skip
    lore = chosen(book(*entries), budget=30)
    assert sorted(names(lore)) == ["constant", "high", "later"]
    assert lore.left_out == ("huge", "low")


def test_budget_of_one_book_does_not_limit_the_other() -> None:
    small = book(entry("a"), entry("b"), budget=10)
    other = book(entry("c"), entry("d"), source="character")
    lore = chosen(small, other)
    assert sorted(names(lore)) == ["a", "c", "d"]


def test_entries_in_one_prompt_have_a_bound() -> None:
    lore = chosen(book(*(entry(str(number), "x") for number in range(1_000))), budget=10_000)
    assert len(lore.entries) == MAX_ENTRIES
    assert len(lore.left_out) == 900


def test_nothing_is_chosen_without_books() -> None:
    assert not chosen()
    assert not chosen(book(LoreEntry("a", "a", "text", keys=("moon",))))
