"""Reads every stream that a process follows, and distributes the entries to the followers.

One blocked XREAD names the streams that are in use. It is sent again for every reply, and its cost grows with the
number of streams, so streams without news for `QUIET_ROUNDS` move to other blocked reads, each of up to `IDLE_STREAMS`.
A stream with news moves back.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence

from tertulia_shared.bus.blocked_read import BlockedRead
from tertulia_shared.bus.link import Link
from tertulia_shared.bus.port.errors import BusUnavailable
from tertulia_shared.bus.replies import ErrorReply
from tertulia_shared.bus.stream_follow import StreamFollow
from tertulia_shared.keys import Key
from tertulia_shared.ticks import sleep_until_multiple

ROUND_S = 1.0
"""How often the reader checks that Redis still has the entries that were read, and looks for idle streams."""
QUIET_ROUNDS = 10
"""A stream without entries for this many rounds is idle."""
ACTIVE_STREAMS = 8
"""If at most this many streams are followed, they share one read: idle ones hardly cost anything then."""
IDLE_STREAMS = 64
"""The most streams of a read of idle streams: news in one of them costs a read of all."""


class Reader:
    """Reads all followed streams until cancelled.

    Args:
        reads: the connection that reads the streams in use.
        calls: a connection that does not block.
        now_ms: milliseconds since 1970.
        open_idle: makes the connection of a read of idle streams, from its number.
    """

    def __init__(self, reads: Link, calls: Link, now_ms: Callable[[], int], open_idle: Callable[[int], Link]) -> None:
        self._calls = calls
        self._now_ms = now_ms
        self._open_idle = open_idle
        self._active = BlockedRead(reads, calls, self._check_for_losses, self._got_entries)
        self._idle: list[BlockedRead] = []
        self._homes: dict[StreamFollow, BlockedRead] = {}
        """The read that has each follow."""
        self._rounds = 0

    def follow(
        self, key: Key, after: str, *, tell_loss: bool = False, delay_s: float = 0.0, until_final: bool = False
    ) -> StreamFollow:
        """Follow `key`: read the entries after the id `after`. The first read begins after `delay_s` at the latest.

        `until_final`: read no further after an entry with `is_final`.
        """
        follow = StreamFollow(self, key, after, tell_loss=tell_loss, until_final=until_final)
        self._homes[follow] = self._active
        self._active.add(follow, delay_s)
        return follow

    def forget(self, follow: StreamFollow) -> None:
        """Stop following. A read in flight continues; its entries for this follower are dropped."""
        self._homes.pop(follow).remove(follow)

    def changed(self, follow: StreamFollow) -> None:
        """Called when the follow has room for entries again."""
        if follow in self._homes:
            self._homes[follow].changed()

    async def run(self) -> None:
        """Read until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._active.run())
            while True:
                await sleep_until_multiple(ROUND_S)
                self._rounds += 1
                self._move_idle_streams(tasks)
                with contextlib.suppress(BusUnavailable):
                    await self._look_for_losses()

    async def close(self) -> None:
        """Close the connections of the reads of idle streams."""
        for read in self._idle:
            await read.close()

    # -- idle streams

    def _move_idle_streams(self, tasks: asyncio.TaskGroup) -> None:
        for follow in self._active.follows:
            follow.quiet_rounds += 1
        surplus = len(self._active) - ACTIVE_STREAMS
        if surplus <= 0:
            return
        quiet = [follow for follow in self._active.follows if follow.quiet_rounds >= QUIET_ROUNDS]
        quiet.sort(key=lambda follow: follow.quiet_rounds, reverse=True)
        for follow in quiet[:surplus]:
            self._move(follow, self._idle_read_with_room(tasks))

    def _idle_read_with_room(self, tasks: asyncio.TaskGroup) -> BlockedRead:
        # fill the fullest one: every read that has to be sent again costs a call
        with_room = [read for read in self._idle if len(read) < IDLE_STREAMS]
        if with_room:
            return max(with_room, key=len)
        link = self._open_idle(len(self._idle) + 1)
        read = BlockedRead(link, self._calls, self._check_for_losses, self._got_entries)
        self._idle.append(read)
        tasks.create_task(read.run())
        return read

    def _got_entries(self, read: BlockedRead, follow: StreamFollow) -> None:
        if read is not self._active and self._homes.get(follow) is read:
            self._move(follow, self._active)

    def _move(self, follow: StreamFollow, to: BlockedRead) -> None:
        # the read in flight may still deliver entries: a follow takes those only that are above its cursor
        self._homes[follow].remove(follow)
        self._homes[follow] = to
        to.add(follow)

    # -- losses

    async def _look_for_losses(self) -> None:
        """Check for losses: Redis can lose entries while the connection stays open.

        The streams in use are checked in every round, the reads of idle streams in turn. A flush loses all streams, so
        a loss in one of them is the reason to check all.
        """
        asked = [*self._active.follows]
        if self._idle:
            asked += self._idle[self._rounds % len(self._idle)].follows
        if await self._check_for_losses(self._calls, asked):
            await self._check_for_losses(self._calls, list(self._homes))

    async def _check_for_losses(self, link: Link, follows: Sequence[StreamFollow]) -> bool:
        """Check for each follow that entries that it has read are still in Redis; if one is gone, Redis has lost data.

        Returns True if a loss was found.
        """
        now_ms = self._now_ms()
        asked = [(follow, entry_id) for follow in follows for entry_id in follow.ids_to_check(now_ms)]
        if not asked:
            return False
        replies = await link.call(*(("XRANGE", each.name, entry_id, entry_id) for each, entry_id in asked))
        found = False
        for (follow, entry_id), reply in zip(asked, replies, strict=True):
            if not isinstance(reply, ErrorReply) and follow.note_checked(entry_id, is_there=bool(reply)):
                found = True
        return found
