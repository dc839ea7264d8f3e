"""Cards of many shapes are read, and keep every character of their JSON but those that were edited."""

from __future__ import annotations

import json
from typing import Any, cast

import pytest

from tertulia_shared.cards.card import read_card
from tertulia_shared.cards.edits import as_v2, edited, new_card
from tertulia_shared.cards.json_text import with_value, without_member
from tertulia_shared.cards.png_file import card_in, with_cards
from tests.harness.card_shapes import PNG_KINDS, SHAPES, V1, V2, V3, card_png, picture

EACH = pytest.mark.parametrize("text", SHAPES.values(), ids=SHAPES.keys())


def test_there_are_at_least_thirty_shapes() -> None:
    assert len(SHAPES) >= 30


@EACH
def test_card_is_read(text: str) -> None:
    card = read_card(text)
    assert card.name in ("Mira", "ミラ")
    assert card.version == {"v1": 1, "v2": 2, "v3": 3, "v4": 3}[next(k for k, v in SHAPES.items() if v == text)[:2]]


@EACH
@pytest.mark.parametrize("kind", PNG_KINDS)
def test_card_in_a_picture_is_the_same_text(text: str, kind: str) -> None:
    assert card_in(card_png(text, kind=kind)) == text
    assert card_in(with_cards(picture(), {"chara": text})) == text


@EACH
def test_edited_name_is_the_only_difference(text: str) -> None:
    changed = edited(text, {"name": "Maja"})
    assert read_card(changed).name == "Maja"
    name = read_card(text).name
    # the same edit in the other direction gives the text back, up to the escapes of the name itself
    back = edited(changed, {"name": name})
    assert json.loads(back) == json.loads(text)
    escaped = json.dumps(name)[1:-1]
    assert back == text or back == text.replace(escaped, name) or back.replace(name, escaped) == text


@EACH
def test_edited_description_is_the_only_difference(text: str) -> None:
    marker = 'A new description with "quotes", a\nline and ü'
    changed = edited(text, {"description": marker})
    assert read_card(changed).description == marker
    assert _without_description(json.loads(changed)) == _without_description(json.loads(text))
    others = text.partition('"description"')[0]
    assert changed.startswith(others) or '"description"' not in text


def _without_description(value: Any) -> Any:
    if isinstance(value, dict):
        left_out = ("description", "char_persona")
        members = cast("dict[str, Any]", value)
        return {name: _without_description(inner) for name, inner in members.items() if name not in left_out}
    return value


def test_edit_of_a_list_that_the_card_has_twice_changes_both() -> None:
    text = json.dumps({**V2, "alternate_greetings": ["Old."]})
    changed = json.loads(edited(text, {"alternate_greetings": ("New.",)}))
    assert changed["alternate_greetings"] == changed["data"]["alternate_greetings"] == ["New."]


ONE, TWO, THREE = r'"caf\u00e9\r\nline"', r'"Two,  or 2\u0000"', r'"\ud83d\ude00"'
"""Greetings with escapes, a line end of Windows and a control character, as JSON."""
KEPT = ["café\nline", "Two,  or 2", "😀"]


@pytest.mark.parametrize(
    ("wanted", "left"),
    [
        (KEPT, f'[{ONE},\n 3 ,{TWO} , "",  {THREE}\n]'),
        ([KEPT[0], "New é.", KEPT[2]], f'[{ONE},\n 3 ,\n "New é.", "",  {THREE}\n]'),
        (["New.", *KEPT[1:]], f'["New.",\n 3 ,{TWO} , "",  {THREE}\n]'),
        ([*KEPT, "More."], f'[{ONE},\n 3 ,{TWO} , "",  {THREE},\n "More."\n]'),
        (["First.", *KEPT], f'["First.",\n {ONE},\n 3 ,{TWO} , "",  {THREE}\n]'),
        ([KEPT[0], KEPT[2]], f'[{ONE},\n 3 , "",  {THREE}\n]'),
        (KEPT[1:], f'[3 ,{TWO} , "",  {THREE}\n]'),
        ([KEPT[0], "New.", "More.", KEPT[2]], f'[{ONE},\n 3 ,\n "New.", "",\n "More.",  {THREE}\n]'),
        (["New."], '["New.",\n 3 , ""\n]'),
        ([], '[3 , ""\n]'),
    ],
)  # fmt: skip
def test_edit_of_a_list_keeps_the_other_elements_as_they_came(wanted: list[str], left: str) -> None:
    text = '{"spec": "chara_card_v2", "data": {"name": "Mira", "alternate_greetings": %s, "é": [ ] } }'
    before = text % f'[{ONE},\n 3 ,{TWO} , "",  {THREE}\n]'
    assert list(read_card(before).alternate_greetings) == KEPT
    after = edited(before, {"alternate_greetings": wanted})
    assert after == text % left
    assert list(read_card(after).alternate_greetings) == wanted


@pytest.mark.parametrize("known", ["[]", "[ ]", "[\n]"])
def test_edit_of_an_empty_list_adds_elements(known: str) -> None:
    text = '{"spec": "chara_card_v2", "data": {"name": "Mira", "alternate_greetings": %s}}'
    after = edited(text % known, {"alternate_greetings": ["One.", "Two."]})
    assert after == text % known.replace("[", '["One.", "Two."')


def test_edit_of_a_field_that_the_card_has_twice_changes_both() -> None:
    changed = json.loads(edited(SHAPES["v2 with V1's fields at the top"], {"name": "Maja"}))
    assert (changed["name"], changed["data"]["name"]) == ("Maja", "Maja")


def test_edit_of_a_field_that_the_card_does_not_have_adds_it() -> None:
    changed = json.loads(edited(SHAPES["v2 without optional fields"], {"description": "New."}))
    assert changed == {"spec": "chara_card_v2", "data": {"name": "Mira", "description": "New."}}


def test_fields_of_a_v3_card_are_read() -> None:
    card = read_card(json.dumps(V3))
    assert card.nickname == "Mi"
    assert card.greetings == (V1["first_mes"], "You again!", "The door was open.")
    assert card.post_history_instructions == "Stay in the workshop."


def test_picture_with_both_versions_gives_the_v3_card() -> None:
    v3 = json.dumps(V3)
    both = with_cards(picture(), {"chara": as_v2(v3), "ccv3": v3})
    assert card_in(both) == v3
    assert json.loads(as_v2(v3))["spec"] == "chara_card_v2"


def test_new_card_is_a_v2_card_that_can_be_read() -> None:
    card = read_card(new_card("Luna", "You are Luna.", {"voice": "luna"}))
    assert (card.version, card.name, card.description) == (2, "Luna", "You are Luna.")
    assert card.extension == {"voice": "luna"}


@pytest.mark.parametrize(
    ("text", "removed", "extended"),
    [
        ('{"a":1,"b":2,"a":3}', '{"b":2}', '{"a":1,"b":2,"a":3,"c":0}'),
        ('{"a":1,"a":2}', "{}", '{"a":1,"a":2,"c":0}'),
        ('{ "b": 2, "a": 1, "a": 3 }', '{ "b": 2 }', '{ "b": 2, "a": 1, "a": 3, "c": 0 }'),
    ],
)
def test_members_of_equal_names_are_all_removed_and_otherwise_stay(text: str, removed: str, extended: str) -> None:
    assert without_member(text, ["a"]) == removed
    assert with_value(text, ["c"], 0) == extended
