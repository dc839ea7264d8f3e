"""Reads every stream that a process follows with one blocked XREAD, and distributes the entries to the followers."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from redis.exceptions import ResponseError

from tertulia_shared.bus.error_replies import refusal_of
from tertulia_shared.bus.link import Link
from tertulia_shared.bus.port.errors import BusUnavailable, EntriesLost, WriteRefused, WritesPaused
from tertulia_shared.bus.port.reading import Entry
from tertulia_shared.entry_ids import BEGINNING, order
from tertulia_shared.keys import Key

BLOCK_MS = 5_000
"""How long one read blocks. To add a stream, the reader ends the block with CLIENT UNBLOCK."""
MAX_PER_READ = 128
"""The most entries of one stream in one reply."""
MAX_HELD = 512
"""A follower buffers up to this many unread entries; while its buffer is full, the reader does not read its stream."""
LOSS_CHECK_S = 1.0
"""How often the reader checks that Redis still has the entries that were read."""
MAX_BACKOFF_S = 0.25
"""Longest wait between attempts to reconnect: a client waits for sound meanwhile."""

log = logging.getLogger(__name__)


class StreamFollow:
    """Implements `port.Follow`."""

    def __init__(self, reader: Reader, key: Key, after: str, *, tell_loss: bool) -> None:
        self._reader = reader
        self.name = key.name
        self.cursor = after
        self._tell_loss = tell_loss
        self._ttl_ms = key.ttl_s * 1000
        self._is_known = False
        """True if an entry with the cursor's id has existed, so that its absence is a loss."""
        self._before_loss: int | None = None
        """The number of buffered entries before a loss that `read` has not raised yet; None without such a loss."""
        self._loss_cursor = ""
        """The cursor at the last loss."""
        self._refusal: WriteRefused | None = None
        self._held: deque[Entry] = deque()
        self._arrived = asyncio.Event()
        self.closed = False

    @property
    def full(self) -> bool:
        """True if the buffer must be read before the reader fetches more."""
        return len(self._held) >= MAX_HELD

    async def read(self) -> Sequence[Entry]:
        """The next entries, at least one."""
        while True:
            if entries := self.take():
                return entries
            if self._before_loss is not None:
                self._before_loss = None
                raise EntriesLost(f"{self.name} no longer has the entry {self._loss_cursor}, which was read from it")
            if self._refusal is not None:
                raise self._refusal
            self._arrived.clear()
            await self._arrived.wait()

    def take(self) -> Sequence[Entry]:
        """The buffered entries up to the next loss; later ones follow once `read` has raised `EntriesLost`."""
        was_full = self.full
        count = len(self._held) if self._before_loss is None else self._before_loss
        entries = [self._held.popleft() for _ in range(count)]
        if self._before_loss is not None:
            self._before_loss = 0
        if was_full and not self.full:
            self._reader.changed()
        return entries

    def close(self) -> None:
        """Stop following."""
        if not self.closed:
            self.closed = True
            self._reader.forget(self)

    def can_lose(self, now_ms: int) -> bool:
        """True if Redis must still have the entry at the cursor: its TTL has not passed and no loss was found there."""
        if not self._tell_loss or self.closed or self.cursor in (BEGINNING, self._loss_cursor):
            return False
        return now_ms - order(self.cursor)[0] < self._ttl_ms

    def note_checked(self, cursor: str, *, is_there: bool) -> None:
        """Called by the reader: record whether the server has the entry `cursor`."""
        if cursor != self.cursor or self.closed:  # more entries have arrived
            return
        if is_there:
            self._is_known = True
        elif self._is_known:
            self._lose()

    def _lose(self) -> None:
        self._loss_cursor = self.cursor
        if self._before_loss is None:
            self._before_loss = len(self._held)
        self._arrived.set()

    @property
    def is_refused(self) -> bool:
        """True if the key turned out not to be a stream."""
        return self._refusal is not None

    def refuse(self, error: WriteRefused) -> None:
        """Called by the reader if the key is not a stream: `read` raises the error after the buffered entries."""
        self._refusal = error
        self._arrived.set()

    def buffer(self, entries: Sequence[Entry]) -> None:
        """Called by the reader: buffer these entries."""
        self.cursor = entries[-1].id
        self._is_known = True
        self._held.extend(entries)
        self._arrived.set()


