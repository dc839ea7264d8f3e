"""Reads a file with a character card, makes its portrait, and proposes a voice."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from tertulia_gateway.cards import importing
from tertulia_gateway.cards.importing import CardNote, read_file
from tertulia_gateway.cards.png_pixels import BadPicture, Reason
from tertulia_gateway.cards.portraits import Portraits
from tertulia_gateway.cards.voice_proposal import KnownVoice, proposed_voice
from tertulia_shared.cards.card import Card
from tertulia_shared.ids import new_id
from tertulia_shared.store import Character, Store
from tertulia_shared.store.records import utc_now

NO_VOICE: Final = "default"
"""The voice of an imported character while no engine has published its voices; an engine replaces an unknown voice."""
_PICTURE_FAULTS: Final[dict[Reason, str]] = {
    "picture_damaged": "The picture is damaged",
    "picture_too_large": "The picture is too large for a portrait",
    "picture_interlaced": "The picture is interlaced",
}


@dataclass(frozen=True, slots=True)
class FoundCharacter:
    """The character in a file. It is not saved."""

    character: Character
    card: Card
    notes: Sequence[CardNote]


class CardReader:
    """Reads files with cards."""

    def __init__(self, store: Store, voices: Callable[[], Awaitable[Sequence[KnownVoice]]]) -> None:
        self._store: Final = store
        self._voices: Final = voices
        self._portraits: Final = Portraits()

    async def read(self, data: bytes, voice: str = "", name: str = "") -> FoundCharacter:
        """The character that the file makes, with this voice and name, or with those that fit its card.

        Raises:
            BadCard: the file contains no card, or is too large.
            BusError, StoreError: the voices cannot be read.
        """
        file = await asyncio.to_thread(read_file, data)
        notes = importing.notes_of(file.card)
        image = ""
        if file.png:
            try:
                image = await self._portraits.of(file.png)
            except BadPicture as error:
                fault = f"{_PICTURE_FAULTS[error.reason]}, so the character has none: choose another one."
                notes.append(CardNote("no_picture", fault))
        voice = voice or await self._proposed(file.card)
        if not voice:
            notes.append(
                CardNote("no_voice", "No speech engine is running, so no voice was proposed: choose one later.")
            )
        now = utc_now()
        character = Character(
            id=new_id(),
            name=name or importing.name_of(file.card),
            voice=voice or NO_VOICE,
            system_prompt=importing.description_of(file.card),
            image=image,
            active=True,
            created_at=now,
            updated_at=now,
            talkativeness=importing.talkativeness_of(file.card),
            speed=importing.speed_of(file.card),
            pitch=importing.pitch_of(file.card),
            card=file.text,
        )
        return FoundCharacter(character, file.card, notes)

    async def _proposed(self, card: Card) -> str:
        taken = {each.voice for each in await self._store.characters(active_only=True)}
        return proposed_voice(card, await self._voices(), taken)
