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
from tertulia_shared.cards.png_file import SIGNATURE
from tertulia_shared.ids import new_id
from tertulia_shared.store import Character, Store
from tertulia_shared.store.pictures import picture_uri
from tertulia_shared.store.records import utc_now
from tertulia_shared.store.validation import IMAGE_MAX_CHARS

NO_VOICE: Final = "default"
"""The voice of an imported character while no engine has published its voices; an engine replaces an unknown voice."""
_PICTURE_FAULTS: Final[dict[Reason, str]] = {
    "picture_damaged": "The picture is damaged",
    "picture_too_large": "The picture is too large for a portrait",
    "picture_interlaced": "The picture is interlaced",
    "picture_unknown": "The picture is neither a PNG, a JPEG, a WebP nor a GIF",
    "picture_no_png": "The picture is no PNG and too large to be used as it is",
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
        notes = importing.notes_of(file, name)
        image, fault = await self._portrait(file.pictures)
        if fault:
            notes.append(CardNote("no_picture", f"{fault}, so the character has none: choose another one."))
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

    async def _portrait(self, pictures: Sequence[bytes]) -> tuple[str, str]:
        """The data: URI of the first picture that can be used, and the fault of the first one if none can."""
        fault = ""
        for picture in pictures:
            try:
                return await self._image_of(picture), ""
            except BadPicture as error:
                fault = fault or _PICTURE_FAULTS[error.reason]
        return "", fault

    async def _image_of(self, picture: bytes) -> str:
        """The picture of a character. A picture that is no PNG is not decoded here: a small one is taken as it is.

        Raises:
            BadPicture: it cannot be used.
        """
        if picture.startswith(SIGNATURE):
            return await self._portraits.of(picture)
        uri = picture_uri(picture[:IMAGE_MAX_CHARS])
        if not uri:
            raise BadPicture("picture_unknown")
        if len(uri) > IMAGE_MAX_CHARS:
            raise BadPicture("picture_no_png")
        return uri

    async def _proposed(self, card: Card) -> str:
        taken = {each.voice for each in await self._store.characters(active_only=True)}
        return proposed_voice(card, await self._voices(), taken)
