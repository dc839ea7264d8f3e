"""`/api/characters/ID/lorebook`: the lorebook in a character's card."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from fastapi import APIRouter, Request, Response

from tertulia_gateway.cards.character_book import book_of_character, with_book
from tertulia_gateway.rest.cards import CharacterId
from tertulia_gateway.rest.lorebooks import ANSWER, BODY, Format, book_response
from tertulia_gateway.rest.problems import responses
from tertulia_gateway.rest.refresh import refresh_characters
from tertulia_shared.bus import Bus
from tertulia_shared.lorebooks.forms import checked_file, converted
from tertulia_shared.store import Character, NotFound, Store
from tertulia_shared.store.records import utc_now
from tertulia_shared.store.validation import fitted_character


def router(store: Store, bus: Bus) -> APIRouter:
    """The routes. After each write, all llm workers reload the characters."""
    api = APIRouter(prefix="/api", tags=["characters"])

    async def existing(character_id: str) -> Character:
        character = await store.character(character_id)
        if character is None:
            raise NotFound("character", character_id)
        return character

    async def save(character: Character, card: str) -> None:
        if card != character.card:
            await store.save_character(fitted_character(replace(character, card=card, updated_at=utc_now())))
        await refresh_characters(bus)

    @api.get(
        "/characters/{character_id}/lorebook", response_class=Response, responses={**ANSWER, **responses(404, 422)}
    )
    async def read_character_lorebook(character_id: CharacterId, format: Format = "world_info") -> Response:
        """The lorebook of a character, from its card; without entries if it has none."""
        book = await asyncio.to_thread(book_of_character, await existing(character_id))
        return book_response(converted(book, format))

    @api.put(
        "/characters/{character_id}/lorebook",
        response_class=Response,
        responses={**ANSWER, **responses(404, 422, body=True)},
        openapi_extra=BODY,
    )
    async def change_character_lorebook(
        character_id: CharacterId, request: Request, format: Format = "world_info"
    ) -> Response:
        """Set the lorebook of a character, in its card. Nothing else in the card changes."""
        book = converted(await asyncio.to_thread(checked_file, await request.body()), "character_book")
        character = await existing(character_id)
        await save(character, await asyncio.to_thread(with_book, character, book))
        return book_response(converted(book, format))

    @api.delete("/characters/{character_id}/lorebook", status_code=204, responses=responses(404, 422))
    async def delete_character_lorebook(character_id: CharacterId) -> None:
        """Delete the lorebook of a character from its card."""
        character = await existing(character_id)
        await save(character, await asyncio.to_thread(with_book, character, None))

    return api
