"""`/api/characters`."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Path, Query

from tertulia_gateway.cards.character_texts import with_texts
from tertulia_gateway.rest.card_schemas import (
    CardTextsChange,
    CharacterEdit,
    CharacterToCreate,
    WholeCharacter,
    whole_character,
)
from tertulia_gateway.rest.character_names import check_not_users
from tertulia_gateway.rest.problems import responses
from tertulia_gateway.rest.refresh import refresh_characters
from tertulia_gateway.rest.schemas import (
    UUID,
    CharacterItem,
    CharacterList,
    CharacterOrder,
    character_item,
)
from tertulia_shared.bus import Bus
from tertulia_shared.cards.card import check_card
from tertulia_shared.ids import new_id
from tertulia_shared.store import Character, NameTaken, NotFound, Store, seed_characters
from tertulia_shared.store.pictures import shown
from tertulia_shared.store.records import utc_now
from tertulia_shared.store.validation import NAME_MAX_CHARS, fitted_character

CharacterId = Annotated[str, Path(pattern=UUID, description="a character's id")]
UserName = Annotated[
    str, Query(min_length=1, max_length=NAME_MAX_CHARS, description="what the greetings call the user")
]


def router(store: Store, bus: Bus, user_name: str) -> APIRouter:
    """The routes. After each write, all llm workers reload the characters. `user_name`: the user's default name."""
    api = APIRouter(prefix="/api", tags=["characters"])

    async def save(character: Character) -> CharacterItem:
        # a row that an older release wrote may contain Unicode characters that are refused today
        await store.save_character(fitted_character(character))
        await refresh_characters(bus)
        return character_item(await _existing(store, character.id))

    @api.get("/characters", responses=responses())
    async def list_characters() -> CharacterList:
        """All characters, in the order of their seats, then by name."""
        return CharacterList(characters=[character_item(each) for each in await store.characters()])

    @api.put("/characters/order", responses=responses(422, body=True))
    async def seat_characters(order: CharacterOrder) -> CharacterList:
        """Set the order in which the characters sit and, if all are asked, answer. Returns all characters.

        Characters that are not listed come after the listed ones, by name. Ids that do not exist are ignored.
        """
        await store.seat_characters(order.characters)
        await refresh_characters(bus)
        return await list_characters()

    @api.post("/characters/first", responses=responses())
    async def restore_first_characters() -> CharacterList:
        """Create Luna, Rex and Sage again if they were deleted. Returns all characters.

        One that exists is not changed, and one whose name another character has now is not created.
        """
        await _restore(store)
        await refresh_characters(bus)
        return await list_characters()

    @api.get("/characters/{character_id}", responses=responses(404, 422))
    async def read_character(character_id: CharacterId, user: UserName = "…") -> WholeCharacter:
        """One character, with the texts in its card."""
        return whole_character(await _existing(store, character_id), user)

    @api.post("/characters", status_code=201, responses=responses(409, 422, body=True))
    async def create_character(new: CharacterToCreate) -> CharacterItem:
        """Create a character. `card_texts` are written into its card."""
        check_not_users(new.name, user_name)
        check_card(new.card)
        now = utc_now()
        fields = new.model_dump(exclude={"card_texts"})
        character = Character(id=new_id(), created_at=now, updated_at=now, **fields)
        return await save(await _with_card_texts(character, new.card_texts))

    @api.patch("/characters/{character_id}", responses=responses(404, 409, 422, body=True))
    async def change_character(character_id: CharacterId, change: CharacterEdit) -> CharacterItem:
        """Change the given fields. The other fields, and the rest of the card, stay as they are."""
        character = _changed(await _existing(store, character_id), change, user_name)
        return await save(await _with_card_texts(character, change.card_texts))

    @api.delete("/characters/{character_id}", status_code=204, responses=responses(404, 422))
    async def delete_character(character_id: CharacterId) -> None:
        """Delete a character. Its messages are kept, with the character's name."""
        if not await store.delete_character(character_id):
            raise NotFound("character", character_id)
        await refresh_characters(bus)

    return api


def _changed(known: Character, change: CharacterEdit, user_name: str) -> Character:
    """The character after a change, without that of its card. Raises: see `check_not_users`."""
    changes = {name: value for name, value in change.model_dump(exclude={"card_texts"}).items() if value is not None}
    if change.name is not None and change.name != known.name:
        check_not_users(change.name, user_name)
    # a stored picture that only an older release accepted must not prevent changes of other fields
    known = replace(known, image=shown(known.image))
    return replace(known, **changes, updated_at=utc_now())


async def _with_card_texts(character: Character, texts: CardTextsChange | None) -> Character:
    """Raises: see `with_texts`."""
    if texts is None:
        return character
    return replace(character, card=await asyncio.to_thread(with_texts, character, texts.given()))


async def _restore(store: Store) -> None:
    """Create the first characters that do not exist, except those whose name another character has."""
    known = {character.id for character in await store.characters()}
    for character in seed_characters(utc_now()):
        if character.id not in known:
            with contextlib.suppress(NameTaken):
                await store.save_character(character)


async def _existing(store: Store, character_id: str) -> Character:
    character = await store.character(character_id)
    if character is None:
        raise NotFound("character", character_id)
    return character
