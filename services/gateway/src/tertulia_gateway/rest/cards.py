"""`/api/characters/import`, `/api/characters/card` and `/api/characters/ID/card`: character cards."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Request, Response

from tertulia_gateway.cards.exporting import card_json, card_png
from tertulia_gateway.cards.reader import CardReader
from tertulia_gateway.cards.voice_proposal import KnownVoice
from tertulia_gateway.context import GatewayContext
from tertulia_gateway.monitoring.health import engines_of
from tertulia_gateway.rest.card_schemas import CardDraft, ImportedCharacter, card_draft, notes_of
from tertulia_gateway.rest.character_names import check_not_users
from tertulia_gateway.rest.problems import responses
from tertulia_gateway.rest.refresh import refresh_characters
from tertulia_gateway.rest.schemas import UUID, Line, character_item
from tertulia_gateway.rest.voices import voices_of
from tertulia_shared.store import Character, NotFound
from tertulia_shared.store.validation import NAME_MAX_CHARS, VOICE_MAX_CHARS

_FILE: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "the file: a PNG with a card, a CHARX archive, or the card's JSON",
        "content": {
            "image/png": {"schema": {"type": "string", "format": "binary"}},
            "application/zip": {"schema": {"type": "string", "format": "binary"}},
            "application/json": {"schema": {"type": "object"}},
        },
    }
}

_PICTURE: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "a PNG",
        "content": {"image/png": {"schema": {"type": "string", "format": "binary"}}},
    }
}

CharacterId = Annotated[str, Path(pattern=UUID, description="a character's id")]
Voice = Annotated[Line, Query(max_length=VOICE_MAX_CHARS, description='an id from /api/voices; "" has one proposed')]
Name = Annotated[Line, Query(max_length=NAME_MAX_CHARS, description='instead of the card\'s name; "" keeps that')]


class CardFormat(StrEnum):
    """The formats of an exported card."""

    JSON = "json"
    PNG = "png"


def router(ctx: GatewayContext) -> APIRouter:
    """The routes. They come before those of `characters`, whose paths have an id in this place."""
    api = APIRouter(prefix="/api/characters", tags=["characters"])
    store, bus = ctx.store, ctx.bus

    async def voices() -> list[KnownVoice]:
        running = engines_of(await bus.alive(ctx.alive_s))["tts"]
        published = voices_of(await bus.hash(bus.keys.voices()), running)
        return [KnownVoice(each.id, each.language, each.description, each.available) for each in published]

    reader = CardReader(store, voices)

    async def existing(character_id: str) -> Character:
        character = await store.character(character_id)
        if character is None:
            raise NotFound("character", character_id)
        return character

    @api.post("/import", status_code=201, responses=responses(409, 422, body=True), openapi_extra=_FILE)
    async def import_character(request: Request, voice: Voice = "", name: Name = "") -> ImportedCharacter:
        """Create a character of a character card (Tavern card V1, V2 or V3, as PNG, CHARX or JSON).

        The card is kept as it came, and is exported again with what was changed since.
        """
        found = await reader.read(await request.body(), voice, name)
        check_not_users(found.character.name, ctx.user_name)
        await store.save_character(found.character)
        await refresh_characters(bus)
        return ImportedCharacter(character=character_item(found.character), notes=notes_of(found))

    @api.post("/card", responses=responses(422, body=True), openapi_extra=_FILE)
    async def read_card_file(request: Request) -> CardDraft:
        """Read a character card without saving anything: the body for `POST /api/characters`, and what was changed."""
        return card_draft(await reader.read(await request.body()))

    @api.get(
        "/{character_id}/card",
        response_class=Response,
        responses={200: {"content": {"application/json": {}, "image/png": {}}}, **responses(404, 422)},
    )
    async def export_card(
        character_id: CharacterId, format: Annotated[CardFormat, Query()] = CardFormat.JSON
    ) -> Response:
        """Export a character as a character card: the imported one with what was changed since, or a V2 card."""
        character = await existing(character_id)
        if format is CardFormat.PNG:
            body, media = await asyncio.to_thread(card_png, character), "image/png"
        else:
            body, media = (await asyncio.to_thread(card_json, character)).encode(), "application/json"
        headers = {"Content-Disposition": _attachment(character.name, format.value)}
        return Response(body, media_type=media, headers=headers)

    @api.post(
        "/{character_id}/card",
        response_class=Response,
        responses={200: {"content": {"image/png": {}}}, **responses(404, 422, body=True)},
        openapi_extra=_PICTURE,
    )
    async def export_card_with_picture(character_id: CharacterId, request: Request) -> Response:
        """Export a character as a PNG with this picture, for clients that have the portrait as a PNG."""
        character = await existing(character_id)
        body = await asyncio.to_thread(card_png, character, await request.body())
        return Response(
            body, media_type="image/png", headers={"Content-Disposition": _attachment(character.name, "png")}
        )

    return api


def _attachment(name: str, suffix: str) -> str:
    plain = "".join(char if char.isascii() and char.isalnum() else "-" for char in name).strip("-") or "character"
    return f"attachment; filename=\"{plain}.{suffix}\"; filename*=UTF-8''{quote(f'{name}.{suffix}', safe='')}"
