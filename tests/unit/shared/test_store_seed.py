from __future__ import annotations

import re
from urllib.parse import unquote
from xml.etree import ElementTree as ET

import pytest

from tertulia_shared.store import Character, seed_characters
from tertulia_shared.store.validation import check_character
from tests.harness.store_records import START

SEEDS = seed_characters(START)


def test_ids_of_the_three_first_characters_never_change() -> None:
    assert {each.name: each.id for each in SEEDS} == {
        "Luna": "dba84ff1-0e17-575e-bc90-58c85071895f",
        "Rex": "ffa50724-17df-59d5-a9a5-b81004712e3e",
        "Sage": "83d57934-0be7-52c8-8546-4c176097693d",
    }


@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: seed.name)
def test_first_characters_have_all_fields(seed: Character) -> None:
    check_character(seed)
    assert seed.active
    assert seed.voice == seed.name.lower()
    assert seed.system_prompt.startswith(f"You are {seed.name}, ")
    assert 2 <= len(re.findall(r"[.!?](?:\s|$)", seed.system_prompt)) <= 5


@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: seed.name)
def test_built_in_portrait_is_a_small_self_contained_svg(seed: Character) -> None:
    kind, _, encoded = seed.image.partition(",")
    assert kind == "data:image/svg+xml"
    assert len(seed.image) < 2048
    assert not set(encoded) & set('<>"# \n')
    svg = unquote(encoded)
    assert ET.fromstring(svg).tag == "{http://www.w3.org/2000/svg}svg"  # noqa: S314  (our own file)
    assert "script" not in svg
    assert "href" not in svg


def test_built_in_portraits_differ_in_colour() -> None:
    backgrounds = {tuple(re.findall(r"stop-color='(#\w+)'", unquote(seed.image))) for seed in SEEDS}
    assert len(backgrounds) == 3
