"""`/api/conversations/import`: makes a new conversation from a file.

All ids are derived from the file, so a repeated request completes or repeats the same writes.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from itertools import takewhile
from typing import Annotated, Any, Final
from uuid import UUID, uuid5

from fastapi import APIRouter, Query, Request, Response

from tertulia_gateway.rest.conversation_schemas import ImportedConversation, conversation_item
from tertulia_gateway.rest.import_fields import ConversationFile, fitted_name
from tertulia_gateway.rest.import_file import read_file
from tertulia_gateway.rest.import_places import has_places, places_of
from tertulia_gateway.rest.problems import responses
from tertulia_gateway.rest.schemas import UUID as UUID_PATTERN
from tertulia_shared.answering import STORED_AS as RULES
from tertulia_shared.answering import stored_rules
from tertulia_shared.conversation_cast import Cast
from tertulia_shared.conversation_summary import DOCUMENT, NO_SUMMARY, Summary
from tertulia_shared.lorebooks.forms import DOCUMENT_ID
from tertulia_shared.store import Character, Document, Message, NotFound, SetAside, Store
from tertulia_shared.store.records import utc_now
from tertulia_shared.store.validation import name_key
from tertulia_shared.summary_documents import summary_document

SAVED_AT_ONCE: Final = 200
"""Messages per write to the store."""
_NAMESPACE: Final = UUID("0c6e2f5b-0d57-5d1f-a1c2-6a2f7d9b41e7")
_FILE: Final = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"type": "object"}},
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}
RequestId = Annotated[
    str | None,
    Query(pattern=UUID_PATTERN, description="a new UUID for another copy; repeat it if the request is repeated"),
]


def router(store: Store) -> APIRouter:
    api = APIRouter(prefix="/api/conversations", tags=["conversations"])

    @api.post(
        "/import",
        status_code=201,
        responses={
            200: {"model": ImportedConversation, "description": "It was imported before"},
            **responses(404, 422, body=True),
        },
        openapi_extra=_FILE,
    )
    async def import_conversation(
        request: Request, response: Response, request_id: RequestId = None
    ) -> ImportedConversation:
        """Make a new conversation from a file: JSON as exported, or a chat of SillyTavern. The body is the file."""
        content = await request.body()
        file = await asyncio.to_thread(read_file, content)
        conversation_id = str(uuid5(_NAMESPACE, f"{request_id or ''} {hashlib.sha256(content).hexdigest()}"))
        if await store.conversation(conversation_id) is not None:
            response.status_code = 200
        await save_file(store, conversation_id, file, utc_now())
        saved = await store.conversation(conversation_id)
        if saved is None:  # it was deleted meanwhile
            raise NotFound("conversation", conversation_id)
        names = {each.name for each in (*file.messages, *(aside.message for aside in file.set_aside))}
        return ImportedConversation(
            **conversation_item(saved).model_dump(),
            messages=len(file.messages),
            shortened_names=sum(name != fitted_name(name) for name in names),
        )

    return api


async def save_file(store: Store, conversation_id: str, file: ConversationFile, now: datetime) -> None:
    """Write the conversation of a file. Settings of an existing conversation are not changed: the user may have changed
    them since an earlier request.

    Raises:
        StoreUnavailable: the rest is not written; repeat the call.
    """
    found = LocalCharacters(await store.characters())
    # in a thread: a large file takes a second, in which no conversation may get its sound late
    messages, set_aside = await asyncio.to_thread(records, conversation_id, file, found, now)
    await store.ensure_conversation(conversation_id, file.title)
    settings = local_settings(file, found, now)
    if settings and not await store.model_settings(conversation_id):
        await store.save_model_settings(conversation_id, settings)
    if file.lorebook and await store.document("lorebook", conversation_id, DOCUMENT_ID) is None:
        await store.save_document(Document("lorebook", conversation_id, DOCUMENT_ID, file.lorebook, now))
    summary = local_summary(file, messages, now)
    if summary != NO_SUMMARY and await store.document(DOCUMENT, conversation_id, DOCUMENT) is None:
        await store.save_document(summary_document(conversation_id, summary))
    for first in range(0, len(messages), SAVED_AT_ONCE):
        await store.save_messages(messages[first : first + SAVED_AT_ONCE])
    for first in range(0, len(set_aside), SAVED_AT_ONCE):
        await store.save_set_aside(set_aside[first : first + SAVED_AT_ONCE])


class LocalCharacters:
    """Finds the characters of a file among the characters of this installation, by id, else by name."""

    def __init__(self, characters: Sequence[Character]) -> None:
        self._ids = {character.id for character in characters}
        self._by_name = {name_key(character.name): character.id for character in characters}

    def find(self, character_id: str, name: str) -> str | None:
        """The character's id here; None if it does not exist here."""
        return character_id if character_id in self._ids else self._by_name.get(name_key(name))

    def speaker(self, character_id: str, name: str) -> str:
        """The id for messages: of a character that does not exist here, an id derived from its name."""
        return self.find(character_id, name) or str(uuid5(_NAMESPACE, f"speaker {name_key(name)}"))


