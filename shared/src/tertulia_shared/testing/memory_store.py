"""A store in memory: like the other stores, but not persistent. For tests, and for trying Tertulia out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from tertulia_shared.store.documents import Document
from tertulia_shared.store.errors import InvalidRecord, NameTaken, NotFound, StoreUnavailable
from tertulia_shared.store.ordering import supersedes
from tertulia_shared.store.records import (
    Character,
    Conversation,
    Message,
    ModelSettings,
    Preview,
    SetAside,
    VersionPlace,
    parse_cursor,
    time_to_text,
    utc_now,
)
from tertulia_shared.store.seed import SEED_NAME, seed_characters
from tertulia_shared.store.validation import (
    NO_SEAT,
    check_after,
    check_before,
    check_character,
    check_id,
    check_limit,
    check_message,
    check_seats,
    check_set_aside,
    check_title,
    decode_settings,
    encode_settings,
    name_key,
    settings_as_saved,
)
from tertulia_shared.store.versions import REMOVED, MessageVersions, root_of, was_shown
from tertulia_shared.testing.memory_documents import MemoryDocuments, delete_documents_of
from tertulia_shared.usage import Usage, total


@dataclass(slots=True)
class MemoryTables:
    """The data behind in-memory stores. Several stores may share it, like processes that share a database file."""

    conversations: dict[str, Conversation] = field(default_factory=dict[str, Conversation])
    settings: dict[str, bytes] = field(default_factory=dict[str, bytes])
    messages: dict[str, Message] = field(default_factory=dict[str, Message])
    set_aside: dict[str, SetAside] = field(default_factory=dict[str, SetAside])
    characters: dict[str, Character] = field(default_factory=dict[str, Character])
    seats: dict[str, int] = field(default_factory=dict[str, int])
    documents: dict[tuple[str, str, str], Document] = field(default_factory=dict[tuple[str, str, str], Document])
    seeds: set[str] = field(default_factory=set[str])


class MemoryStore(MemoryDocuments):
    """`Store` on `tables`. While `away` is true every call raises `StoreUnavailable`, like a database that is down."""

    def __init__(self, tables: MemoryTables | None = None, *, now: Callable[[], datetime] = utc_now) -> None:
        self._tables = MemoryTables() if tables is None else tables
        self._now = now
        self.losses = 0
        self._is_open = False
        self.away = False

    async def open(self) -> None:
        self._is_open = True
        tables = self._available()
        if SEED_NAME not in tables.seeds:
            tables.seeds.add(SEED_NAME)
            tables.characters.update((character.id, character) for character in seed_characters(self._now()))

    async def close(self) -> None:
        self._is_open = False

    async def ensure_conversation(self, conversation_id: str, title: str = "") -> None:
        check_id("conversation_id", conversation_id)
        check_title(title)
        now = self._now().astimezone(UTC)
        conversations = self._available().conversations
        found = conversations.setdefault(conversation_id, Conversation(conversation_id, title, now, now))
        if not found.title:
            conversations[conversation_id] = replace(found, title=title)

    async def conversation(self, conversation_id: str) -> Conversation | None:
        return self._available().conversations.get(conversation_id)

    async def conversations(self, limit: int, before: str | None = None, *, containing: str = "") -> list[Conversation]:
        check_limit(limit)
        keyed = ((time_to_text(each.updated_at), each.id, each) for each in self._available().conversations.values())
        newest_first = sorted(keyed, key=lambda entry: entry[:2], reverse=True)
        if before is not None:
            cursor = parse_cursor(before)
            newest_first = [entry for entry in newest_first if entry[:2] < cursor]
        listed = [self._listed(conversation, containing.casefold()) for _, _, conversation in newest_first]
        return [conversation for conversation in listed if conversation is not None][:limit]

    def _listed(self, conversation: Conversation, containing: str) -> Conversation | None:
        """The conversation with its preview; None if the text is neither in its title nor in a message."""
        messages = [each for each in self._in_order(conversation.id) if each.text]
        found = [each for each in messages if containing in each.text.casefold()]
        if containing and not found and containing not in conversation.title.casefold():
            return None
        newest = (found or messages)[-1:]
        return replace(conversation, preview=Preview(newest[0].character_name, newest[0].text) if newest else None)

    async def rename_conversation(self, conversation_id: str, title: str) -> None:
        check_title(title)
        conversation = self._existing(conversation_id)
        self._tables.conversations[conversation_id] = replace(conversation, title=title)

    async def delete_conversation(self, conversation_id: str) -> bool:
        tables = self._available()
        tables.settings.pop(conversation_id, None)
        for message in [each for each in tables.messages.values() if each.conversation_id == conversation_id]:
            del tables.messages[message.id]
        delete_documents_of(tables, conversation_id)
        for message in [each.message for each in tables.set_aside.values()]:
            if message.conversation_id == conversation_id:
                del tables.set_aside[message.id]
        return tables.conversations.pop(conversation_id, None) is not None

    async def save_messages(self, messages: Sequence[Message]) -> None:
        for message in messages:
            check_message(message)
        to_save = [_in_utc(message) for message in messages]
        self._available()
        for message in to_save:
            self._check_owner(message)
        for message in to_save:
            self._save(message)

    async def save_set_aside(self, messages: Sequence[SetAside]) -> None:
        for each in messages:
            check_set_aside(each)
        to_save = [replace(each, message=_in_utc(each.message)) for each in messages]
        tables = self._available()
        for each in to_save:
            self._check_owner(each.message)
        for each in to_save:
            if each.message.id not in tables.messages:
                tables.set_aside.setdefault(each.message.id, each)

    async def delete_messages(self, conversation_id: str, turn_id: str, positions: range) -> None:
        tables = self._available()
        self._versions().withdraw(conversation_id, turn_id, positions)
        has_settings = tables.settings.get(conversation_id, b"{}") != b"{}"
        has_documents = any(owner == conversation_id for _, owner, _ in tables.documents)
        has_messages = self._in_order(conversation_id) or await self.versions(conversation_id)
        if not (has_settings or has_documents or has_messages):
            await self.delete_conversation(conversation_id)

    async def choose_version(self, conversation_id: str, message_id: str, *, before: int) -> None:
        check_before(before)
        self._versions().choose(conversation_id, message_id, before=before)

    async def remove_message(self, conversation_id: str, message_id: str) -> None:
        self._versions().remove(conversation_id, message_id)

    async def versions(self, conversation_id: str) -> list[SetAside]:
        found = [
            each
            for each in self._available().set_aside.values()
            if each.message.conversation_id == conversation_id and each.branch != REMOVED
        ]
        return sorted(found, key=lambda each: (each.message.position, each.message.id))

    async def version_places(self, conversation_id: str, roots: Collection[str]) -> list[VersionPlace]:
        return [
            VersionPlace(each.message.id, root_of(each.message), each.message.position)
            for each in await self.versions(conversation_id)
            if each.branch == each.message.id and root_of(each.message) in roots and was_shown(each.message)
        ]

    async def history(self, conversation_id: str, limit: int) -> list[Message]:
        check_limit(limit)
        return self._in_order(conversation_id)[-limit:]

    async def messages(self, conversation_id: str, limit: int, after: int | None = None) -> list[Message]:
        check_limit(limit)
        if after is not None:
            check_after(after)
        behind = -1 if after is None else after
        found = [message for message in self._in_order(conversation_id) if message.position > behind]
        if len(found) <= limit:
            return found
        return [message for message in found if message.position <= found[limit - 1].position]

    async def characters(self, *, active_only: bool = False) -> list[Character]:
        found = [each for each in self._available().characters.values() if each.active or not active_only]
        seats = self._tables.seats
        return sorted(found, key=lambda character: (seats.get(character.id, NO_SEAT), name_key(character.name)))

    async def character(self, character_id: str) -> Character | None:
        return self._available().characters.get(character_id)

    async def save_character(self, character: Character) -> None:
        check_character(character)
        created_at, updated_at = _utc(character.created_at), _utc(character.updated_at)
        characters = self._available().characters
        key = name_key(character.name)
        if any(name_key(other.name) == key and other.id != character.id for other in characters.values()):
            raise NameTaken(character.name)
        stored = characters.get(character.id)
        characters[character.id] = replace(
            character,
            created_at=created_at if stored is None else stored.created_at,
            updated_at=updated_at,
            model_settings=settings_as_saved(character.model_settings),
        )

    async def seat_characters(self, character_ids: Sequence[str]) -> None:
        check_seats(character_ids)
        known = self._available().characters
        self._tables.seats = {each: seat for seat, each in enumerate(character_ids) if each in known}

    async def delete_character(self, character_id: str) -> bool:
        return self._available().characters.pop(character_id, None) is not None

    async def watch_characters(self, changed: Callable[[], None]) -> None:  # noqa: ARG002 - never called
        await asyncio.get_running_loop().create_future()  # only Tertulia changes characters here, and it announces that

    async def model_settings(self, conversation_id: str) -> ModelSettings:
        self._existing(conversation_id)
        return decode_settings(self._tables.settings.get(conversation_id, b"{}"))

    async def save_model_settings(self, conversation_id: str, settings: ModelSettings) -> None:
        encoded = encode_settings(settings)
        self._existing(conversation_id)
        self._tables.settings[conversation_id] = encoded

    async def usage(self, conversation_id: str, *, without_turn: str = "") -> Usage:
        tables = self._available()
        every = [*tables.messages.values(), *(each.message for each in tables.set_aside.values())]
        counted = [each for each in every if each.conversation_id == conversation_id]
        return total(each.usage for each in counted if each.turn_id != without_turn)

    def _available(self) -> MemoryTables:
        if not self._is_open:
            raise StoreUnavailable("The store is not open: call open() first, and nothing after close().")
        if self.away:
            raise StoreUnavailable("The store is unavailable.")
        return self._tables

    def _existing(self, conversation_id: str) -> Conversation:
        conversation = self._available().conversations.get(conversation_id)
        if conversation is None:
            raise NotFound("conversation", conversation_id)
        return conversation

    def _in_order(self, conversation_id: str) -> list[Message]:
        found = [each for each in self._available().messages.values() if each.conversation_id == conversation_id]
        return sorted(found, key=lambda message: (message.position, message.id))

    def _versions(self) -> MessageVersions:
        tables = self._available()
        return MessageVersions(tables.messages, tables.set_aside)

    def _check_owner(self, message: Message) -> None:
        aside = self._tables.set_aside.get(message.id)
        stored = self._tables.messages.get(message.id) if aside is None else aside.message
        if stored is None:
            self._existing(message.conversation_id)
        elif stored.conversation_id != message.conversation_id:
            raise InvalidRecord("message.id", f"{message.id} is a message of another conversation")

    def _save(self, message: Message) -> None:
        tables = self._tables
        stored, aside = tables.messages.get(message.id), tables.set_aside.get(message.id)
        if aside is not None:
            if aside.branch != REMOVED and supersedes(message, aside.message):
                tables.set_aside[message.id] = replace(aside, message=_updated(aside.message, message))
            return
        if stored is None:
            self._versions().insert(message)
        elif supersedes(message, stored):
            tables.messages[message.id] = _updated(stored, message)
        else:
            return
        conversation = tables.conversations[message.conversation_id]
        if conversation.updated_at < message.updated_at:
            tables.conversations[conversation.id] = replace(conversation, updated_at=message.updated_at)


def _updated(stored: Message, message: Message) -> Message:
    return replace(
        stored,
        character_name=message.character_name,
        text=message.text,
        status=message.status,
        updated_at=message.updated_at,
        usage=message.usage or stored.usage,
        unheard=message.unheard,
    )


def _in_utc(message: Message) -> Message:
    return replace(message, created_at=_utc(message.created_at), updated_at=_utc(message.updated_at))


def _utc(time: datetime) -> datetime:
    time_to_text(time)  # refuses a time without a zone, like every store
    return time.astimezone(UTC)
