"""Writes changes into the JSON of a card, and makes the JSON of a character that has no card. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from tertulia_shared.cards.card import paths_of
from tertulia_shared.cards.json_text import read_object, with_value

V2, V3 = ("chara_card_v2", "2.0"), ("chara_card_v3", "3.0")


def edited(text: str, changes: Mapping[str, str]) -> str:
    """The JSON of a card with other values of these text fields, wherever it has them. The rest of it stays as it is.

    Raises:
        BadCard: it is not the JSON of a card.
    """
    for field, value in changes.items():
        for path in paths_of(text, field):
            text = with_value(text, path, value)
    return text


def new_card(name: str, description: str, extension: Mapping[str, Any]) -> str:
    """The JSON of a V2 card for a character that was not imported. `extension`: Tertulia's own fields."""
    spec, spec_version = V2
    data: dict[str, Any] = dict.fromkeys(_TEXTS, "")
    data |= {
        "name": name,
        "description": description,
        "alternate_greetings": [],
        "tags": [],
        "extensions": {"tertulia": dict(extension)},
    }
    return json.dumps({"spec": spec, "spec_version": spec_version, "data": data}, ensure_ascii=False, indent=2)


def as_v2(text: str) -> str:
    """The JSON of a V3 card marked as V2, for programs that read only the chunk `chara` of a PNG."""
    spec, spec_version = V2
    return with_value(with_value(text, ("spec",), spec), ("spec_version",), spec_version)


def is_v3(text: str) -> bool:
    """True if the card is marked as V3.

    Raises:
        BadCard: it is not the JSON of an object.
    """
    return read_object(text).get("spec") == V3[0]


_TEXTS: Final = (
    "name", "description", "personality", "scenario", "first_mes", "mes_example", "creator_notes", "system_prompt",
    "post_history_instructions", "creator", "character_version",
)  # fmt: skip
"""The text fields that a V2 card must have."""
