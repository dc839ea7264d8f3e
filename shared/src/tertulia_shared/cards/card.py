"""Reads the fields of a card in any of its versions. Pure.

V1 has its fields at the top level. V2 ("chara_card_v2") and V3 ("chara_card_v3") have them in `data`; many programs add
those of V1 at the top level as well. Older files of Pygmalion and text-generation-webui are V1 with other names.
Unknown fields are ignored here, and kept in the text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias, cast

from tertulia_shared.cards.errors import BadCard
from tertulia_shared.cards.json_text import JsonObject, read_object
from tertulia_shared.text import clean_line, clean_text

Version: TypeAlias = Literal[1, 2, 3]

MAX_GREETINGS: Final = 50
MAX_TAGS: Final = 50
_SPECS: Final[dict[str, Version]] = {"chara_card_v2": 2, "chara_card_v3": 3}
_OTHER_NAMES: Final = {
    "name": "char_name",
    "description": "char_persona",
    "scenario": "world_scenario",
    "first_mes": "char_greeting",
    "mes_example": "example_dialogue",
}
"""The names of V1's fields in files of Pygmalion and text-generation-webui."""
_OWN_FIELDS: Final = ("description", "personality", "first_mes", "scenario", "mes_example")
_EXTENSION: Final = "tertulia"


@dataclass(frozen=True, slots=True)
class Card:
    """The known fields of a card, with `clean_text` applied. A missing field, or one of a wrong type, is empty."""

    version: Version
    name: str
    description: str = ""
    personality: str = ""
    scenario: str = ""
    first_mes: str = ""
    alternate_greetings: tuple[str, ...] = ()
    mes_example: str = ""
    system_prompt: str = ""
    post_history_instructions: str = ""
    creator_notes: str = ""
    tags: tuple[str, ...] = ()
    nickname: str = ""
    extension: Mapping[str, Any] | None = None
    """What Tertulia itself wrote into the card's `extensions`: voice, speed, pitch, talkativeness."""
    talkativeness: float | None = None
    """SillyTavern's extension of this name, 0 to 1."""

    @property
    def greetings(self) -> tuple[str, ...]:
        """The texts with which the character can begin a conversation."""
        return tuple(each for each in (self.first_mes, *self.alternate_greetings) if each.strip())


def read_card(text: str) -> Card:
    """Read a card's JSON.

    Raises:
        BadCard: it is not the JSON of a card, or is too large.
    """
    whole = read_object(text)
    version = _version(whole)
    data: JsonObject = whole if version == 1 else _object(whole.get("data"))
    name = clean_line(_text(data, "name") or _text(whole, "name"))
    if not name or not (version > 1 or any(_present(whole, field) for field in _OWN_FIELDS)):
        raise BadCard(
            "card_not_a_card",
            "The JSON is not a character card: a card has a name and a description. Choose a Tavern card V1, V2 or V3 "
            "(JSON or PNG).",
        )
    extensions = _object(data.get("extensions"))
    return Card(
        version=version,
        name=name,
        description=_text(data, "description"),
        personality=_text(data, "personality"),
        scenario=_text(data, "scenario"),
        first_mes=_text(data, "first_mes"),
        alternate_greetings=_texts(data.get("alternate_greetings"), MAX_GREETINGS),
        mes_example=_text(data, "mes_example"),
        system_prompt=_text(data, "system_prompt"),
        post_history_instructions=_text(data, "post_history_instructions"),
        creator_notes=_text(data, "creator_notes"),
        tags=_texts(data.get("tags"), MAX_TAGS),
        nickname=clean_line(_text(data, "nickname")),
        extension=_object(extensions.get(_EXTENSION)) or None,
        talkativeness=_share(extensions.get("talkativeness", whole.get("talkativeness"))),
    )


def book_of(text: str) -> JsonObject:
    """The lorebook of a card, as it is in its JSON; empty if it has none.

    Raises:
        BadCard: it is not the JSON of an object, or is too large.
    """
    whole = read_object(text)
    return _object(_object(whole.get("data")).get("character_book")) or _object(whole.get("character_book"))


def further_greetings(text: str) -> tuple[str, ...]:
    """The alternate greetings that `read_card` leaves out, because the card has more than `MAX_GREETINGS`.

    Raises:
        BadCard: it is not the JSON of an object, or is too large.
    """
    whole = read_object(text)
    data = whole if _version(whole) == 1 else _object(whole.get("data"))
    return _texts(data.get("alternate_greetings"))[MAX_GREETINGS:]


def check_card(text: str) -> None:
    """Check the JSON of a character's card; "" is none.

    Raises:
        BadCard: it is not the JSON of a card, or is too large.
    """
    if text:
        read_card(text)


def paths_of(text: str, field: str, kind: type[str | list[Any]] = str) -> tuple[tuple[str, ...], ...]:
    """The paths at which a card has this field of texts; if it has it nowhere, the path at which its version has it.

    `kind`: what the field is at the top level, where a value of another type is left alone.
    """
    whole = read_object(text)
    paths: list[tuple[str, ...]] = []
    if _version(whole) > 1:
        paths.append(("data", field))
    top = [name for name in (field, _OTHER_NAMES.get(field, field)) if isinstance(whole.get(name), kind)]
    paths += [(name,) for name in dict.fromkeys(top)]
    return tuple(paths) or ((field,),)


def _version(whole: JsonObject) -> Version:
    spec: object = whole.get("spec")
    data = _object(whole.get("data"))
    if isinstance(spec, str) and data:
        return _SPECS.get(spec, 3)  # a later version is read like the newest known one, as the V3 specification asks
    return 2 if _present(data, "name") else 1


def _present(fields: Mapping[str, Any], name: str) -> bool:
    return name in fields or _OTHER_NAMES.get(name, name) in fields


def _text(fields: Mapping[str, Any], name: str) -> str:
    found = fields.get(name)
    if not isinstance(found, str):
        found = fields.get(_OTHER_NAMES.get(name, name))
    return clean_text(found) if isinstance(found, str) else ""


def _texts(found: object, most: int | None = None) -> tuple[str, ...]:
    if not isinstance(found, list):
        return ()
    given = cast("Sequence[object]", found)
    return tuple(clean_text(each) for each in given if isinstance(each, str) and each.strip())[:most]


def _object(found: object) -> JsonObject:
    return cast("JsonObject", found) if isinstance(found, dict) else {}


def _share(found: object) -> float | None:
    """A number from 0 to 1; SillyTavern writes it as a number or as a text."""
    if isinstance(found, bool) or not isinstance(found, int | float | str):
        return None
    try:
        share = float(found)
    except (ValueError, OverflowError):
        return None
    return share if 0 <= share <= 1 else None