class Reader:
    """Reads all followed streams until cancelled. `now_ms`: milliseconds since 1970."""

    def __init__(self, reads: Link, calls: Link, now_ms: Callable[[], int]) -> None:
        self._reads = reads
        self._calls = calls
        self._now_ms = now_ms
        self._follows: list[StreamFollow] = []
        self._changed = asyncio.Event()
        self._reading = 0
        """Number of the read in flight; 0 between reads."""
        self._count = 0

    def follow(self, key: Key, after: str, *, tell_loss: bool = False) -> StreamFollow:
        """Follow `key`: read the entries after the id `after`."""
        follow = StreamFollow(self, key, after, tell_loss=tell_loss)
        self._follows.append(follow)
        self.changed()
        return follow

    def forget(self, follow: StreamFollow) -> None:
        """Stop following. The read in flight continues; its entries for this follower are dropped."""
        self._follows.remove(follow)

    def changed(self) -> None:
        """Called when the set of streams to read has grown."""
        self._changed.set()

    async def run(self) -> None:
        """Read until cancelled. After a lost connection it reconnects and misses nothing."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._read_forever())
            tasks.create_task(self._unblock_when_changed())
            tasks.create_task(self._check_for_losses_repeatedly())

    async def _read_forever(self) -> None:
        failures = 0
        while True:
            asked = [follow for follow in self._follows if not follow.full and not follow.is_refused]
            self._changed.clear()
            if not asked:
                await self._changed.wait()
                continue
            try:
                if failures:
                    await self._check_for_losses(self._reads)
                self._distribute(asked, await self._read(asked))
                failures = 0
            except BusUnavailable as error:
                failures += 1
                delay_s = min(MAX_BACKOFF_S, 0.05 * 2**failures) * random.uniform(0.5, 1.0)  # noqa: S311 - jitter
                log.warning("reading paused: %s; trying again in %.1f s", error, delay_s)
                await asyncio.sleep(delay_s)

    async def _check_for_losses_repeatedly(self) -> None:
        """Check for losses at intervals: Redis can lose entries while the connection stays open."""
        while True:
            await asyncio.sleep(LOSS_CHECK_S)
            with contextlib.suppress(BusUnavailable):
                await self._check_for_losses(self._calls)

    async def _check_for_losses(self, link: Link) -> None:
        """Check for each follow that its last entry is still in Redis; if it is gone, Redis has lost data."""
        now_ms = self._now_ms()
        asked = [(follow, follow.cursor) for follow in self._follows if follow.can_lose(now_ms)]
        if not asked:
            return
        replies = await link.call(*(("XRANGE", each.name, cursor, cursor) for each, cursor in asked))
        for (follow, cursor), reply in zip(asked, replies, strict=True):
            if not isinstance(reply, ResponseError):
                follow.note_checked(cursor, is_there=bool(reply))

    async def _read(self, asked: Sequence[StreamFollow]) -> Any:
        # two followers of one stream share a read from the lower cursor
        cursors: dict[str, str] = {}
        for follow in asked:
            known = cursors.get(follow.name)
            cursors[follow.name] = follow.cursor if known is None or order(follow.cursor) < order(known) else known
        self._count += 1
        self._reading = self._count
        try:
            (reply,) = await self._reads.call(
                ("XREAD", "COUNT", MAX_PER_READ, "BLOCK", BLOCK_MS, "STREAMS", *cursors, *cursors.values()),
                timeout_s=BLOCK_MS / 1000 * 2,
            )
        finally:
            self._reading = 0
        if isinstance(reply, ResponseError):
            if await self._find_refused(cursors, asked):
                return None
            raise BusUnavailable(f"Redis refused a read: {reply}")
        return reply

    async def _find_refused(self, cursors: Mapping[str, str], asked: Sequence[StreamFollow]) -> bool:
        """After a refused read, find the keys that are not streams, so that one of them does not stop the others."""
        commands = (("XREAD", "COUNT", 1, "STREAMS", name, cursor) for name, cursor in cursors.items())
        replies = dict(zip(cursors, await self._reads.call(*commands), strict=True))
        found = False
        for follow in asked:
            reply = replies[follow.name]
            if isinstance(reply, ResponseError) and not isinstance(error := refusal_of(reply, "a read"), WritesPaused):
                follow.refuse(error)
                found = True
        return found

    def _distribute(self, asked: Sequence[StreamFollow], reply: Any) -> None:
        if not reply:
            return
        for name, raw in reply:
            key = name.decode()
            entries = [Entry(id.decode(), dict(zip(fields[::2], fields[1::2], strict=True))) for id, fields in raw]
            for follow in asked:
                if follow.name == key and not follow.closed:
                    new = entries
                    if order(follow.cursor) >= order(entries[0].id):
                        new = [entry for entry in entries if order(entry.id) > order(follow.cursor)]
                    if new:
                        follow.buffer(new)

    async def _unblock_when_changed(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()  # cleared before the first await, because a later follow sets it again
            number = self._reading
            if number == 0:  # no read blocks: the read loop is about to read the new set of streams
                continue
            unblocked = 0
            while unblocked == 0 and self._reading == number:
                try:
                    (unblocked,) = await self._calls.call(("CLIENT", "UNBLOCK", self._reads.client_id))
                except BusUnavailable:
                    await asyncio.sleep(0.05)  # the read loop gets the same error, then reads the new set
                # 0: the read is sent but has not blocked yet; the next attempt is one round trip later
