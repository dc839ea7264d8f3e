"""Reads and writes the texts of a character that are in its card, beside its name and description. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from tertulia_gateway.cards.exporting import card_json
from tertulia_shared.cards.card import MAX_GREETINGS, Card, further_greetings, read_card
from tertulia_shared.cards.edits import edited, raised_to_v2
from tertulia_shared.cards.errors import BadCard
from tertulia_shared.store import Character

Texts: TypeAlias = Mapping[str, str | Sequence[str]]
"""Some of the texts, by the names that `CardTexts` has."""

MAX_TEXT_CHARS: Final = 32_000
"""Longest text that is written into a card. Prompts use less of it (`tertulia_shared.cards.prompt_fields`): a long text
of another program stays whole when a person changes one word of it.
"""
MAX_TEXTS: Final = MAX_GREETINGS + 1
"""Greetings: the first one and the alternate ones."""
_NOT_IN_V1: Final = ("system_prompt", "post_history_instructions", "alternate_greetings")


@dataclass(frozen=True, slots=True)
class CardTexts:
    """The texts, with the names of a V2 card. `greetings`: `first_mes`, then `alternate_greetings`."""

    system_prompt: str = ""
    personality: str = ""
    scenario: str = ""
    mes_example: str = ""
    post_history_instructions: str = ""
    greetings: Sequence[str] = ()


def texts_of(card: Card) -> CardTexts:
    """The texts of a card, whole and without macros expanded."""
    return CardTexts(
        system_prompt=card.system_prompt,
        personality=card.personality,
        scenario=card.scenario,
        mes_example=card.mes_example,
        post_history_instructions=card.post_history_instructions,
        greetings=card.greetings,
    )


def texts_of_character(character: Character) -> CardTexts:
    """The texts of a character; empty if it has no card."""
    if not character.card:
        return CardTexts()
    try:
        return texts_of(read_card(character.card))
    except BadCard:  # a person has edited the row
        return CardTexts()


def with_texts(character: Character, texts: Texts) -> str:
    """The JSON of the character's card with these texts. Everything else in it stays as it is, character by character.

    Greetings without a visible character are left out. A character without a card gets one if a text is not empty. A
    V1 card that gets a text for which V1 has no field becomes a V2 card, which has the fields of V1 as well.

    Raises:
        BadCard: the card would be too large, or a person has edited the row and it is no card.
    """
    text = character.card or card_json(character)
    card = read_card(text)
    changes = _changes(text, card, texts)
    if not changes:
        return character.card
    if card.version == 1 and any(changes.get(field) for field in _NOT_IN_V1):
        text = raised_to_v2(text, card)
    text = edited(text, changes)
    read_card(text)
    return text


def _changes(text: str, card: Card, texts: Texts) -> Texts:
    """The fields of the card that these texts change, with their new values."""
    wanted = dict(texts)
    greetings = tuple(each for each in wanted.pop("greetings", card.greetings) if each.strip())
    if greetings != card.greetings:
        wanted["first_mes"] = greetings[0] if greetings else ""
        if greetings[1:] != card.alternate_greetings:
            wanted["alternate_greetings"] = (*greetings[1:], *further_greetings(text))
    return {field: value for field, value in wanted.items() if value != getattr(card, field)}
