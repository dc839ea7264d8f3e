"""`/api/conversations/ID/branch`: makes a new conversation of the beginning of another one.

All ids are derived from the request, so a repeated request completes or repeats the same writes.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from typing import Final
from uuid import UUID, uuid5

from fastapi import APIRouter, Response

from tertulia_gateway.context import GatewayContext
from tertulia_gateway.conversation.summary_writer import SummaryWriter
from tertulia_gateway.rest.conversation_schemas import ImportedConversation, NewBranch, conversation_item
from tertulia_gateway.rest.conversations import ConversationId, existing
from tertulia_gateway.rest.problems import responses
from tertulia_shared.conversation_summary import Summary
from tertulia_shared.store import Message, NotFound, Store
from tertulia_shared.store.validation import TITLE_MAX_CHARS
from tertulia_shared.store.versions import was_shown
from tertulia_shared.summary_documents import summary_document

PAGE: Final = 500
"""Messages per read of the store and per write to it."""
_NAMESPACE: Final = UUID("5a1d7c0e-93c4-5b0f-8f0e-3b2f4c6d7e81")
_NUMBERED: Final = re.compile(r"(?P<title>.*) \((?P<number>[1-9]\d{0,5})\)", re.DOTALL)


def router(ctx: GatewayContext) -> APIRouter:
    store = ctx.store
    api = APIRouter(prefix="/api/conversations", tags=["conversations"])

    @api.post(
        "/{conversation_id}/branch",
        status_code=201,
        responses={
            200: {"model": ImportedConversation, "description": "It was made before"},
            **responses(404, 422, body=True),
        },
    )
    async def branch_conversation(
        conversation_id: ConversationId, branch: NewBranch, response: Response
    ) -> ImportedConversation:
        """Make a new conversation with the messages up to and with this one, the same settings, cast and lorebooks. It
        also has the summary, unless that covers later messages.
        """
        source = await existing(store, conversation_id)
        messages = await _beginning(store, conversation_id, branch.message_id)
        settings = await store.model_settings(conversation_id)
        new_id = str(uuid5(_NAMESPACE, f"{conversation_id} {branch.message_id} {branch.request_id}"))
        if await store.conversation(new_id) is not None:
            response.status_code = 200
        await store.ensure_conversation(new_id, branched_title(source.title))
        if settings and not await store.model_settings(new_id):
            await store.save_model_settings(new_id, settings)
        for document in await store.documents("lorebook", conversation_id):
            await store.save_document(replace(document, owner=new_id))
        summary = await SummaryWriter(ctx.bus, store, ctx.outbox, conversation_id).read()
        if (kept := branched_summary(summary, messages[-1].position)) is not None:
            await store.save_document(summary_document(new_id, kept))
        # in a thread: many messages take a second, in which no conversation may get its sound late
        copies = await asyncio.to_thread(lambda: [copied(message, new_id) for message in messages])
        for first in range(0, len(copies), PAGE):
            await store.save_messages(copies[first : first + PAGE])
        saved = await existing(store, new_id)
        return ImportedConversation(**conversation_item(saved).model_dump(), messages=len(copies))

    return api


async def _beginning(store: Store, conversation_id: str, message_id: str) -> list[Message]:
    """The messages at the table up to and with this one. Raises: NotFound (it is not at the table)."""
    beginning, after = list[Message](), None
    while page := await store.messages(conversation_id, PAGE, after):
        for message in page:
            if was_shown(message) or message.id == message_id:
                beginning.append(message)
            if message.id == message_id:
                return beginning
        after = page[-1].position
    raise NotFound("message", message_id)


def copied(message: Message, conversation_id: str) -> Message:
    """The message in another conversation: at the same position, with ids derived from its ids."""
    base = UUID(conversation_id)
    return replace(
        message,
        id=str(uuid5(base, f"message {message.id}")),
        conversation_id=conversation_id,
        turn_id=str(uuid5(base, f"turn {message.turn_id}")),
        # the rest of this reply is not in the copy
        status="interrupted" if message.status == "streaming" else message.status,
        replaces="",
    )


def branched_summary(summary: Summary, last: int) -> Summary | None:
    """The summary of a branch whose last message has the position `last`; None if it has none. What the summary has
    cost was counted in the first conversation.
    """
    covered = summary if summary.covers <= last else Summary(made_at_ms=summary.made_at_ms, off=summary.off)
    return replace(covered, usage={}) if covered.text or covered.off else None


def branched_title(title: str) -> str:
    """The title with the next number in parentheses: "Stars" becomes "Stars (2)"; "" stays empty."""
    match = _NUMBERED.fullmatch(title)
    plain, number = (match["title"], int(match["number"]) + 1) if match else (title, 2)
    suffix = f" ({number})"
    return plain[: TITLE_MAX_CHARS - len(suffix)].rstrip() + suffix if plain else ""
