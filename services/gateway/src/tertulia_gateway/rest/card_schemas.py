"""The bodies of the REST API about characters with what is in their cards, as Pydantic models."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import Field

from tertulia_gateway.cards.character_texts import MAX_TEXT_CHARS, MAX_TEXTS, texts_of, texts_of_character
from tertulia_gateway.cards.importing import NoteCode
from tertulia_gateway.cards.reader import FoundCharacter
from tertulia_gateway.rest.schemas import (
    CharacterChange,
    CharacterItem,
    NewCharacter,
    Schema,
    Text,
    character_item,
)
from tertulia_shared.store import Character

CardText = Annotated[Text, Field(max_length=MAX_TEXT_CHARS)]
_GREETINGS: Final = "the texts with which the character can begin a conversation; the first one is the card's first_mes"


class CardTextsItem(Schema):
    """The texts in a character's card, whole, under the names of a V2 card. Empty if the card has none."""

    system_prompt: str
    personality: str
    scenario: str
    mes_example: str
    post_history_instructions: str
    greetings: list[str] = Field(description=_GREETINGS)


class CardTextsChange(Schema):
    """Texts to write into a character's card. Omitted ones, and the rest of the card, stay as they are."""

    system_prompt: CardText | None = None
    personality: CardText | None = None
    scenario: CardText | None = None
    mes_example: CardText | None = None
    post_history_instructions: CardText | None = None
    greetings: list[CardText] | None = Field(None, max_length=MAX_TEXTS, description=_GREETINGS)

    def given(self) -> dict[str, Any]:
        return self.model_dump(exclude_none=True)


class WholeCharacter(CharacterItem):
    """A character with the texts in its card."""

    card_texts: CardTextsItem


class CharacterToCreate(NewCharacter):
    """A character to create, with texts that replace those of its card."""

    card_texts: CardTextsChange | None = None


class CharacterEdit(CharacterChange):
    """The fields to change, also of its card. Omitted fields keep their values."""

    card_texts: CardTextsChange | None = None


class Note(Schema):
    """What an import changed or left out."""

    code: NoteCode
    message: str


class ImportedCharacter(Schema):
    """A character that was created from a card."""

    character: CharacterItem
    notes: list[Note]


class CardDraft(Schema):
    """What a card contains. Nothing is saved yet."""

    version: int = Field(description="of the card's format: 1, 2 or 3")
    character: NewCharacter = Field(description="the body for POST /api/characters")
    card_texts: CardTextsItem
    greetings: list[str] = Field(description="the same as in `card_texts`")
    notes: list[Note]


def whole_character(character: Character, user: str) -> WholeCharacter:
    """`user`: see `character_item`."""
    texts = CardTextsItem.model_validate(texts_of_character(character))
    return WholeCharacter(**dict(character_item(character, user)), card_texts=texts)


def notes_of(found: FoundCharacter) -> list[Note]:
    return [Note(code=note.code, message=note.message) for note in found.notes]


def card_draft(found: FoundCharacter) -> CardDraft:
    """What a card file contains."""
    character = found.character
    return CardDraft(
        version=found.card.version,
        character=NewCharacter(
            name=character.name,
            voice=character.voice,
            system_prompt=character.system_prompt,
            image=character.image,
            talkativeness=character.talkativeness,
            speed=character.speed,
            pitch=character.pitch,
            card=character.card,
        ),
        card_texts=CardTextsItem.model_validate(texts_of(found.card)),
        greetings=list(found.card.greetings),
        notes=notes_of(found),
    )
