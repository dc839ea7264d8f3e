"""Reads and writes the lorebook in a character's card. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tertulia_gateway.cards.exporting import card_json
from tertulia_shared.cards.card import read_card
from tertulia_shared.cards.edits import raised_to_v2
from tertulia_shared.cards.json_text import with_value, without_member
from tertulia_shared.lorebooks.forms import book_in_card
from tertulia_shared.store import Character

EMPTY: Final[Mapping[str, Any]] = {"extensions": {}, "entries": []}


def book_of_character(character: Character) -> Mapping[str, Any]:
    """The lorebook of a character; without entries if it has none."""
    return book_in_card(character.card) or EMPTY


def with_book(character: Character, book: Mapping[str, Any] | None) -> str:
    """The JSON of the character's card with another lorebook; None: without one. The rest of the card stays as it is.

    A character without a card gets one. A V1 card has no place for a lorebook, so it becomes a V2 card, which has the
    fields of V1 as well.

    Raises:
        BadCard: the card would be too large.
    """
    if not book_in_card(character.card) and not book:
        return character.card
    text = character.card or card_json(character)
    card = read_card(text)
    if book is None:
        return without_member(without_member(text, ("data", "character_book")), ("character_book",))
    if card.version == 1:
        text = raised_to_v2(text, card)
    text = with_value(text, ("data", "character_book"), book)
    read_card(text)
    return text
