"""`/api/conversations`: list, read, rename, delete, export; the messages that are set aside."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import StreamingResponse

from tertulia_gateway.context import GatewayContext
from tertulia_gateway.conversation.summary_writer import SummaryWriter
from tertulia_gateway.rest import export
from tertulia_gateway.rest.conversation_schemas import (
    ConversationItem,
    ConversationPage,
    ConversationWithMessages,
    Rename,
    SetAsideList,
    conversation_item,
    listed_conversation,
)
from tertulia_gateway.rest.export import Format
from tertulia_gateway.rest.message_versions import page_of, set_aside_item, table_items
from tertulia_gateway.rest.problems import responses
from tertulia_gateway.rest.schemas import UUID
from tertulia_shared.bus import BusError
from tertulia_shared.conversation_summary import Summary
from tertulia_shared.store import Conversation, NotFound, Store
from tertulia_shared.store.versions import root_of, was_shown
from tertulia_shared.summary_documents import stored_summary

ConversationId = Annotated[str, Path(pattern=UUID, description="a conversation's id")]
EXPORT_MEDIA = ("text/markdown", "text/plain", "application/json", "application/x-ndjson")
Limit = Annotated[int, Query(ge=1, le=200, description="most items on a page")]


def router(ctx: GatewayContext) -> APIRouter:
    store = ctx.store
    api = APIRouter(prefix="/api/conversations", tags=["conversations"])

    @api.get("", responses=responses(422))
    async def list_conversations(
        limit: Limit = 50,
        before: Annotated[str | None, Query(max_length=200, description="`next` of the page before")] = None,
        search: Annotated[str, Query(max_length=200, description="a text in the title or in a message")] = "",
    ) -> ConversationPage:
        """List conversations, the most recently used first. With `search`, only those that contain the text."""
        wanted = search.strip()
        found = await store.conversations(limit + 1, before, containing=wanted)
        page = found[:limit]
        return ConversationPage(
            items=[listed_conversation(each, wanted) for each in page],
            next=page[-1].cursor if len(found) > limit else None,
        )

    @api.get("/{conversation_id}", responses=responses(404, 422))
    async def read_conversation(
        conversation_id: ConversationId,
        limit: Annotated[int, Query(ge=1, le=1000, description="most messages on a page")] = 200,
        after: Annotated[int | None, Query(ge=0, le=2**53 - 1, description="`next` of the page before")] = None,
    ) -> ConversationWithMessages:
        """Read a conversation with a page of its messages, oldest first."""
        conversation = await existing(store, conversation_id)
        messages = await store.messages(conversation_id, limit, after)
        shown = [message for message in messages if was_shown(message)]
        others = await store.version_places(conversation_id, {root_of(message) for message in shown})
        return ConversationWithMessages(
            **conversation_item(conversation).model_dump(),
            usage=await store.usage(conversation_id),
            messages=table_items(shown, others),
            next=messages[-1].position if len(messages) >= limit else None,
        )

    @api.get("/{conversation_id}/versions", responses=responses(404, 422))
    async def read_versions(
        conversation_id: ConversationId,
        limit: Annotated[int | None, Query(ge=1, le=1000, description="most messages on a page; omitted: all")] = None,
        after: Annotated[int | None, Query(ge=0, le=2**53 - 1, description="`next` of the page before")] = None,
    ) -> SetAsideList:
        """Read the messages that are set aside: versions that were not chosen, and what followed them."""
        await existing(store, conversation_id)
        aside = [each for each in await store.versions(conversation_id) if was_shown(each.message)]
        page, further = page_of(aside, limit, after)
        return SetAsideList(items=[set_aside_item(each) for each in page], next=further)

    @api.patch("/{conversation_id}", responses=responses(404, 422, body=True))
    async def rename_conversation(conversation_id: ConversationId, rename: Rename) -> ConversationItem:
        """Change a conversation's title."""
        await store.rename_conversation(conversation_id, rename.title)
        return conversation_item(await existing(store, conversation_id))

    @api.delete("/{conversation_id}", status_code=204, responses=responses(404, 422))
    async def delete_conversation(conversation_id: ConversationId) -> None:
        """Delete a conversation and all its messages."""
        if not await store.delete_conversation(conversation_id):
            raise NotFound("conversation", conversation_id)

    @api.get(
        "/{conversation_id}/export",
        response_class=Response,
        responses={200: {"content": {media: {} for media in EXPORT_MEDIA}}, **responses(404, 422)},
    )
    async def export_conversation(
        conversation_id: ConversationId, format: Annotated[Format, Query()] = Format.MARKDOWN
    ) -> StreamingResponse:
        """Export a whole conversation as a file: Markdown, plain text, JSON or a chat of SillyTavern (jsonl)."""
        conversation = await existing(store, conversation_id)

        async def summary() -> Summary:
            try:
                return await SummaryWriter(ctx.bus, store, ctx.outbox, conversation_id).read()
            except BusError:  # Redis is unavailable; the store may have an earlier summary
                return await stored_summary(store, conversation_id)

        file = await export.exported(store, conversation, format, summary)
        name = f"tertulia-{conversation.created_at:%Y-%m-%d}-{conversation.id[:8]}.{file.suffix}"
        return StreamingResponse(
            file.content,
            media_type=file.media_type,
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    return api


async def existing(store: Store, conversation_id: str) -> Conversation:
    conversation = await store.conversation(conversation_id)
    if conversation is None:
        raise NotFound("conversation", conversation_id)
    return conversation
