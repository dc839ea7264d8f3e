from __future__ import annotations

from typing import Any

import pytest

from tertulia_shared.lorebooks.lorebook import DEFAULT_SCAN_DEPTH, KeyCondition, LoreEntry
from tertulia_shared.lorebooks.reading import MAX_CONTENT_CHARS, MAX_ENTRIES, MAX_KEYS, MAX_NAME_CHARS, lorebook_of


def in_card(**fields: Any) -> LoreEntry:
    """An entry of a character's book."""
    given: dict[str, Any] = {
        "keys": ["tower"],
        "content": "It leans.",
        "enabled": True,
        "insertion_order": 5,
        "extensions": {},
        **fields,
    }
    return lorebook_of({"entries": [given]}).entries[0]


def in_world_info(**fields: Any) -> LoreEntry:
    """An entry of SillyTavern's world info."""
    given = {"uid": 7, "key": ["tower"], "keysecondary": [], "content": "It leans.", "disable": False, "order": 5}
    return lorebook_of({"entries": {"7": {**given, **fields}}}).entries[0]


def test_both_formats_give_the_same_entry() -> None:
    card = in_card(id=7, comment="The tower", secondary_keys=["bell"], selective=True, position="after_char")
    world = in_world_info(comment="The tower", keysecondary=["bell"], selective=True, selectiveLogic=0, position=1)
    assert card == world
    assert card.conditions == (KeyCondition("any", ("bell",)),)
    assert (card.id, card.name, card.place, card.order) == ("7", "The tower", "after", 5)


def test_fields_of_silly_tavern_in_extensions_are_read() -> None:
    entry = in_card(
        position="after_char",
        extensions={
            "position": 4, "depth": 2, "selectiveLogic": 3, "probability": 30, "useProbability": True,
            "match_whole_words": True, "case_sensitive": True, "scan_depth": 3, "prevent_recursion": True,
            "exclude_recursion": True, "delay_until_recursion": True,
        },
        secondary_keys=["bell"],
        selective=True,
    )  # fmt: skip
    assert (entry.place, entry.depth, entry.probability, entry.scan_depth) == ("depth", 2, 30, 3)
    assert entry.conditions == (KeyCondition("all", ("bell",)),)
    assert entry.matches_whole_words
    assert entry.is_case_sensitive
    assert entry.is_final
    assert entry.needs_message
    assert entry.needs_entry


@pytest.mark.parametrize(
    ("logic", "expected"), [(0, "any"), (1, "not_all"), (2, "not_any"), (3, "all"), (9, "any"), ("x", "any")]
)
def test_logic_of_secondary_keys(logic: object, expected: str) -> None:
    entry = in_world_info(keysecondary=["bell"], selective=True, selectiveLogic=logic)
    assert entry.conditions[0].logic == expected


def test_secondary_keys_need_selective() -> None:
    assert in_card(secondary_keys=["bell"], selective=False).conditions == ()


@pytest.mark.parametrize(
    ("position", "expected"),
    [
        (0, "before"),
        (1, "after"),
        (2, "depth"),
        (4, "depth"),
        (5, "after"),
        (99, "before"),
        (None, "before"),
        ([], "before"),
    ],
)
def test_position_by_number(position: object, expected: str) -> None:
    assert in_world_info(position=position).place == expected


def test_settings_of_a_book() -> None:
    book = lorebook_of(
        {"name": " Old\ntown ", "scan_depth": 3, "token_budget": 500, "recursive_scanning": True, "entries": []}
    )
    assert (book.name, book.scan_depth, book.budget, book.is_recursive) == ("Old town", 3, 500, True)
    plain = lorebook_of({"entries": {}})
    assert (plain.scan_depth, plain.budget, plain.is_recursive) == (DEFAULT_SCAN_DEPTH, None, False)


