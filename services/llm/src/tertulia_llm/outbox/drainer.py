"""Applies the writes that wait for the store, oldest first. Of all llm workers one does, the one that holds the lease.

Whoever dies at it leaves everything in the stream that the store may not have; the next one applies it again, which
changes nothing. What the store will never take is dead-lettered. What a newer release wrote is put aside, with what
follows it in the same conversation, and is waited for by nobody else; it is dead-lettered if no worker of that release
comes.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence

from tertulia_llm.outbox.deferred import Absent, HeldBack
from tertulia_shared import codec
from tertulia_shared.bus import Bus, BusError, Entry
from tertulia_shared.codec import BadEntry
from tertulia_shared.dead_letters import write_dead_letter
from tertulia_shared.entries import DeadLetter, StoreWrite
from tertulia_shared.entry_ids import BEGINNING
from tertulia_shared.jobs import PEER_ALIVE_S
from tertulia_shared.keys import Key
from tertulia_shared.metrics import Metrics, catalogue
from tertulia_shared.outbox import AWAY, message_of, settings_of, title_of
from tertulia_shared.store import NotFound, Store, StoreError
from tertulia_shared.store.validation import fitted_message, fitted_title
from tertulia_shared.work import pointed_at

BATCH = 50
"""Writes read at once, and messages saved at once."""
CALL_S = 5.0
"""How long the store may take for a batch. Together with `AGAIN_MAX_S` less than the lease (`Keys.drainer`)."""
AGAIN_FIRST_S, AGAIN_MAX_S = 0.1, 1.5
LOOK_S = 1.0
"""How often those that do not hold the lease look whether they may have it, while something waits."""

HELD_LOOK_S = 10.0
"""How often a worker looks at what is held back: whether it can save it, and whether somebody is left who could."""

log = logging.getLogger(__name__)


def now() -> float:
    """The loop's monotonic time, in seconds."""
    return asyncio.get_running_loop().time()


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
        self._held_key = bus.keys.held_back()
        self._absent = Absent()
        self._told = 0
        """So many held back writes the log knows of."""

    async def run(self) -> None:
        """Apply what comes, until cancelled."""
        follow = self._bus.follow(self._key)
        wait_s = 0.0  # at the start something may be held back that we can save
        try:
            while True:
                try:
                    if not await self._bus.length(self._key):
                        with contextlib.suppress(TimeoutError):
                            async with asyncio.timeout(wait_s):
                                await follow.read()
                    wait_s = HELD_LOOK_S
                    if await self._bus.length(self._key) or await self._bus.length(self._held_key):
                        await self._empty()
                except (NotMine, BusError):
                    await asyncio.sleep(LOOK_S)
                follow.take()  # all of it was there before this moment, and is applied or counted by `length`
        finally:
            follow.close()

    async def _empty(self) -> None:
        """Apply all that can be, first of what was held back; hold back what has to wait for a newer worker."""
        await self._hold()
        try:
            held = HeldBack(self._absent)
            applied = await self._apply_held(held) + await self._apply_new(held)
            if applied:
                log.info("the store has what waited for it", extra={"count": applied})
            if held.count and held.count != self._told:
                log.warning("writes wait for a newer worker: update this one", extra={"count": held.count})
            self._told = held.count
        finally:
            with contextlib.suppress(BusError):
                await self._bus.release(self._bus.keys.drainer(), self._holder)

    async def _apply_held(self, held: HeldBack) -> int:
        is_any = await self._bus.length(self._held_key) > 0
        self._absent.look(await self._bus.alive(PEER_ALIVE_S) if is_any else (), now())
        applied, after = 0, BEGINNING
        while is_any and (entries := await self._bus.read(self._held_key, after, count=BATCH)):
            after = entries[-1].id
            applied += await self._save(self._held_key, held.passing(entries, again=True))
            held.kept()  # stays where it is
            for entry, reason in held.given_up():
                await self._bury(entry, reason)
                await self._bus.remove(self._held_key, [entry.id])
        return applied

    async def _apply_new(self, held: HeldBack) -> int:
        applied, after = 0, BEGINNING
        while entries := await self._bus.read(self._key, after, count=BATCH):
            after = entries[-1].id
            applied += await self._save(self._key, held.passing(entries, again=False))
            if kept := held.kept():
                await self._hold()
                await self._bus.move(self._key, kept, self._held_key)  # twice, if we die at it: that changes nothing
                bound = self._held_key.max_len
                if bound is not None and await self._bus.length(self._held_key) >= bound:
                    log.error("too much is held back: the oldest writes are lost", extra={"count": bound})
        return applied

    async def _save(self, key: Key, writes: Iterable[tuple[Entry, StoreWrite]]) -> int:
        """Apply these and remove them from their stream; how many they were."""
        applied = 0
        for group in _groups(writes):
            await self._patiently(group)
            await self._bus.remove(key, [entry.id for entry, _ in group])
            applied += len(group)
        return applied

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
        except Exception as error:
            if len(group) > 1:  # one of them is refused: find out which
                for each in group:
                    await self._apply([each])
            elif isinstance(error, NotFound):
                log.info("conversation was deleted", extra={"conversation_id": group[0][1].conversation_id})
            elif isinstance(error, StoreError | BadEntry):
                await self._bury(group[0][0], str(error))
            else:
                log.exception("a row broke the store")
                await self._bury(group[0][0], f"the store failed with {type(error).__name__}")

    def _writer(self, group: Sequence[tuple[Entry, StoreWrite]]) -> Callable[[], Awaitable[None]]:
        write = group[0][1]
        match write.kind:
            case "message":
                rows = [fitted_message(message_of(write)) for _, write in group]
                return lambda: self._store.save_messages(rows)
            case "conversation":
                title = fitted_title(title_of(write))
                return lambda: self._store.ensure_conversation(write.conversation_id, title)
            case "settings":
                settings = settings_of(write)
                return lambda: self._store.save_model_settings(write.conversation_id, settings)
            case _:
                raise BadEntry(f"a write of the kind {write.kind!r} is not known to this release")

    async def _hold(self) -> None:
        if not await self._bus.acquire_lease(self._bus.keys.drainer(), self._holder):
            raise NotMine

    async def _bury(self, entry: Entry, reason: str) -> None:
        of = pointed_at(entry.fields)
        log.error("a write for the store is given up: %s", reason, extra={"conversation_id": of.conversation_id})
        letter = DeadLetter(
            "store", entry.id, 1, reason, of.conversation_id, of.message_id, entry=codec.pack(dict(entry.fields))
        )
        await write_dead_letter(self._bus, letter)
        self._dead_letters.inc()


def _groups(writes: Iterable[tuple[Entry, StoreWrite]]) -> Iterator[list[tuple[Entry, StoreWrite]]]:
    """What may be written in one call: messages that follow each other; anything else alone."""
    group: list[tuple[Entry, StoreWrite]] = []
    for entry, write in writes:
        if group and not (write.kind == group[0][1].kind == "message"):
            yield group
            group = []
        group.append((entry, write))
    if group:
        yield group
