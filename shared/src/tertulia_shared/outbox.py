"""Writes that must not be lost: to the store while it answers, to the `store` stream while it does not.

A write that the store does not take in time goes to the stream, and so does every later one of this process until the
stream is empty: by then the llm worker that empties it has applied all of it, in order. So a process waits only once
for an unavailable store. A write counts as done when the store or the stream has it. The stream is as durable as Redis
(`appendfsync`). Its entries are applied until the store has them: every write is idempotent.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from tertulia_shared.bus import Bus
from tertulia_shared.dead_letters import write_dead_letter
from tertulia_shared.entries import StoreWrite
from tertulia_shared.metrics import Metrics, catalogue
from tertulia_shared.outbox_documents import delete_document_write, document_write
from tertulia_shared.outbox_versions import choose_write, remove_write
from tertulia_shared.outbox_writes import (
    append_write,
    conversation_write,
    delete_write,
    message_write,
    refused_letter,
    settings_write,
)
from tertulia_shared.store import (
    Document,
    DocumentKind,
    Message,
    ModelSettings,
    NotFound,
    Store,
    StoreError,
    StoreUnavailable,
    StoreUnusable,
)
from tertulia_shared.store.documents import check_document
from tertulia_shared.store.validation import fitted_message, fitted_title
from tertulia_shared.work import pointed_at

AWAY = (StoreUnavailable, StoreUnusable, TimeoutError)
"""Errors of an unavailable store. This includes errors that a person must fix: no message may be lost meanwhile."""

REFUSED = (StoreError, ValueError, TypeError, OverflowError)
"""Errors of a row that the store will never take. `AWAY` and `NotFound` are caught first."""

MAX_HELD = 1_000
"""Above this many deferred writes, assume that every conversation has some."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Saved:
    """The result of saving rows. Its truth value is `in_store`."""

    in_store: bool
    """True if the store has the rows; otherwise they wait in the stream."""
    refused: int = 0
    """The number of rows that were refused permanently and dead-lettered."""
    lost: bool = False
    """True if the store no longer had the conversation: its earlier rows are gone."""

    def __bool__(self) -> bool:
        return self.in_store