def test_decorators_change_an_entry_and_leave_its_text() -> None:
    entry = in_card(
        content="@@depth 3\n@@role assistant\n@@scan_depth 2\n@@exclude_keys storm, rain\n@@unknown x\nIt leans."
    )
    assert entry.content == "It leans."
    assert (entry.place, entry.depth, entry.scan_depth) == ("depth", 3, 2)
    assert entry.conditions == (KeyCondition("not_any", ("storm", "rain")),)


def test_decorator_activate_wins_over_dont_activate() -> None:
    assert in_card(content="@@activate\nIt leans.").is_constant
    assert not in_card(content="@@dont_activate\nIt leans.").is_enabled
    both = in_card(content="@@dont_activate\n@@activate\nIt leans.")
    assert both.is_enabled
    assert both.is_constant


def test_decorator_activate_does_not_enable_a_disabled_entry() -> None:
    assert not in_card(content="@@activate\nIt leans.", enabled=False).is_enabled


def test_position_wins_over_depth() -> None:
    assert in_card(content="@@position before_desc\n@@depth 3\nIt leans.").place == "before"


def test_fallback_of_an_unknown_decorator_is_used() -> None:
    assert in_card(content="@@unknown 1\n@@@depth 6\nIt leans.").depth == 6
    assert in_card(content="@@depth 2\n@@@depth 6\nIt leans.").depth == 2


def test_text_with_an_at_sign_in_the_middle_is_no_decorator() -> None:
    assert in_card(content="It leans.\n@@depth 3").content == "It leans.\n@@depth 3"


def test_equal_ids_become_different() -> None:
    book = lorebook_of({"entries": [{"id": 1, "keys": ["a"]}, {"id": 1, "keys": ["b"]}, {"keys": ["c"]}]})
    assert len({entry.id for entry in book.entries}) == 3


WRONG: list[Any] = [
    None,
    1,
    "x",
    [],
    [1],
    {"a": 1},
    True,
    float("nan"),
    float("inf"),
    -5,
    10**30,
    "\ud800",
    "\x00\x1b[31m",
]


@pytest.mark.parametrize("value", WRONG)
@pytest.mark.parametrize(
    "field",
    ["keys", "key", "content", "extensions", "comment", "name", "id", "uid", "enabled", "constant", "selective",
     "secondary_keys", "insertion_order", "priority", "position", "case_sensitive", "use_regex", "selectiveLogic",
     "probability", "depth", "scanDepth", "delayUntilRecursion"],
)  # fmt: skip
def test_values_of_wrong_types_have_defaults(field: str, value: object) -> None:
    entry = lorebook_of({"entries": [{"keys": ["tower"], "content": "It leans.", field: value}]}).entries[0]
    assert 0 <= entry.probability <= 100
    assert 0 <= entry.depth <= 1000
    assert all(0 < len(key) <= 200 for key in entry.keys)
    assert "\x00" not in entry.content + entry.name


@pytest.mark.parametrize("value", WRONG)
@pytest.mark.parametrize("field", ["entries", "scan_depth", "token_budget", "recursive_scanning", "name"])
def test_values_of_a_book_of_wrong_types_have_defaults(field: str, value: object) -> None:
    book = lorebook_of({"entries": [{"keys": ["tower"]}], field: value})
    assert 0 <= book.scan_depth <= 1000
    assert book.budget is None or book.budget > 0


def test_bounds() -> None:
    long = {
        "keys": [f"k{number}" for number in range(500)] + ["x" * 10_000],
        "content": "y" * 100_000,
        "comment": "z" * 999,
    }
    book = lorebook_of({"entries": [long] * 10_000})
    assert (len(book.entries), book.ignored) == (MAX_ENTRIES, 10_000 - MAX_ENTRIES)
    entry = book.entries[0]
    assert (len(entry.keys), len(entry.content), len(entry.name)) == (MAX_KEYS, MAX_CONTENT_CHARS, MAX_NAME_CHARS)
