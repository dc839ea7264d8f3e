"""Exports a conversation as a file, page by page: Markdown and plain text to read, JSON and SillyTavern's chat format
to import elsewhere. At most one page of messages is in memory, and those that are set aside.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import orjson

from tertulia_gateway.rest.conversation_schemas import conversation_item, message_item
from tertulia_gateway.rest.markdown_escaping import escaped_line, escaped_paragraph
from tertulia_gateway.rest.message_versions import grouped, versions_of
from tertulia_gateway.rest.silly_tavern import header_line, message_line
from tertulia_shared.conversation_cast import STORED_AS, Cast, stored_cast
from tertulia_shared.conversation_summary import NO_SUMMARY, Summary
from tertulia_shared.lorebooks.forms import DOCUMENT_ID, stored
from tertulia_shared.store import Conversation, Message, SetAside, Store
from tertulia_shared.store.versions import was_shown
from tertulia_shared.visible_text import without_invisible

EXPORT_PAGE: Final = 500
"""Messages per read of the store."""
FORMAT: Final = "tertulia.conversation/1"
"""The field `format` of an exported JSON file."""
_NOTES: Final = {"interrupted": "cut off", "failed": "failed", "streaming": "unfinished"}


class Format(StrEnum):
    """The formats of an exported file."""

    MARKDOWN = "markdown"
    JSON = "json"
    JSONL = "jsonl"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """An exported file: its content as a stream, its media type, and the end of its name."""

    content: AsyncIterator[str | bytes]
    media_type: str
    suffix: str


async def exported(
    store: Store, conversation: Conversation, format: Format, summary: Callable[[], Awaitable[Summary]]
) -> ExportedFile:
    """Begin to export a conversation. The messages are read while the content is iterated.

    `summary`: reads the conversation's summary, which only a JSON file has.
    """
    match format:
        case Format.MARKDOWN:
            return ExportedFile(markdown(store, conversation), "text/markdown; charset=utf-8", "md")
        case Format.TEXT:
            return ExportedFile(text(store, conversation), "text/plain; charset=utf-8", "txt")
        case Format.JSONL:
            return ExportedFile(jsonl(store, conversation), "application/x-ndjson", "jsonl")
        case Format.JSON:
            head = await _head(store, conversation, await summary())
            return ExportedFile(json(store, conversation, head), "application/json", "json")


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
    note = _NOTES.get(message.status)
    return f"\n**{name}:** {escaped_paragraph(message.text)}{f' *({note})*' if note else ''}\n"


async def text(store: Store, conversation: Conversation) -> AsyncIterator[str]:
    """The conversation as plain text: the title, then the messages, each after the speaker's name. Later lines of a
    message are indented, so that they do not look like another message.
    """
    title = without_invisible(conversation.title) or "A conversation"
    yield f"{title}\nBegun {conversation.created_at:%Y-%m-%d %H:%M} UTC.\n"
    async for message in _all_messages(store, conversation.id):
        name = without_invisible(message.character_name) or "You"
        note = _NOTES.get(message.status)
        said = message.text.strip().replace("\n", "\n    ")
        yield f"\n{name}: {said}{f' ({note})' if note else ''}\n"


async def jsonl(store: Store, conversation: Conversation) -> AsyncIterator[bytes]:
    """The conversation as a chat of SillyTavern: a header, then one line of JSON per message, with its versions."""
    yield header_line(conversation)
    groups = grouped(await store.versions(conversation.id))
    async for message in _all_messages(store, conversation.id):
        yield message_line(message, versions_of(message, groups))


async def json(store: Store, conversation: Conversation, head: Mapping[str, Any]) -> AsyncIterator[bytes]:
    """The conversation as one JSON object: `head`, then `messages`, then `set_aside` if anything is."""
    yield orjson.dumps(head)[:-1] + b',"messages":['
    separator = b""
    async for message in _all_messages(store, conversation.id):
        yield separator + orjson.dumps(_json_message(message))
        separator = b","
    aside = await store.versions(conversation.id)
    yield b"]" + (b',"set_aside":[' if aside else b"")
    for first in range(0, len(aside), EXPORT_PAGE):
        # in a thread: thousands of messages take a second, in which no conversation may get its sound late
        page = await asyncio.to_thread(_json_aside, aside[first : first + EXPORT_PAGE])
        yield (b"," if first else b"") + page
    yield b"]}" if aside else b"}"


def _json_aside(page: Sequence[SetAside]) -> bytes:
    """The items of `set_aside`, without the brackets of the list."""
    return orjson.dumps([{**_json_message(each.message), "branch": each.branch} for each in page])[1:-1]


def _json_message(message: Message) -> dict[str, Any]:
    left_out = {"versions"} if message.replaces else {"versions", "replaces"}
    return {**message_item(message).model_dump(exclude=left_out), "usage": dict(message.usage)}


async def _head(store: Store, conversation: Conversation, summary: Summary) -> dict[str, Any]:
    """All of the JSON file but the messages."""
    settings = await store.model_settings(conversation.id)
    document = await store.document("lorebook", conversation.id, DOCUMENT_ID)
    lorebook = stored("" if document is None else document.content)
    cast = stored_cast(settings)
    return {
        "format": FORMAT,
        **conversation_item(conversation).model_dump(),
        "settings": {name: value for name, value in settings.items() if name != STORED_AS},
        "cast": {
            "characters": None if cast.seats is None else await _seated(store, cast),
            "told": cast.told,
            "stays": {character_id: list(changes) for character_id, changes in cast.stays.items()},
        },
        **({"lorebook": lorebook} if lorebook else {}),
        **({} if summary == NO_SUMMARY else {"summary": orjson.loads(summary.to_json())}),
    }


async def _seated(store: Store, cast: Cast) -> list[dict[str, str]]:
    """The ids of the characters at the table, with their names; "" for a deleted character."""
    names = {character.id: character.name for character in await store.characters()}
    return [{"id": character_id, "name": names.get(character_id, "")} for character_id in cast.seats or ()]


async def _all_messages(store: Store, conversation_id: str) -> AsyncIterator[Message]:
    after: int | None = None
    while page := await store.messages(conversation_id, EXPORT_PAGE, after):
        for message in filter(was_shown, page):
            yield message
        after = page[-1].position
