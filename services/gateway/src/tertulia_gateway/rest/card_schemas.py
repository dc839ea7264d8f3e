"""The response bodies of the REST API about character cards, as Pydantic models."""

from __future__ import annotations

from pydantic import Field

from tertulia_gateway.cards.importing import NoteCode
from tertulia_gateway.cards.reader import FoundCharacter
from tertulia_gateway.rest.schemas import CharacterItem, NewCharacter, Schema


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
    greetings: list[str] = Field(description="the texts with which the character can begin a conversation")
    notes: list[Note]


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
        greetings=list(found.card.greetings),
        notes=notes_of(found),
    )
