"""Writes changes into the JSON of a card, and makes the JSON of a character that has no card. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from tertulia_shared.cards.card import Card, paths_of
from tertulia_shared.cards.json_text import list_at, read_object, with_elements, with_value
from tertulia_shared.text import clean_text

V2, V3 = ("chara_card_v2", "2.0"), ("chara_card_v3", "3.0")


def edited(text: str, changes: Mapping[str, str | Sequence[str]]) -> str:
    """The JSON of a card with other values of these fields (a text, or a list of texts), wherever it has them. The rest
    of it stays as it is, also texts of a list that are in the new one, and elements that are no text or an empty one.

    Raises:
        BadCard: it is not the JSON of a card.
    """
    for field, value in changes.items():
        is_text = isinstance(value, str)
        for path in paths_of(text, field, str if is_text else list):
            text = with_value(text, path, value) if is_text else _with_texts(text, path, value)
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


def raised_to_v2(text: str, card: Card) -> str:
    """The JSON of a V1 card as a V2 card, which has the fields of V1 as well. `card`: what was read of the text."""
    spec, spec_version = V2
    text = with_value(with_value(text, ("spec",), spec), ("spec_version",), spec_version)
    data: dict[str, Any] = dict.fromkeys(_TEXTS, "")
    data |= {
        "name": card.name,
        "description": card.description,
        "personality": card.personality,
        "scenario": card.scenario,
        "first_mes": card.first_mes,
        "mes_example": card.mes_example,
        "creator_notes": card.creator_notes,
        "system_prompt": card.system_prompt,
        "post_history_instructions": card.post_history_instructions,
        "alternate_greetings": list(card.alternate_greetings),
        "tags": list(card.tags),
        "extensions": {},
    }
    return with_value(text, ("data",), data)


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


def _with_texts(text: str, path: Sequence[str], wanted: Sequence[str]) -> str:
    known = list_at(text, path)
    if known is None:
        return with_value(text, path, list(wanted))
    return with_elements(text, path, _merged(known, wanted))


def _merged(known: Sequence[object], wanted: Sequence[str]) -> list[int | str]:
    """The elements of a list that has these texts: numbers are places of known elements, texts are new ones."""
    places = [place for place, each in enumerate(known) if isinstance(each, str) and clean_text(each).strip()]
    texts = [clean_text(cast("str", known[place])) for place in places]
    most = min(len(texts), len(wanted))
    first = next((at for at in range(most) if texts[at] != wanted[at]), most)
    last = next((at for at in range(most - first) if texts[-1 - at] != wanted[-1 - at]), most - first)
    old, new = places[first : len(places) - last], wanted[first : len(wanted) - last]
    replaced, removed, added = dict(zip(old, new, strict=False)), set(old[len(new) :]), new[len(old) :]
    merged: list[int | str] = [replaced.get(place, place) for place in range(len(known)) if place not in removed]
    at = merged.index(places[-last]) if last else len(merged)
    return [*merged[:at], *added, *merged[at:]]


_TEXTS: Final = (
    "name", "description", "personality", "scenario", "first_mes", "mes_example", "creator_notes", "system_prompt",
    "post_history_instructions", "creator", "character_version",
)  # fmt: skip
"""The text fields that a V2 card must have."""
