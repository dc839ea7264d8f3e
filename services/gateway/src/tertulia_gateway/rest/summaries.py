"""`/api/conversations/ID/summary`: what the characters remember of the beginning of a conversation."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import Field

from tertulia_gateway.context import GatewayContext
from tertulia_gateway.conversation.summary_writer import SummaryWriter
from tertulia_gateway.rest.conversations import ConversationId
from tertulia_gateway.rest.problems import responses
from tertulia_gateway.rest.schemas import Schema, Text
from tertulia_shared.conversation_summary import TEXT_MAX_CHARS, Summary
from tertulia_shared.usage import Usage


class SummaryItem(Schema):
    """The summary of a conversation."""

    text: str
    covers: int = Field(description="the position of the last message that the text covers; 0: none")
    made_at: int = Field(description="when it was changed, in ms since 1970; 0: never")
    edited: bool = Field(description="the user wrote some of the text")
    off: bool = Field(description="it is neither made nor used in this conversation")
    enabled: bool = Field(description="the server makes summaries (TERTULIA_LLM_SUMMARY)")
    usage: Usage = Field(description="what the model server reported for making it, summed")


class SummaryChange(Schema):
    """A change of the summary. Fields that are omitted keep their values."""

    text: Text | None = Field(None, max_length=TEXT_MAX_CHARS, description="the whole text")
    covers: int | None = Field(
        None,
        ge=0,
        le=2**53 - 1,
        description="`covers` of the text that was edited; messages that were summed up since then are added again",
    )
    off: bool | None = Field(None, description="true: the summary is neither made nor used")


def router(ctx: GatewayContext) -> APIRouter:
    api = APIRouter(prefix="/api/conversations", tags=["conversations"])

    def writer(conversation_id: str) -> SummaryWriter:
        return SummaryWriter(ctx.bus, ctx.store, ctx.outbox, conversation_id)

    def item(summary: Summary) -> SummaryItem:
        return SummaryItem(
            text=summary.text,
            covers=summary.covers,
            made_at=summary.made_at_ms,
            edited=summary.is_edited,
            off=summary.off,
            enabled=ctx.makes_summaries,
            usage=dict(summary.usage),
        )

    @api.get("/{conversation_id}/summary", responses=responses(404, 422))
    async def read_summary(conversation_id: ConversationId) -> SummaryItem:
        """The summary of the messages that no longer fit into the prompt."""
        return item(await writer(conversation_id).read())

    @api.put("/{conversation_id}/summary", responses=responses(404, 422, body=True))
    async def change_summary(conversation_id: ConversationId, change: SummaryChange) -> SummaryItem:
        """Change the summary, from the next turn on. The model adds later messages to the text.

        A client that has the conversation open gets the event `summary`. The same request a second time changes
        nothing.
        """
        text = None if change.text is None else change.text.strip()
        changing = writer(conversation_id)
        changed = await changing.change(
            lambda before: before.edited(ctx.wall_ms(), text=text, off=change.off, covers=change.covers)
        )
        if change.off is False:
            await changing.make_again()
        return item(changed)

    @api.delete("/{conversation_id}/summary", status_code=204, responses=responses(404, 422))
    async def forget_summary(conversation_id: ConversationId) -> None:
        """Forget the summary. Unless it is off, the model makes it again from the beginning of the conversation."""

        def forgotten(before: Summary) -> Summary:
            return before.forgotten(ctx.wall_ms()) if before.text or before.covers else before

        changing = writer(conversation_id)
        await changing.change(forgotten)
        await changing.make_again()

    return api
