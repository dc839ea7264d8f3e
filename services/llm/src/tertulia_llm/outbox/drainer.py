"""Applies the writes that wait for the store, oldest first. One llm worker does this: the worker that has the lease.

An entry is deleted only after the store has its write. After a crash it may be applied twice, which changes nothing. A
write that the store refuses for good is dead-lettered. A write of a newer release is moved to a separate stream
(deferred), together with the later writes of its conversation, so that other conversations do not wait. It is
dead-lettered if no worker of that release appears.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence

from tertulia_llm.outbox.deferred import MissingReaders, OutboxPass
from tertulia_shared import codec
from tertulia_shared.bus import Bus, BusError, Entry
from tertulia_shared.codec import BadEntry
from tertulia_shared.dead_letters import write_dead_letter
from tertulia_shared.entries import DeadLetter, StoreWrite
from tertulia_shared.entry_ids import BEGINNING
from tertulia_shared.jobs import PEER_ALIVE_S
from tertulia_shared.keys import Key
from tertulia_shared.metrics import Metrics, catalogue
from tertulia_shared.outbox import AWAY
from tertulia_shared.outbox_documents import deleted_document_of, document_of
from tertulia_shared.outbox_versions import chosen_before
from tertulia_shared.outbox_writes import deleted_by, message_of, settings_of, title_of
from tertulia_shared.store import NotFound, Store, StoreError
from tertulia_shared.store.validation import fitted_message, fitted_title
from tertulia_shared.work import pointed_at

BATCH = 50
"""Maximum number of writes per read, and of messages per save."""
CALL_TIMEOUT_S = 5.0
"""Time limit for one batch, in seconds. Together with `RETRY_MAX_S` it must be less than the lease time
(`Keys.drainer`).
"""
RETRY_FIRST_S, RETRY_MAX_S = 0.1, 1.5
LEASE_POLL_S = 1.0
"""Interval at which a worker without the lease tries to take it while writes wait."""
DEFERRED_POLL_S = 10.0
"""Interval at which a worker checks for deferred writes that it can apply, and whether a newer worker is alive."""

log = logging.getLogger(__name__)


def now() -> float:
    """The loop's monotonic time, in seconds."""
    return asyncio.get_running_loop().time()


class NotLeaseHolder(Exception):
    """Raised when another worker has the lease."""


