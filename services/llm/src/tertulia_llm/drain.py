"""Applies the writes that wait for the store, oldest first. Of all llm workers one does, the one that holds the lease.

Whoever dies at it leaves everything in the stream that the store may not have; the next one applies it again, which
changes nothing. What the store will never take is dead-lettered, and so is what a newer release wrote if no worker of
that release comes; until then it stays, and holds up its own conversation only.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence

from tertulia_shared import codec
from tertulia_shared.bus import Bus, BusError, Entry, order
from tertulia_shared.codec import BadEntry, UnknownVersion, decode
from tertulia_shared.entries import DeadLetter, StoreWrite
from tertulia_shared.metrics import Metrics, catalogue
from tertulia_shared.outbox import AWAY, message_of, settings_of, title_of
from tertulia_shared.store import NotFound, Store, StoreError
from tertulia_shared.work import pointed_at

BATCH = 50
"""Writes read at once, and messages saved at once."""
CALL_S = 5.0
"""How long the store may take for a batch. Together with `AGAIN_MAX_S` less than the lease (`Keys.drainer`)."""
AGAIN_FIRST_S, AGAIN_MAX_S = 0.1, 1.5
LOOK_S = 1.0
"""How often those that do not hold the lease look whether they may have it, while something waits."""

HELD_S = 3600.0
"""How long a write waits for a worker of the release that wrote it: longer than rolling one out, or back, takes."""
BEGINNING = "0-0"

log = logging.getLogger(__name__)


def wall_ms() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


class NotMine(Exception):
    """Another worker holds the lease."""


class Drain:
    """See the module's docstring. `holder` is this worker's name."""

    def __init__(
        self,
        bus: Bus,
        store: Store,
        holder: str,
        metrics: Metrics | None = None,
        *,
        wall_ms: Callable[[], int] = wall_ms,
    ) -> None:
        self._dead_letters = (metrics or Metrics()).of(catalogue.DEAD_LETTERS, "store")
        self._bus = bus
        self._store = store
        self._holder = holder
        self._wall_ms = wall_ms
        self._key = bus.keys.store()
        self._told = 0
        """So many held back writes the log knows of."""

    async def run(self) -> None:
        """Apply what comes, until cancelled."""
        follow = self._bus.follow(self._key)
        try:
            while True:
                held = 0
                try:
                    if not await self._bus.length(self._key):
                        await follow.read()
                    held = await self._empty()
                except (NotMine, BusError):
                    await asyncio.sleep(LOOK_S)
                follow.take()  # all of it was there before this moment, and is applied or counted by `length`
                if held:
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(LOOK_S):
                            await follow.read()
        finally:
            follow.close()

    async def _empty(self) -> int:
        """Apply all that can be; how many writes have to wait for a newer worker."""
        await self._hold()
        applied, held, after = 0, HeldBack(), BEGINNING
        try:
            while entries := await self._bus.read(self._key, after, count=BATCH):
                after = entries[-1].id
                for group in _groups(held.passing(entries, self._wall_ms())):
                    await self._patiently(group)
                    await self._bus.remove(self._key, [entry.id for entry, _ in group])
                    applied += len(group)
                for entry, reason in held.given_up():
                    await self._bury(entry, reason)
                    await self._bus.remove(self._key, [entry.id])
            if applied:
                log.info("the store has what waited for it", extra={"count": applied})
            if held.count and held.count != self._told:
                log.warning("writes wait for a newer worker: update this one", extra={"count": held.count})
            self._told = held.count
        finally:
            with contextlib.suppress(BusError):
                await self._bus.let_go(self._bus.keys.drainer(), self._holder)
        return held.count

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
                await self._bury(group[0][0], str(error))

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

    async def _bury(self, entry: Entry, reason: str) -> None:
        of = pointed_at(entry.fields)
        log.error("a write for the store is given up: %s", reason, extra={"conversation_id": of.conversation_id})
        letter = DeadLetter(
            "store", entry.id, 1, reason, of.conversation_id, of.message_id, entry=codec.pack(dict(entry.fields))
        )
        outlet = self._bus.outlet()
        outlet.append(self._bus.keys.dead(), letter)
        await outlet.flush()
        self._dead_letters.inc()


class HeldBack:
    """What a newer release wrote, and what comes behind it in the same conversation, waits for a newer worker."""

    def __init__(self) -> None:
        self.count = 0
        self._conversations: set[str] = set()
        self._given_up: list[tuple[Entry, str]] = []

    def passing(self, entries: Sequence[Entry], now_ms: int) -> Iterator[tuple[Entry, StoreWrite]]:
        """The entries that can be applied now, read, in order."""
        for entry in entries:
            conversation_id = pointed_at(entry.fields).conversation_id
            try:
                write = decode(StoreWrite, entry.fields)
            except UnknownVersion as error:
                if now_ms - order(entry.id)[0] > HELD_S * 1000:
                    self._given_up.append((entry, f"no worker came that can save it: {error}"))
                    continue
                self._conversations.add(conversation_id)
                self.count += 1
                continue
            except BadEntry:
                write = StoreWrite("message", "")  # found out, and buried, when it is applied
            if conversation_id in self._conversations:
                self.count += 1
            else:
                yield entry, write

    def given_up(self) -> Sequence[tuple[Entry, str]]:
        """What has waited for too long, and why it is given up; told once."""
        told, self._given_up = self._given_up, []
        return told


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
