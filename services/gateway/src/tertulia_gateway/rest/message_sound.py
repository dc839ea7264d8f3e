"""`/api/conversations/ID/messages/MESSAGE/sound`: the voice of a finished reply again."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from tertulia_gateway.rest.client_leaving import CLIENT_CLOSED_REQUEST, StreamUntilClientLeaves, unless_client_leaves
from tertulia_gateway.rest.conversations import ConversationId
from tertulia_gateway.rest.problems import responses
from tertulia_gateway.rest.replayed_sound import ReplayedSound
from tertulia_gateway.rest.schemas import UUID
from tertulia_shared.bus import Bus
from tertulia_shared.entries import SAMPLE_RATE_OUT
from tertulia_shared.store import Message, NotFound, Store
from tertulia_shared.wav import wav_stream_header

MessageId = Annotated[str, Path(pattern=UUID, description="a message's id")]
PAGE = 1_000


def router(store: Store, bus: Bus, *, alive_s: float) -> APIRouter:
    """The route. `alive_s`: seconds without a heartbeat after which a worker counts as dead."""
    api = APIRouter(prefix="/api/conversations", tags=["conversations"])
    replayed = ReplayedSound(bus, store, alive_s=alive_s)

    @api.get(
        "/{conversation_id}/messages/{message_id}/sound",
        response_class=Response,
        responses={
            200: {"content": {"audio/wav": {}}, "description": "a WAV of unknown length, 24 kHz mono"},
            **responses(404, 409, 422, 429),
        },
    )
    async def message_sound(request: Request, conversation_id: ConversationId, message_id: MessageId) -> Response:
        """Play a finished reply again: its sound, or if that is no longer kept, the same made again."""
        message = await _message(store, conversation_id, message_id)
        begun = await unless_client_leaves(request, replayed.begin(message))
        if begun is None:
            return Response(status_code=CLIENT_CLOSED_REQUEST)
        return StreamUntilClientLeaves(_wav(*begun), "audio/wav", {"Cache-Control": "no-store"})

    return api


async def _wav(first: bytes, rest: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    try:
        yield wav_stream_header(SAMPLE_RATE_OUT)
        yield first
        async for pcm in rest:
            yield pcm
    finally:
        await rest.aclose()


async def _message(store: Store, conversation_id: str, message_id: str) -> Message:
    """Find a message: among the newest ones, then from the beginning.

    Raises:
        NotFound: the conversation does not exist, or has no such message.
    """
    if await store.conversation(conversation_id) is None:
        raise NotFound("conversation", conversation_id)
    newest = await store.history(conversation_id, PAGE)
    page, after = newest, None
    while True:
        for message in page:
            if message.id == message_id:
                return message
        if len(page) < PAGE:
            break
        page = await store.messages(conversation_id, PAGE, after)
        after = page[-1].position if page else None
    raise NotFound("message", message_id)