class Outbox:
    """One process's writes to the store. `patience_s`: how long a write may take before it goes to the stream."""

    def __init__(self, bus: Bus, store: Store, patience_s: float, metrics: Metrics | None = None) -> None:
        metrics = metrics or Metrics()
        self._direct = metrics.of(catalogue.STORE_WRITES, "direct")
        self._posted = metrics.of(catalogue.STORE_WRITES, "outbox")
        self._bus = bus
        self._store = store
        self.patience_s = patience_s
        self.is_away = False
        """True since the store did not answer, until the stream is empty again."""
        self._losses = 0
        self._restarted: set[str] = set()
        """The conversations that were recreated since the store lost its data."""
        self._left = False
        """True if a write went to the stream while `is_away`: then an empty stream shows that the store is back."""

    async def save_messages(
        self, conversation_id: str, rows: Sequence[Message], *, title: str | None = None, in_order: bool = False
    ) -> Saved:
        """Save messages of a conversation, which is created first if a `title` is given.

        `in_order`: save them after the writes of this conversation that wait in the stream, as is always done if one
        of them replaces another message.

        Text that the store refuses is repaired first. A row that the store refuses permanently becomes a dead letter;
        the other rows are saved.

        Raises:
            NotFound: the conversation was deleted.
            BusError: neither the store nor Redis took them.
        """
        rows = [fitted_message(row) for row in rows]
        in_order = in_order or any(row.replaces for row in rows)
        if title is not None:
            title = fitted_title(title)

        def writes() -> list[StoreWrite]:
            head = [] if title is None else [conversation_write(conversation_id, title)]
            return [*head, *(message_write(row) for row in rows)]

        count = len(rows) + (title is not None)

        async def direct() -> None:
            if title is not None:
                await self._store.ensure_conversation(conversation_id, title)
            await self._store.save_messages(rows)

        try:
            waits = self.is_away and (not self._left or await self._is_behind())
            waits = waits or (in_order and await self.is_waiting(conversation_id))
            return Saved(await self._save(conversation_id, direct, writes, count=count, waits=waits))
        except NotFound:
            if title is not None or not self._is_lost(conversation_id):
                raise
            saved = await self.save_messages(conversation_id, rows, title="")
            return Saved(saved.in_store, saved.refused, lost=True)
        except REFUSED as error:
            if count == 1:
                await self._refused(writes()[0], error)
                return Saved(in_store=True, refused=1)
        # the store saves all rows or none: save them one by one to find the refused one
        parts = [] if title is None else [await self.save_messages(conversation_id, (), title=title)]
        parts += [await self.save_messages(conversation_id, [row]) for row in rows]
        return Saved(all(part.in_store for part in parts), sum(part.refused for part in parts))

    async def delete_messages(self, conversation_id: str, turn_id: str, positions: range) -> None:
        """Delete messages of a turn, after the writes of this conversation that wait in the stream.

        See `Store.delete_messages`.

        Raises:
            BusError: neither the store nor Redis took the write.
        """

        async def direct() -> None:
            await self._store.delete_messages(conversation_id, turn_id, positions)

        await self._change(delete_write(conversation_id, turn_id, positions), direct)

    async def choose_version(self, conversation_id: str, message_id: str, *, before: int) -> None:
        """Choose a version, after the writes of this conversation that wait in the stream. See `Store.choose_version`.

        Raises:
            BusError: neither the store nor Redis took the write.
        """

        async def direct() -> None:
            await self._store.choose_version(conversation_id, message_id, before=before)

        await self._change(choose_write(conversation_id, message_id, before), direct)

    async def remove_message(self, conversation_id: str, message_id: str) -> None:
        """Remove a message, after the writes of this conversation that wait in the stream.

        See `Store.remove_message`.

        Raises:
            BusError: neither the store nor Redis took the write.
        """

        async def direct() -> None:
            await self._store.remove_message(conversation_id, message_id)

        await self._change(remove_write(conversation_id, message_id), direct)

    async def save_settings(self, conversation_id: str, settings: ModelSettings) -> bool:
        """Save a conversation's settings; True if the store has them.

        Raises:
            StoreError: they can never be saved.
            BusError: neither the store nor Redis took them.
        """

        async def direct() -> None:
            await self._store.ensure_conversation(conversation_id)
            await self._store.save_model_settings(conversation_id, settings)

        writes = [conversation_write(conversation_id, ""), settings_write(conversation_id, settings)]
        # Older settings in the stream, perhaps from another process, must not be applied after these. Messages need no
        # such order: the store keeps the newer one.
        waits = await self.is_waiting(conversation_id)
        return await self._save(conversation_id, direct, lambda: writes, count=len(writes), waits=waits)

    async def save_document(self, document: Document, *, title: str | None = None) -> bool:
        """Save a document of a conversation, which is created first if a `title` is given; True if the store has it.

        Raises:
            NotFound: the conversation was deleted.
            StoreError: the document can never be saved.
            BusError: neither the store nor Redis took it.
        """
        check_document(document)
        conversation_id = document.owner
        if title is not None:
            title = fitted_title(title)

        async def direct() -> None:
            if title is not None:
                await self._store.ensure_conversation(conversation_id, title)
            await self._store.save_document(document)

        writes = [] if title is None else [conversation_write(conversation_id, title)]
        writes.append(document_write(document))
        # a deletion in the stream, perhaps from another process, must not be applied after this
        waits = await self.is_waiting(conversation_id)
        return await self._save(conversation_id, direct, lambda: writes, count=len(writes), waits=waits)

    async def delete_document(self, kind: DocumentKind, conversation_id: str, document_id: str) -> bool:
        """Delete a document of a conversation, after its writes that wait in the stream; True if the store has done it.

        Raises:
            BusError: neither the store nor Redis took the write.
        """

        async def direct() -> None:
            await self._store.delete_document(kind, conversation_id, document_id)

        waits = self.is_away or await self.is_waiting(conversation_id)
        writes = [delete_document_write(kind, conversation_id, document_id)]
        return await self._save(conversation_id, direct, lambda: writes, count=1, waits=waits)

    async def post_messages(self, rows: Sequence[Message]) -> None:
        """Queue messages of an existing conversation, without waiting for the store.

        Raises:
            BusError: Redis did not take them.
        """
        await self._append([message_write(fitted_message(row)) for row in rows])

    def note_away(self, error: BaseException) -> None:
        """Record that the store did not answer: later writes go to the stream."""
        if not self.is_away:
            log.warning("the store is unavailable: %s", str(error) or f"no answer within {self.patience_s} s")
            self.is_away, self._left = True, False

    async def is_waiting(self, conversation_id: str) -> bool:
        """True if the store may lack writes of the conversation."""
        # read in this order: an entry leaves `store` only after `store:held` has it
        return await self._is_behind() or await self._is_held_back(conversation_id)

    async def _is_behind(self) -> bool:
        return await self._bus.length(self._bus.keys.store()) > 0

    async def _is_held_back(self, conversation_id: str) -> bool:
        held = await self._bus.read(self._bus.keys.held_back(), count=MAX_HELD)
        return len(held) == MAX_HELD or any(
            pointed_at(entry.fields).conversation_id == conversation_id for entry in held
        )

    async def _change(self, write: StoreWrite, direct: Callable[[], Awaitable[None]]) -> None:
        """Change saved messages, after the writes of the conversation that wait in the stream."""
        # an earlier write of this process may be on its way to the stream
        waits = self.is_away or await self.is_waiting(write.conversation_id)
        await self._save(write.conversation_id, direct, lambda: [write], count=1, waits=waits)

    async def _save(
        self, conversation_id: str, direct: Callable[[], Awaitable[None]], writes: Callable[[], Sequence[StoreWrite]],
        *, count: int, waits: bool,
    ) -> bool:  # fmt: skip
        """Run `direct`, which saves `count` writes; if the store is away, append what `writes` builds to the stream.
        True if the store has them. Most writes are never built.
        """
        if not waits:
            self.is_away = False
            try:
                async with asyncio.timeout(self.patience_s):
                    await direct()
            except AWAY as error:
                self.note_away(error)
            except NotFound:  # the conversation was deleted, or an earlier write in the stream will create it
                if not await self.is_waiting(conversation_id):
                    raise
            else:
                self._direct.inc(count)
                return True
        await self._append(writes())
        self._left = True
        return False

    def _is_lost(self, conversation_id: str) -> bool:
        """True, once, if the database was deleted and the store therefore lacks the conversation."""
        if self._losses != self._store.losses:
            self._losses = self._store.losses
            self._restarted.clear()
        if not self._losses or conversation_id in self._restarted:
            return False
        self._restarted.add(conversation_id)
        return True

    async def _refused(self, write: StoreWrite, error: Exception) -> None:
        reason = str(error) if isinstance(error, StoreError) else f"the store failed with {type(error).__name__}"
        ids = {"conversation_id": write.conversation_id, "message_id": write.message_id}
        log.error("the store permanently refused a row: %s", reason, extra=ids)
        await write_dead_letter(self._bus, refused_letter(write, reason))

    async def _append(self, writes: Sequence[StoreWrite]) -> None:
        key = self._bus.keys.store()
        outlet = self._bus.outlet()
        for write in writes:
            append_write(outlet, key, write)
        await outlet.flush()
        self._posted.inc(len(writes))
        if key.max_len is not None and await self._bus.length(key) >= key.max_len:
            log.error("the outbox is full: its oldest writes are lost", extra={"count": key.max_len})