class OutboxDrainer:
    """Applies the writes in the outbox stream to the store. `holder`: this worker's name, under which it takes the
    lease.
    """

    def __init__(self, bus: Bus, store: Store, holder: str, metrics: Metrics | None = None) -> None:
        self._dead_letters = (metrics or Metrics()).of(catalogue.DEAD_LETTERS, "store")
        self._bus = bus
        self._store = store
        self._holder = holder
        self._key = bus.keys.store()
        self._deferred_key = bus.keys.held_back()
        self._missing = MissingReaders()
        self._logged_deferred = 0

    async def run(self) -> None:
        """Apply writes as they arrive, until cancelled."""
        follow = self._bus.follow(self._key)
        wait_s = 0.0  # no wait before the first pass: this worker may be able to apply deferred writes
        try:
            while True:
                try:
                    if not await self._bus.length(self._key):
                        with contextlib.suppress(TimeoutError):
                            async with asyncio.timeout(wait_s):
                                await follow.read()
                    wait_s = DEFERRED_POLL_S
                    if await self._bus.length(self._key) or await self._bus.length(self._deferred_key):
                        await self._drain()
                except (NotLeaseHolder, BusError):
                    await asyncio.sleep(LEASE_POLL_S)
                follow.take()  # drop the entries that were read: they are applied, or the next `length` counts them
        finally:
            follow.close()

    async def _drain(self) -> None:
        """Make one pass through the outbox with the lease, and release it."""
        await self._take_lease()
        try:
            outbox_pass = OutboxPass(self._missing)
            applied = await self._apply_deferred(outbox_pass) + await self._apply_new(outbox_pass)
            if applied:
                log.info("applied the waiting writes", extra={"count": applied})
            count = outbox_pass.deferred_count
            if count and count != self._logged_deferred:
                log.warning("writes wait for a newer worker: update this worker", extra={"count": count})
            self._logged_deferred = count
        finally:
            with contextlib.suppress(BusError):
                await self._bus.release(self._bus.keys.drainer(), self._holder)

    async def _apply_deferred(self, outbox_pass: OutboxPass) -> int:
        is_any = await self._bus.length(self._deferred_key) > 0
        self._missing.update(await self._bus.alive(PEER_ALIVE_S) if is_any else (), now())
        applied, after = 0, BEGINNING
        while is_any and (entries := await self._bus.read(self._deferred_key, after, count=BATCH)):
            after = entries[-1].id
            applied += await self._save(self._deferred_key, outbox_pass.applicable(entries, were_deferred=True))
            outbox_pass.take_deferred()  # they stay in the stream of deferred writes
            for entry, reason in outbox_pass.take_expired():
                await self._dead_letter(entry, reason)
                await self._bus.remove(self._deferred_key, [entry.id])
        return applied

    async def _apply_new(self, outbox_pass: OutboxPass) -> int:
        applied, after = 0, BEGINNING
        while entries := await self._bus.read(self._key, after, count=BATCH):
            after = entries[-1].id
            applied += await self._save(self._key, outbox_pass.applicable(entries, were_deferred=False))
            if deferred := outbox_pass.take_deferred():
                await self._take_lease()
                await self._bus.move(self._key, deferred, self._deferred_key)  # a repeated `move` changes nothing
                bound = self._deferred_key.max_len
                if bound is not None and await self._bus.length(self._deferred_key) >= bound:
                    log.error("too many deferred writes: the oldest are lost", extra={"count": bound})
        return applied

    async def _save(self, key: Key, writes: Iterable[tuple[Entry, StoreWrite]]) -> int:
        """Apply these writes and remove them from their stream. Returns the number of writes."""
        applied = 0
        for group in _groups(writes):
            await self._apply_with_retries(group)
            await self._bus.remove(key, [entry.id for entry, _ in group])
            applied += len(group)
        return applied

    async def _apply_with_retries(self, group: Sequence[tuple[Entry, StoreWrite]]) -> None:
        """Apply these writes. While the store is unavailable, retry."""
        wait_s = RETRY_FIRST_S
        while True:
            await self._take_lease()
            try:
                async with asyncio.timeout(CALL_TIMEOUT_S):
                    return await self._apply(group)
            except AWAY as error:
                log.info("the store is still unavailable: %s", str(error) or "no answer")
            await asyncio.sleep(wait_s)
            wait_s = min(RETRY_MAX_S, wait_s * 2)

    async def _apply(self, group: Sequence[tuple[Entry, StoreWrite]]) -> None:
        try:
            await self._writer(group)()
        except AWAY:
            raise
        except Exception as error:
            if len(group) > 1:  # the store refused at least one of them: apply each one alone
                for each in group:
                    await self._apply([each])
            elif isinstance(error, NotFound):
                log.info("conversation was deleted", extra={"conversation_id": group[0][1].conversation_id})
            elif isinstance(error, StoreError | BadEntry):
                await self._dead_letter(group[0][0], str(error))
            else:
                log.exception("the store failed on a row")
                await self._dead_letter(group[0][0], f"the store failed with {type(error).__name__}")

    def _writer(self, group: Sequence[tuple[Entry, StoreWrite]]) -> Callable[[], Awaitable[object]]:
        write = group[0][1]
        match write.kind:
            case "message" | "version":
                rows = [fitted_message(message_of(write)) for _, write in group]
                return lambda: self._store.save_messages(rows)
            case "conversation":
                title = fitted_title(title_of(write))
                return lambda: self._store.ensure_conversation(write.conversation_id, title)
            case "settings":
                settings = settings_of(write)
                return lambda: self._store.save_model_settings(write.conversation_id, settings)
            case "document" | "delete_document":
                return self._document_writer(write)
            case _:
                return self._past_writer(write)

    def _past_writer(self, write: StoreWrite) -> Callable[[], Awaitable[object]]:
        match write.kind:
            case "delete":
                turn_id, positions = deleted_by(write)
                return lambda: self._store.delete_messages(write.conversation_id, turn_id, positions)
            case "choose":
                before = chosen_before(write)
                return lambda: self._store.choose_version(write.conversation_id, write.message_id, before=before)
            case "remove":
                return lambda: self._store.remove_message(write.conversation_id, write.message_id)
            case _:
                raise BadEntry(f"a write of the kind {write.kind!r} is not known to this release")

    def _document_writer(self, write: StoreWrite) -> Callable[[], Awaitable[object]]:
        if write.kind == "document":
            document = document_of(write)
            return lambda: self._store.save_document(document)
        kind, document_id = deleted_document_of(write)
        return lambda: self._store.delete_document(kind, write.conversation_id, document_id)

    async def _take_lease(self) -> None:
        """Take or renew the lease.

        Raises:
            NotLeaseHolder: another worker has the lease.
        """
        if not await self._bus.acquire_lease(self._bus.keys.drainer(), self._holder):
            raise NotLeaseHolder

    async def _dead_letter(self, entry: Entry, reason: str) -> None:
        work = pointed_at(entry.fields)
        log.error("gave up a store write: %s", reason, extra={"conversation_id": work.conversation_id})
        letter = DeadLetter(
            "store", entry.id, 1, reason, work.conversation_id, work.message_id, entry=codec.pack(dict(entry.fields))
        )
        await write_dead_letter(self._bus, letter)
        self._dead_letters.inc()


def _groups(writes: Iterable[tuple[Entry, StoreWrite]]) -> Iterator[list[tuple[Entry, StoreWrite]]]:
    """Group the writes, one store call for each group: consecutive messages are one group; any other write is a group
    of its own.
    """
    group: list[tuple[Entry, StoreWrite]] = []
    for entry, write in writes:
        if group and not (write.kind == group[0][1].kind == "message"):
            yield group
            group = []
        group.append((entry, write))
    if group:
        yield group
