"""The lorebook of one conversation: in the store, and in Redis, where the llm workers read it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tertulia_gateway.conversation.writer import ConversationWriter
from tertulia_shared.bus import Append, Bus, Put, WriteRefused, WritesPaused
from tertulia_shared.codec import Value
from tertulia_shared.conversation_state import ConversationState, StateField
from tertulia_shared.events import LorebookChanged
from tertulia_shared.lorebooks.forms import DOCUMENT_ID, encoded, revision_of, stored, world_info
from tertulia_shared.outbox import Outbox
from tertulia_shared.store import Document, NotFound, Store, StoreError, StoreUnavailable
from tertulia_shared.store.records import utc_now

LOREBOOK_S: Final = 1.0
"""How long, in seconds, a client that resumes waits for the store to return the lorebook, if Redis does not have it."""
EMPTY: Final[Mapping[str, Any]] = {"entries": {}}

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LorebookWriter:
    """Reads and writes the lorebook. Methods raise `BusError` if Redis is unavailable."""

    bus: Bus
    store: Store
    outbox: Outbox
    conversation_id: str

    async def read(self) -> Mapping[str, Any]:
        """The lorebook as world info; without entries if there is none.

        Raises:
            NotFound: there is no such conversation.
            StoreError: neither Redis nor the store has it.
        """
        state = await self._existing()
        kept = await self.bus.hash(self.bus.keys.lorebook(self.conversation_id))
        revision = state.get(StateField.LOREBOOK)
        if revision is not None and kept.get(b"revision") == revision:  # it may be newer than the stored one
            text = kept.get(b"content", b"").decode(errors="replace")
        else:
            document = await self.store.document("lorebook", self.conversation_id, DOCUMENT_ID)
            text = "" if document is None else document.content
        return stored(text) or EMPTY

    async def save(self, book: Mapping[str, Any]) -> Mapping[str, Any]:
        """Save a lorebook, which is used from the next turn on. Returns it as world info.

        The same lorebook a second time has no further effect.

        Raises:
            NotFound: there is no such conversation.
            StoreError: the store refuses it.
        """
        await self._existing()
        book = world_info(book)
        text = encoded(book)
        document = Document("lorebook", self.conversation_id, DOCUMENT_ID, text, utc_now())
        await self.outbox.save_document(document, title="")
        await self._publish(text, len(book["entries"]))
        return book

    async def delete(self) -> None:
        """Delete the lorebook, if there is one.

        Raises:
            NotFound: there is no such conversation.
        """
        await self._existing()
        await self.outbox.delete_document("lorebook", self.conversation_id, DOCUMENT_ID)
        await self._publish("", 0)

    async def _publish(self, text: str, entries: int) -> None:
        keys, id, revision = self.bus.keys, self.conversation_id, _revision(text)
        await _publish(self.bus, id, text)
        writes = [
            Put(keys.state(id), {StateField.LOREBOOK: revision}),
            Append(keys.events(id), LorebookChanged(revision, entries)),
        ]
        await ConversationWriter(self.bus, id).transact(writes)

    async def _existing(self) -> ConversationState:
        state = ConversationState(await self.bus.hash(self.bus.keys.state(self.conversation_id)))
        if not state.fields and await self.store.conversation(self.conversation_id) is None:
            raise NotFound("conversation", self.conversation_id)
        return state


async def restored_lorebook(
    bus: Bus, store: Store, conversation_id: str, state: ConversationState
) -> Mapping[StateField, Value | None]:
    """The field that a state without the mark of its lorebook needs, because the state has expired. A stored lorebook
    is put into Redis. Empty if the store does not answer: the next resume tries again.

    Raises:
        BusError: the lorebook could not be put into Redis.
    """
    if StateField.LOREBOOK in state:
        return {}
    try:
        async with asyncio.timeout(LOREBOOK_S):
            document = await store.document("lorebook", conversation_id, DOCUMENT_ID)
    except (StoreUnavailable, TimeoutError) as error:
        log.warning("the lorebook cannot be read: %s", error, extra={"conversation_id": conversation_id})
        return {}
    except StoreError:
        log.exception("the lorebook cannot be read", extra={"conversation_id": conversation_id})
        return {}
    text = "" if document is None else document.content
    if text:
        await _publish(bus, conversation_id, text)
    return {StateField.LOREBOOK: _revision(text)}


async def _publish(bus: Bus, conversation_id: str, text: str) -> None:
    """Give the llm workers this lorebook (JSON; "": none)."""
    outlet = bus.outlet()
    outlet.put(bus.keys.lorebook(conversation_id), {"revision": _revision(text), "content": text})
    try:
        await outlet.flush()
    except WritesPaused:
        raise
    except WriteRefused as error:  # the Redis user is of an older release, without the right for this key
        log.warning("the llm workers read the lorebook from the store: %s", error)


def _revision(text: str) -> str:
    return revision_of(text) if text else ""
