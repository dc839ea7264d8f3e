"""One blocked XREAD over a set of streams, on a connection of its own."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from tertulia_shared.bus.error_replies import refusal_of
from tertulia_shared.bus.link import Link
from tertulia_shared.bus.port.errors import BusUnavailable, WritesPaused
from tertulia_shared.bus.port.reading import Entry
from tertulia_shared.bus.replies import ErrorReply
from tertulia_shared.bus.stream_follow import StreamFollow
from tertulia_shared.entry_ids import order

BLOCK_MS = 5_000
"""How long one read blocks. To add a stream, it is ended with CLIENT UNBLOCK."""
MAX_PER_READ = 128
"""The most entries of one stream in one reply."""
ROUNDS_BEFORE_READ = 8
"""After entries have arrived, the next read is sent so many rounds of the event loop later. Their readers often follow
another stream meanwhile (the sound of a reply that will begin), or stop following: the next read then knows it, and
need not be ended for it. The rounds of a busy loop take longer: the next read then brings more entries at once.
"""
MAX_BACKOFF_S = 0.25
"""Longest wait between attempts to reconnect: a client waits for sound meanwhile."""

CheckForLosses = Callable[[Link, Sequence[StreamFollow]], Awaitable[object]]
"""Checks these follows for losses, over this connection."""
OnEntries = Callable[["BlockedRead", StreamFollow], None]
"""Called after a follow has got entries from a read."""

log = logging.getLogger(__name__)


class BlockedRead:
    """Reads the streams of its follows until it is cancelled.

    Args:
        reads: the connection of the read.
        calls: a connection that does not block, for CLIENT UNBLOCK.
        check_for_losses: called after a reconnection, before entries are delivered.
        on_entries: called for each follow that got entries.
    """

    def __init__(self, reads: Link, calls: Link, check_for_losses: CheckForLosses, on_entries: OnEntries) -> None:
        self._reads = reads
        self._calls = calls
        self._check_for_losses = check_for_losses
        self._on_entries = on_entries
        self._follows: dict[StreamFollow, None] = {}
        self._changed = asyncio.Event()
        self._reading = 0
        """Number of the read in flight; 0 between reads."""
        self._count = 0
        self._asked: Sequence[StreamFollow] = ()
        """The follows of the read in flight, or of the last one."""
        self._delayed: set[StreamFollow] = set()
        """Follows that are no reason to begin a read yet."""

    def __len__(self) -> int:
        return len(self._follows)

    @property
    def follows(self) -> Sequence[StreamFollow]:
        """The follows whose streams are read."""
        return list(self._follows)

    def add(self, follow: StreamFollow, delay_s: float = 0.0) -> None:
        """Read the stream of `follow`, too: with the next read, which begins after `delay_s` at the latest."""
        self._follows[follow] = None
        if delay_s:
            self._delayed.add(follow)
            asyncio.get_running_loop().call_later(delay_s, self._end_delay, follow)
        else:
            self.changed()

    def _end_delay(self, follow: StreamFollow) -> None:
        if follow not in self._delayed:  # it was closed meanwhile, or moved
            return
        self._delayed.remove(follow)
        if not self._reading or follow not in self._asked:
            self.changed()

    def remove(self, follow: StreamFollow) -> None:
        """Read this stream no longer. The read in flight continues, and still delivers its entries."""
        del self._follows[follow]
        self._delayed.discard(follow)

    def changed(self) -> None:
        """Called when the set of streams to read has grown."""
        self._changed.set()

    async def run(self) -> None:
        """Read until cancelled. After a lost connection it reconnects and misses nothing."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._read_forever())
            tasks.create_task(self._unblock_when_changed())

    async def close(self) -> None:
        """Close the connection."""
        await self._reads.close()

    async def _read_forever(self) -> None:
        failures = 0
        while True:
            try:
                if failures:
                    await self._check_for_losses(self._reads, self.follows)
                # after the check: a stream that was added meanwhile is read, too
                asked = [follow for follow in self._follows if follow.is_readable]
                self._changed.clear()
                if self._delayed.issuperset(asked):
                    await self._changed.wait()
                    continue
                self._asked = asked
                self._distribute(asked, await self._read(asked))
                failures = 0
                for _ in range(ROUNDS_BEFORE_READ):
                    await asyncio.sleep(0)
            except BusUnavailable as error:
                failures += 1
                delay_s = min(MAX_BACKOFF_S, 0.05 * 2 ** min(failures, 10)) * random.uniform(0.5, 1.0)  # noqa: S311 - jitter
                log.warning("reading paused: %s; trying again in %.1f s", error, delay_s)
                await asyncio.sleep(delay_s)

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
        if isinstance(reply, ErrorReply):
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
            if isinstance(reply, ErrorReply) and not isinstance(error := refusal_of(reply, "a read"), WritesPaused):
                follow.refuse(error)
                found = True
        return found

    def _distribute(self, asked: Sequence[StreamFollow], reply: Any) -> None:
        if not reply:
            return
        followers: dict[str, list[StreamFollow]] = {name.decode(): [] for name, _ in reply}
        for follow in asked:
            if follow.name in followers:
                followers[follow.name].append(follow)
        for (_, raw), following in zip(reply, followers.values(), strict=True):
            entries = [Entry(id.decode(), dict(zip(fields[::2], fields[1::2], strict=True))) for id, fields in raw]
            for follow in following:
                if follow.closed:
                    continue
                new = entries
                if order(follow.cursor) >= order(entries[0].id):
                    new = [entry for entry in entries if order(entry.id) > order(follow.cursor)]
                if new:
                    follow.buffer(new)
                    self._on_entries(self, follow)

    async def _unblock_when_changed(self) -> None:
        while True:
            await self._changed.wait()
            if not self._changed.is_set():  # the read that was sent meanwhile has the new set
                continue
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