def records(
    conversation_id: str, file: ConversationFile, found: LocalCharacters, now: datetime
) -> tuple[list[Message], list[SetAside]]:
    """The messages, and those that are set aside, as records with new ids. A repeated call makes the same ids and
    positions.
    """
    base, places = UUID(conversation_id), places_of(file, now)
    aside = [each.message for each in file.set_aside]
    new_ids = [str(uuid5(base, f"message {number} {each.id}")) for number, each in enumerate(file.messages)]
    new_ids += [str(uuid5(base, f"aside {number} {each.id}")) for number, each in enumerate(aside)]
    ids: dict[str, str] = {}
    for given, new_id in zip((*file.messages, *aside), new_ids, strict=True):
        ids.setdefault(given.id, new_id)
    groups, rows = set[str](), list[Message]()
    time = min((each.created_at for each in file.messages if each.created_at), default=now)
    for number, (given, new_id, (turn, position)) in enumerate(
        zip((*file.messages, *aside), new_ids, places, strict=True)
    ):
        time = min(given.created_at or time, now)
        replaces = ids.get(given.replaces) or str(uuid5(base, f"root {given.replaces}")) if given.replaces else ""
        if replaces == new_id or (number < len(file.messages) and (replaces or new_id) in groups):
            replaces = ""  # at the table, at most one message of a group is a version
        if number < len(file.messages):
            groups.add(replaces or new_id)
        rows.append(
            Message(
                id=new_id,
                conversation_id=conversation_id,
                turn_id=str(uuid5(base, f"turn {turn}")),
                role="user" if given.is_user else "character",
                character_id=None if given.is_user else found.speaker(given.character_id, given.name),
                character_name=fitted_name(given.name),
                text=given.text,
                status=given.status,
                position=position,
                created_at=time,
                updated_at=time,
                usage=given.usage,
                unheard=given.unheard,
                replaces=replaces,
            )
        )
    at_table, rest = rows[: len(file.messages)], rows[len(file.messages) :]
    return at_table, [SetAside(row, ids[each.branch]) for row, each in zip(rest, file.set_aside, strict=True)]


def local_settings(file: ConversationFile, found: LocalCharacters, now: datetime) -> dict[str, Any]:
    """The settings to store, with the ids of this installation, without the characters that it does not have."""
    rules = stored_rules(file.settings)
    here = {given: found.find(given, file.names.get(given, "")) for given in rules.muted}
    rules = replace(rules, muted=tuple(dict.fromkeys(each for each in here.values() if each)))
    settings = {name: value for name, value in file.settings.items() if name != RULES}
    return {**settings, **rules.stored(), **local_cast(file, found, now).stored()}


def local_cast(file: ConversationFile, found: LocalCharacters, now: datetime) -> Cast:
    """The file's cast with the ids of this installation, without the characters that it does not have. All active
    characters if it has none of them. The stays are times of turns, so they count only if the turns keep their
    positions.
    """
    seated = file.cast.seats or ()
    ids = {given: found.find(given, file.names.get(given, "")) for given in (*seated, *file.cast.stays)}
    seats = tuple(dict.fromkeys(here for given in seated if (here := ids[given])))
    if not seats:
        return Cast(told=file.cast.told)
    stays = {here: changes for given, changes in file.cast.stays.items() if (here := ids[given])}
    return Cast(seats, stays if has_places(file, now) else {}, file.cast.told)


def local_summary(file: ConversationFile, messages: Sequence[Message], now: datetime) -> Summary:
    """The file's summary for these records of its messages. It covers the same messages, whose positions may be others.
    If the file does not say which ones it covers, only the user's text and `off` are left.
    """
    summary = replace(file.summary, made_at_ms=min(file.summary.made_at_ms, int(now.timestamp() * 1000)))
    places = [(each.position, record.position) for each, record in zip(file.messages, messages, strict=True)]
    covered = takewhile(lambda place: place[0] is not None and place[0] <= summary.covers, places)
    covers = max((here for _, here in covered), default=0)
    if covers:
        return replace(summary, covers=covers)
    if not summary.own and not summary.off:
        return NO_SUMMARY
    return Summary(own=summary.own, off=summary.off, made_at_ms=summary.made_at_ms)
