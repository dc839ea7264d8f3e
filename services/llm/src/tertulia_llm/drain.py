"""Applies the writes that wait for the store, oldest first. Of all llm workers one does, the one that holds the lease.

Whoever dies at it leaves everything in the stream that the store may not have; the next one applies it again, which
changes nothing. What the store will never take is dead-lettered.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence

from tertulia_shared.bus import Bus, BusError, Entry
from tertulia_shared.codec import BadEntry, UnknownVersion, decode
from tertulia_shared.entries import DeadLetter, StoreWrite
from tertulia_shared.metrics import Metrics, catalogue
from tertulia_shared.outbox import AWAY, message_of, settings_of, title_of
from tertulia_shared.store import NotFound, Store, StoreError

BATCH = 50
"""Writes read at once, and messages saved at once."""
CALL_S = 5.0
"""How long the store may take for a batch. Together with `AGAIN_MAX_S` less than the lease (`Keys.drainer`)."""
AGAIN_FIRST_S, AGAIN_MAX_S = 0.1, 1.5
LOOK_S = 1.0
"""How often those that do not hold the lease look whether they may have it, while something waits."""

log = logging.getLogger(__name__)


class NotMine(Exception):
    """Another worker holds the lease."""


class Drain:
    """See the module's docstring. `holder` is this worker's name."""

    def __init__(self, bus: Bus, store: Store, holder: str, metrics: Metrics | None = None) -> None:
        self._dead_letters = (metrics or Metrics()).of(catalogue.DEAD_LETTERS, "store")
        self._bus = bus
        self._store = store
        self._holder = holder
        self._key = bus.keys.store()

    async def run(self) -> None:
        """Apply what comes, until cancelled."""
        follow = self._bus.follow(self._key)
        try:
            while True:
                try:
                    if not await self._bus.length(self._key):
                        await follow.read()
                    await self._empty()
                except (NotMine, BusError, UnknownVersion) as error:
                    if isinstance(error, UnknownVersion):
                        log.warning("writes wait for a newer worker: %s", error)
                    await asyncio.sleep(LOOK_S)
                follow.take()  # all of it was there before this moment, and is applied or counted by `length`
        finally:
            follow.close()

    async def _empty(self) -> None:
        await self._hold()
        try:
            applied = 0
            while entries := await self._bus.read(self._key, count=BATCH):
                for group in _groups(entries):
                    await self._patiently(group)
                    await self._bus.remove(self._key, [entry.id for entry, _ in group])
                    applied += len(group)
            if applied:
                log.info("the store has what waited for it", extra={"count": applied})
        finally:
            with contextlib.suppress(BusError):
                await self._bus.let_go(self._bus.keys.drainer(), self._holder)

    async def _patiently(self, group: Sequence[tuple[Entry, StoreWrite]]) -> None:
        """Apply these, however long the store is away."""
        wait_s = AGAIN_FIRST_S
        while True:
            await self._hold()
            try:
                async with asyncio.timeout(CALL_S):
                    return await self._apply(group)
            except AWAY as error:
                log.info("the store is still away: %s", str(error) or "no answer")
            await asyncio.sleep(wait_s)
            wait_s = min(AGAIN_MAX_S, wait_s * 2)

    async def _apply(self, group: Sequence[tuple[Entry, StoreWrite]]) -> None:
        try:
            await self._writer(group)()
        except AWAY:
            raise
        except (StoreError, BadEntry) as error:
            if len(group) > 1:  # one of them is refused: find out which
                for each in group:
                    await self._apply([each])
            elif isinstance(error, NotFound):
                log.info("conversation was deleted", extra={"conversation_id": group[0][1].conversation_id})
            else:
                await self._bury(*group[0], str(error))

    def _writer(self, group: Sequence[tuple[Entry, StoreWrite]]) -> Callable[[], Awaitable[None]]:
        write = group[0][1]
        match write.kind:
            case "message":
                rows = [message_of(write) for _, write in group]
                return lambda: self._store.save_messages(rows)
            case "conversation":
                title = title_of(write)
                return lambda: self._store.ensure_conversation(write.conversation_id, title)
            case "settings":
                settings = settings_of(write)
                return lambda: self._store.save_model_settings(write.conversation_id, settings)
            case _:
                raise BadEntry(f"a write of the kind {write.kind!r} is not known to this release")

    async def _hold(self) -> None:
        if not await self._bus.hold(self._bus.keys.drainer(), self._holder):
            raise NotMine

    async def _bury(self, entry: Entry, write: StoreWrite, reason: str) -> None:
        log.error("the store will never take a write: %s", reason, extra={"conversation_id": write.conversation_id})
        outlet = self._bus.outlet()
        outlet.append(
            self._bus.keys.dead(),
            DeadLetter("store", entry.id, 1, reason, write.conversation_id, write.message_id),
        )
        await outlet.flush()
        self._dead_letters.inc()


def _groups(entries: Sequence[Entry]) -> Iterator[list[tuple[Entry, StoreWrite]]]:
    """What may be written in one call: messages that follow each other; anything else alone.

    Raises:
        UnknownVersion: a newer release wrote it.
    """
    group: list[tuple[Entry, StoreWrite]] = []
    for entry in entries:
        try:
            write = decode(StoreWrite, entry.fields)
        except UnknownVersion:
            if group:
                break  # first what is before it
            raise
        except BadEntry:
            write = StoreWrite("message", "")  # found out, and buried, when it is applied
        if group and not (write.kind == group[0][1].kind == "message"):
            yield group
            group = []
        group.append((entry, write))
    if group:
        yield group
