"""`/api/conversations/ID/lorebook`: the lorebook of a conversation."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response

from tertulia_gateway.context import GatewayContext
from tertulia_gateway.conversation.lorebook import LorebookWriter
from tertulia_gateway.rest.conversations import ConversationId
from tertulia_gateway.rest.problems import responses
from tertulia_shared.lorebooks.forms import Form, checked_file, converted, encoded

_BOOK: Final[dict[str, Any]] = {
    "type": "object",
    "description": "SillyTavern's world info (`entries` is an object), or a `character_book` (`entries` is a list)",
    "properties": {"entries": {}},
}
BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "the lorebook in either format, alone or in the file of a V3 lorebook or a character card",
        "content": {"application/json": {"schema": _BOOK}},
    }
}
ANSWER: Final[dict[int | str, dict[str, Any]]] = {200: {"content": {"application/json": {"schema": _BOOK}}}}
Format = Annotated[Form, Query(description="the format of the response")]


def router(ctx: GatewayContext) -> APIRouter:
    api = APIRouter(prefix="/api", tags=["lorebooks"])

    def writer(conversation_id: str) -> LorebookWriter:
        return LorebookWriter(ctx.bus, ctx.store, ctx.outbox, conversation_id)

    @api.get(
        "/conversations/{conversation_id}/lorebook",
        response_class=Response,
        responses={**ANSWER, **responses(404, 422)},
    )
    async def read_lorebook(conversation_id: ConversationId, format: Format = "world_info") -> Response:
        """The lorebook of a conversation; without entries if it has none."""
        return book_response(converted(await writer(conversation_id).read(), format))

    @api.put(
        "/conversations/{conversation_id}/lorebook",
        response_class=Response,
        responses={**ANSWER, **responses(404, 422, body=True)},
        openapi_extra=BODY,
    )
    async def change_lorebook(conversation_id: ConversationId, request: Request) -> Response:
        """Set the lorebook of a conversation, from its next turn on. Returns it as world info.

        A client that has the conversation open gets the event `lorebook`.
        """
        book = await asyncio.to_thread(checked_file, await request.body())
        return book_response(await writer(conversation_id).save(book))

    @api.delete("/conversations/{conversation_id}/lorebook", status_code=204, responses=responses(404, 422))
    async def delete_lorebook(conversation_id: ConversationId) -> None:
        """Delete the lorebook of a conversation."""
        await writer(conversation_id).delete()

    return api


def book_response(book: Mapping[str, Any]) -> Response:
    return Response(encoded(book), media_type="application/json")
