"""`/api/conversations/{id}/cast`: the characters at the table of a conversation."""

from __future__ import annotations

from fastapi import APIRouter

from tertulia_gateway.commands import ChangeCast
from tertulia_gateway.context import GatewayContext
from tertulia_gateway.conversation.cast_writer import CastWriter
from tertulia_gateway.rest.conversations import ConversationId
from tertulia_gateway.rest.problems import responses
from tertulia_gateway.rest.schemas import CastChange, CastItem
from tertulia_shared.conversation_cast import Cast, seats_problem
from tertulia_shared.store import InvalidRecord, NotFound


def router(ctx: GatewayContext) -> APIRouter:
    api = APIRouter(prefix="/api/conversations", tags=["conversations"])

    async def writer(conversation_id: str) -> CastWriter:
        state = await ctx.bus.hash(ctx.bus.keys.state(conversation_id))
        if not state and await ctx.store.conversation(conversation_id) is None:
            raise NotFound("conversation", conversation_id)
        return CastWriter(ctx.bus, ctx.store, conversation_id, ctx.wall_ms())

    @api.get("/{conversation_id}/cast", responses=responses(404, 422))
    async def read_cast(conversation_id: ConversationId) -> CastItem:
        """The characters at the table of a conversation."""
        return _item(await (await writer(conversation_id)).read(stored=True))

    @api.put("/{conversation_id}/cast", responses=responses(404, 422, body=True))
    async def change_cast(conversation_id: ConversationId, change: CastChange) -> CastItem:
        """Set the characters at the table of a conversation, from its next turn on.

        A client that has the conversation open gets the event `cast`. The same request a second time changes nothing.
        """
        if problem := seats_problem(change.characters):
            raise InvalidRecord("characters", problem)
        seats = None if change.characters is None else tuple(change.characters)
        cast, kept = await (await writer(conversation_id)).change(ChangeCast(seats, change.told), stored=True)
        ctx.saver.save(conversation_id, kept)
        return _item(cast)

    return api


def _item(cast: Cast) -> CastItem:
    return CastItem(characters=None if cast.seats is None else list(cast.seats), told=cast.told)
