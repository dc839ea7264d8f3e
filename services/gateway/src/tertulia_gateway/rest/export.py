"""Exports a conversation as a file, page by page: Markdown to read, JSON to process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from enum import StrEnum
from typing import Final

import orjson

from tertulia_gateway.rest.markdown_escaping import escaped_line, escaped_paragraph
from tertulia_gateway.rest.schemas import conversation_item, message_item
from tertulia_shared.store import Conversation, Message, Store
from tertulia_shared.visible_text import without_invisible

EXPORT_PAGE: Final = 500
"""Messages per read of the store."""
_NOTES: Final = {"interrupted": " *(cut off)*", "failed": " *(failed)*", "streaming": " *(unfinished)*"}


class Format(StrEnum):
    """The formats of an exported file."""

    MARKDOWN = "markdown"
    JSON = "json"


def was_shown(message: Message) -> bool:
    """True if a client may have shown the message. A reply without text was never shown: its row is created before its
    first word.
    """
    return message.status != "streaming" or bool(message.text)


async def markdown(store: Store, conversation: Conversation) -> AsyncIterator[str]:
    """The conversation as Markdown: a heading, then one paragraph per message, which begins with the speaker's name in
    bold.
    """
    yield heading(conversation)
    async for message in _all_messages(store, conversation.id):
        yield paragraph(message)


def heading(conversation: Conversation) -> str:
    title = escaped_line(without_invisible(conversation.title)) or "A conversation"
    return f"# {title}\n\nBegun {conversation.created_at:%Y-%m-%d %H:%M} UTC.\n"


def paragraph(message: Message) -> str:
    name = escaped_line(without_invisible(message.character_name)) or "You"
    return f"\n**{name}:** {escaped_paragraph(message.text)}{_NOTES.get(message.status, '')}\n"


async def json(store: Store, conversation: Conversation) -> AsyncIterator[bytes]:
    """The conversation as one JSON object."""
    head = orjson.dumps(conversation_item(conversation).model_dump())
    yield head[:-1] + b',"messages":['
    separator = b""
    async for message in _all_messages(store, conversation.id):
        yield separator + orjson.dumps(message_item(message).model_dump())
        separator = b","
    yield b"]}"


async def _all_messages(store: Store, conversation_id: str) -> AsyncIterator[Message]:
    after: int | None = None
    while page := await store.messages(conversation_id, EXPORT_PAGE, after):
        for message in filter(was_shown, page):
            yield message
        after = page[-1].position
