from __future__ import annotations

import json
from typing import Any

import pytest

from tertulia_shared.lorebooks.errors import BadLorebook
from tertulia_shared.lorebooks.forms import (
    MAX_BYTES,
    book_in_card,
    character_book,
    checked,
    encoded,
    revision_of,
    stored,
    world_info,
)
from tertulia_shared.lorebooks.reading import MAX_ENTRIES, lorebook_of

CHARACTER_BOOK: dict[str, Any] = {
    "name": "Old town",
    "scan_depth": 4,
    "extensions": {"other/program": {"a": [1, 2]}},
    "entries": [
        {
            "keys": ["tower"], "secondary_keys": ["bell"], "content": "It leans.", "comment": "The tower",
            "enabled": False, "constant": True, "selective": True, "insertion_order": 3, "id": 12,
            "position": "after_char", "case_sensitive": True, "priority": 9, "name": "N", "use_regex": False,
            "extensions": {"position": 4, "depth": 2, "role": 1, "probability": 50, "unknown": {"deep": True}},
        },
        {"keys": [], "content": "", "enabled": True, "insertion_order": 1, "extensions": {}},
    ],
}  # fmt: skip
WORLD_INFO: dict[str, Any] = {
    "originalData": {"x": 1},
    "entries": {
        "0": {
            "uid": 0, "key": ["tower"], "keysecondary": ["bell"], "content": "It leans.", "comment": "The tower",
            "disable": True, "constant": True, "selective": True, "order": 3, "position": 4, "depth": 2, "role": 1,
            "probability": 50, "useProbability": True, "selectiveLogic": 3, "matchWholeWords": None,
            "caseSensitive": True, "sticky": 3, "unknown": {"deep": True},
        },
    },
}  # fmt: skip


def code(text: str) -> str:
    with pytest.raises(BadLorebook) as caught:
        checked(text)
    assert str(caught.value).endswith(".")
    assert "card's" not in str(caught.value)
    return caught.value.code


@pytest.mark.parametrize("book", [CHARACTER_BOOK, WORLD_INFO])
def test_converted_book_has_the_same_entries(book: dict[str, Any]) -> None:
    known = lorebook_of(book).entries
    for convert in (world_info, character_book):
        read = lorebook_of(convert(book)).entries
        assert [_comparable(entry) for entry in read] == [_comparable(entry) for entry in known]


@pytest.mark.parametrize("book", [CHARACTER_BOOK, WORLD_INFO])
def test_conversion_and_back_keeps_unknown_fields(book: dict[str, Any]) -> None:
    there = json.dumps(character_book(world_info(book))) + json.dumps(world_info(character_book(book)))
    assert there.count('"unknown": {"deep": true}') == 2
    assert "originalData" in there or "other/program" in there


def test_world_info_is_kept_as_it_came() -> None:
    assert checked(json.dumps(WORLD_INFO)) == world_info(WORLD_INFO) == WORLD_INFO


@pytest.mark.parametrize(
    "file",
    [
        CHARACTER_BOOK,
        {"spec": "lorebook_v3", "data": CHARACTER_BOOK},
        {"spec": "chara_card_v2", "data": {"name": "Mira", "character_book": CHARACTER_BOOK}},
        {"name": "Mira", "character_book": CHARACTER_BOOK},
    ],
)
def test_book_is_found_in_files(file: dict[str, Any]) -> None:
    assert checked(json.dumps(file)) == CHARACTER_BOOK


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "lorebook_no_json"),
        ("[]", "lorebook_not_a_lorebook"),
        ("{}", "lorebook_not_a_lorebook"),
        ('{"entries": 3}', "lorebook_not_a_lorebook"),
        ('{"entries": [1]}', "lorebook_not_a_lorebook"),
        ('{"entries": {"0": []}}', "lorebook_not_a_lorebook"),
        ('{"entries": NaN}', "lorebook_no_json"),
        ('{"entries": [' + "[" * 5000, "lorebook_no_json"),
        (json.dumps({"entries": [{}] * (MAX_ENTRIES + 1)}), "lorebook_too_large"),
        (json.dumps({"entries": [{"content": "x" * MAX_BYTES}]}), "lorebook_too_large"),
    ],
)
def test_what_is_no_lorebook_is_refused(text: str, expected: str) -> None:
    assert code(text) == expected


def test_halves_of_surrogate_pairs_can_be_stored() -> None:
    book = checked('{"entries": [{"content": "a\\ud800b", "key": ["\\ud83c\\udf19"]}]}')
    entry = json.loads(encoded(world_info(book)).encode())["entries"]["0"]
    assert (entry["content"], entry["key"]) == ("a\ufffdb", ["🌙"])


def test_book_in_a_damaged_card_is_empty() -> None:
    assert book_in_card("{") == {}
    assert book_in_card('{"data": {"character_book": 3}}') == {}


@pytest.mark.parametrize("text", ["", "{", "[]", "3", '{"entries": []}', "[" * 100_000])
def test_damaged_stored_book_is_empty(text: str) -> None:
    assert stored(text) == {}


def test_revision_depends_on_the_text() -> None:
    assert revision_of("a") == revision_of("a") != revision_of("b")


def _comparable(entry: Any) -> Any:
    # an entry without an id is named by its place
    return (entry.name, entry.content, entry.keys, entry.conditions, entry.is_enabled, entry.is_constant, entry.place,
            entry.depth, entry.order, entry.priority, entry.probability, entry.is_case_sensitive)  # fmt: skip
