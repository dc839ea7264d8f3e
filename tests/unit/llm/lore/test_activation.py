from __future__ import annotations

from typing import Any

import pytest

from tertulia_llm.text.lore.activation import triggered
from tertulia_llm.text.lore.book_index import BookIndex
from tertulia_shared.lorebooks.lorebook import KeyCondition, Logic, Lorebook, LoreEntry


def entry(id: str, *keys: str, content: str = "Text.", **fields: Any) -> LoreEntry:
    return LoreEntry(id, id, content, keys=keys, **fields)


def ids(book: Lorebook, *messages: str, seed: str = "s") -> list[str]:
    return [each.id for each in triggered(BookIndex(book), messages, seed)]


def of(*entries: LoreEntry, **fields: Any) -> Lorebook:
    return Lorebook(entries=entries, **fields)


def test_entry_is_triggered_by_its_key() -> None:
    book = of(entry("a", "tower"), entry("b", "bell"), entry("c", "x", is_constant=True), entry("d"))
    assert ids(book, "The tower is old.") == ["a", "c"]
    assert ids(book) == ["c"]


def test_disabled_and_empty_entries_are_never_triggered() -> None:
    assert ids(of(entry("a", "tower", is_enabled=False), entry("b", "tower", content="")), "tower") == []


def test_only_the_last_messages_are_searched() -> None:
    book = of(entry("a", "tower"), entry("b", "tower", scan_depth=3), entry("c", "tower", scan_depth=0), scan_depth=1)
    assert ids(book, "tower") == ["a", "b"]
    assert ids(book, "tower", "x") == ["b"]
    assert ids(book, "tower", "x", "y", "z") == []


@pytest.mark.parametrize(
    ("logic", "neither", "one", "both"),
    [
        ("any", False, True, True),
        ("all", False, False, True),
        ("not_any", True, False, False),
        ("not_all", True, True, False),
    ],
)
def test_conditions(logic: Logic, *, neither: bool, one: bool, both: bool) -> None:
    book = of(entry("a", "tower", conditions=(KeyCondition(logic, ("bell", "storm")),)))
    assert bool(ids(book, "tower")) is neither
    assert bool(ids(book, "tower and bell")) is one
    assert bool(ids(book, "tower, bell", "storm")) is both
    assert not ids(book, "bell, storm")


def test_entries_trigger_others_if_the_book_says_so() -> None:
    entries = (
        entry("a", "tower", content="A bell hangs there."),
        entry("b", "bell", content="It rings in a storm."),
        entry("c", "storm", needs_message=True),
        entry("d", "bell", needs_entry=True),
        entry("e", "bell", content="It rings in a storm.", is_final=True),
    )
    assert ids(of(*entries), "tower") == ["a"]
    assert ids(of(*entries, is_recursive=True), "tower") == ["a", "b", "d", "e"]
    assert ids(of(*entries, is_recursive=True), "storm") == ["c"]


def test_entry_that_needs_an_entry_is_not_triggered_by_a_message() -> None:
    assert ids(of(entry("d", "bell", needs_entry=True), is_recursive=True), "bell") == []


def test_text_of_a_final_entry_triggers_nothing() -> None:
    book = of(entry("a", "tower", content="bell", is_final=True), entry("b", "bell"), is_recursive=True)
    assert ids(book, "tower") == ["a"]


def test_entries_that_trigger_each_other_end() -> None:
    loop = [entry(str(number), f"key{number}.", content=f"key{(number + 1) % 9}.") for number in range(9)]
    assert len(ids(of(*loop, is_recursive=True), "key0.")) == 6  # the first, and five rounds
    everything = [entry(str(number), "a", content="a") for number in range(500)]
    assert len(ids(of(*everything, is_recursive=True), "a")) == 500


def test_probability_is_drawn_by_the_seed() -> None:
    book = of(*(entry(str(number), "tower", probability=30) for number in range(200)))
    first, again, other = ids(book, "tower"), ids(book, "tower"), ids(book, "tower", seed="t")
    assert first == again != other
    assert 30 <= len(first) <= 90
    assert ids(of(entry("a", "tower", probability=0)), "tower") == []
