"""The lorebooks of characters and conversations, compiled and cached.

A conversation's lorebook is read from Redis, where the gateway puts it; the store has it too. Compiling a large one
takes some 30 ms, so it is done in a thread, and not for each turn.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar, cast

import orjson

from tertulia_llm.text.lore.book_index import BookIndex
from tertulia_shared.bus import Bus, WriteRefused, WritesPaused
from tertulia_shared.codec import BadEntry, pack, unpack
from tertulia_shared.lorebooks.forms import DOCUMENT_ID, book_in_card, encoded
from tertulia_shared.lorebooks.lorebook import Lorebook
from tertulia_shared.lorebooks.reading import lorebook_of
from tertulia_shared.outbox import AWAY, Outbox
from tertulia_shared.store import Store, StoreError

MAX_BOOKS: Final = 64
"""Compiled lorebooks of conversations; the least recently used one is dropped first."""
MAX_PUBLISHED_BYTES: Final = 4 << 20
"""JSON of all characters' lorebooks in Redis. The books that exceed it are not there."""

SMALL_CHARS: Final = 20_000
"""JSON of this size is read and compiled in about a millisecond."""

_Given = TypeVar("_Given")
_Compiled = TypeVar("_Compiled")

log = logging.getLogger(__name__)


class ConversationLorebooks:
    """The compiled lorebooks of the conversations that this worker answers."""

    def __init__(self, bus: Bus, store: Store, outbox: Outbox) -> None:
        self._bus = bus
        self._store = store
        self._outbox = outbox
        self._cached: OrderedDict[str, tuple[str, BookIndex | None]] = OrderedDict()

    async def of(self, conversation_id: str, revision: str) -> BookIndex | None:
        """The lorebook with this revision; None if it has no entries, or is neither in Redis nor in the store."""
        if not revision:
            return None
        cached = self._cached.get(conversation_id)
        if cached is not None and cached[0] == revision:
            self._cached.move_to_end(conversation_id)
            return cached[1]
        text = await self._text(conversation_id, revision)
        if not text:
            log.warning("the lorebook is missing", extra={"conversation_id": conversation_id})
            return None
        index = await _aside(_compiled, text, size=len(text))
        self._cached[conversation_id] = (revision, index)
        self._cached.move_to_end(conversation_id)
        if len(self._cached) > MAX_BOOKS:
            self._cached.popitem(last=False)
        return index

    async def _text(self, conversation_id: str, revision: str) -> str:
        """The JSON in Redis; that in the store, if Redis has another revision or none. "": there is none."""
        published = await self._published(conversation_id)
        content = published.get(b"content", b"").decode(errors="replace")
        if published.get(b"revision") == revision.encode() or self._outbox.is_away:
            return content
        return await self._stored(conversation_id) or content

    async def _published(self, conversation_id: str) -> Mapping[bytes, bytes]:
        try:
            return await self._bus.hash(self._bus.keys.lorebook(conversation_id))
        except WritesPaused:
            raise
        except WriteRefused as error:  # the Redis user is of an older release, without the right for this key
            log.warning("the lorebook in Redis cannot be read: %s", error, extra={"conversation_id": conversation_id})
            return {}

    async def _stored(self, conversation_id: str) -> str:
        try:
            async with asyncio.timeout(self._outbox.patience_s):
                document = await self._store.document("lorebook", conversation_id, DOCUMENT_ID)
        except AWAY as error:
            self._outbox.note_away(error)
            return ""
        except StoreError as error:
            log.warning("the lorebook cannot be read: %s", error, extra={"conversation_id": conversation_id})
            return ""
        return "" if document is None else document.content


@dataclass(frozen=True, slots=True)
class _CharacterBook:
    """`card`: the JSON that it was read from. `source`: the book's own JSON."""

    card: str
    source: str
    index: BookIndex


class CharacterLorebooks:
    """The compiled lorebooks of the characters, by their ids."""

    def __init__(self) -> None:
        self._by_id: Mapping[str, _CharacterBook] = {}

    def of(self, character_id: str) -> BookIndex | None:
        """The lorebook of a character; None if it has none."""
        book = self._by_id.get(character_id)
        return None if book is None else book.index

    async def use_cards(self, cards: Mapping[str, str]) -> None:
        """Use the lorebooks of these cards (JSON, by the ids of the characters)."""
        given = {id: card for id, card in cards.items() if '"character_book"' in card}
        known = {
            id: self._by_id[id] for id, card in given.items() if id in self._by_id and self._by_id[id].card == card
        }
        new = {id: card for id, card in given.items() if id not in known}
        self._by_id = {**known, **await _aside(_of_cards, new, size=sum(map(len, new.values())))}

    def published(self) -> bytes:
        """What `use_published` reads."""
        books: dict[str, str] = {}
        size = 0
        for id, book in self._by_id.items():
            size += len(book.source.encode())
            if size > MAX_PUBLISHED_BYTES:
                log.warning("the characters' lorebooks are too large for Redis", extra={"count": len(self._by_id)})
                break
            books[id] = book.source
        return pack(books)

    async def use_published(self, packed: bytes | None) -> None:
        """Use the lorebooks that another worker published. Unreadable ones are left out."""
        try:
            books: Any = unpack(packed) if packed else {}
        except BadEntry as error:
            log.warning("the characters' lorebooks cannot be read: %s", error)
            return
        if isinstance(books, dict):
            sources = cast("Mapping[object, object]", books).items()
            texts = {id: text for id, text in sources if isinstance(id, str) and isinstance(text, str)}
            self._by_id = await _aside(_of_sources, texts, size=sum(map(len, texts.values())))


async def _aside(compile: Callable[[_Given], _Compiled], given: _Given, *, size: int) -> _Compiled:
    """Compile in a thread, unless that takes less than a millisecond. `size`: the characters of JSON."""
    return compile(given) if size < SMALL_CHARS else await asyncio.to_thread(compile, given)


def _of_cards(cards: Mapping[str, str]) -> dict[str, _CharacterBook]:
    sources = ((id, card, book_in_card(card)) for id, card in cards.items())
    return {id: _CharacterBook(card, encoded(book), BookIndex(lorebook_of(book))) for id, card, book in sources if book}


def _of_sources(sources: Mapping[str, str]) -> dict[str, _CharacterBook]:
    books = ((id, text, _compiled(text)) for id, text in sources.items())
    return {id: _CharacterBook("", text, index) for id, text, index in books if index is not None}


def _compiled(text: str) -> BookIndex | None:
    try:
        read: object = orjson.loads(text)
    except ValueError:
        return None
    book = lorebook_of(cast("Mapping[str, Any]", read)) if isinstance(read, dict) else Lorebook()
    return BookIndex(book) if book.entries else None
