"""Lorebooks of NovelAI, Agnai and RisuAI are imported with their keys and texts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tertulia_shared.lorebooks.errors import BadLorebook
from tertulia_shared.lorebooks.forms import checked, world_info
from tertulia_shared.lorebooks.reading import lorebook_of

NOVEL_AI: dict[str, Any] = {
    "lorebookVersion": 5,
    "entries": [
        {"text": "It leans.", "keys": ["tower", "bell"], "displayName": "The tower", "enabled": True, "id": "a-b"},
        {"text": "It rains.", "keys": [], "displayName": "Rain", "enabled": False, "forceActivation": True},
    ],
    "settings": {"orderByKeyLocations": False},
}
AGNAI: dict[str, Any] = {
    "kind": "memory",
    "name": "Old town",
    "entries": [
        {"keywords": ["tower", "bell"], "entry": "It leans.", "name": "The tower", "enabled": True, "weight": 7},
        {"keywords": [], "entry": "It rains.", "name": "Rain", "enabled": False, "priority": 0},
    ],
}
RISU_AI: dict[str, Any] = {
    "type": "risu",
    "ver": 1,
    "data": [
        {"key": "tower, bell,", "secondkey": "", "comment": "The tower", "content": "It leans.", "insertorder": 7},
        {"key": "", "comment": "Rain", "content": "It rains.", "alwaysActive": True, "selective": False},
    ],
}


@pytest.mark.parametrize("file", [NOVEL_AI, AGNAI, RISU_AI], ids=["NovelAI", "Agnai", "RisuAI"])
def test_entries_of_other_programs_keep_keys_text_and_name(file: dict[str, Any]) -> None:
    kept = world_info(checked(json.dumps(file)))
    tower, rain = lorebook_of(kept).entries
    assert (tower.keys, tower.content, tower.name) == (("tower", "bell"), "It leans.", "The tower")
    assert tower.is_enabled
    assert (rain.keys, rain.content, rain.name) == ((), "It rains.", "Rain")
    assert checked(json.dumps(kept)) == kept


def test_what_decides_about_an_entry_is_kept() -> None:
    (_, novel), (agnai, _), (risu, always) = (
        lorebook_of(checked(json.dumps(file))).entries for file in (NOVEL_AI, AGNAI, RISU_AI)
    )
    assert (novel.is_enabled, novel.is_constant) == (False, True)
    assert agnai.order == risu.order == 7
    assert (risu.conditions, always.is_constant) == ((), True)


@pytest.mark.parametrize(
    "file", [{"lorebookVersion": 5}, {"kind": "memory", "entries": 3}, {"type": "risu", "data": [1]}, {"type": "risu"}]
)
def test_file_of_another_program_without_entries_is_refused(file: dict[str, Any]) -> None:
    with pytest.raises(BadLorebook):
        checked(json.dumps(file))


def test_entries_in_our_form_are_kept_in_a_file_of_another_program() -> None:
    entries = [{"keys": ["tower"], "content": "It leans.", "extensions": {"depth": 2}}]
    assert checked(json.dumps({"kind": "memory", "entries": entries}))["entries"] == entries
