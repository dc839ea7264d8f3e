"""Which streams the reader reads on which connection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from tertulia_shared.bus.blocked_read import BLOCK_MS
from tertulia_shared.bus.port.errors import EntriesLost
from tertulia_shared.bus.reader import ACTIVE_STREAMS, IDLE_STREAMS, QUIET_ROUNDS, ROUND_S, Reader
from tertulia_shared.bus.stream_follow import StreamFollow
from tertulia_shared.keys import Key
from tests.harness.virtual_time import settle, virtual_time
from tests.unit.shared.hand_link import HandLink, entries, streams

NOW_MS = 1_763_800_000_000
FIRST, SECOND = (f"{NOW_MS - 2 + n}-0" for n in range(2))
IDLE_AFTER_S = (QUIET_ROUNDS + 1) * ROUND_S + BLOCK_MS / 1000
"""After this time, streams without news have moved, and the read that had them has been sent again without them."""


class BlockedLink(HandLink):
    """A connection whose last read is blocked until the test or CLIENT UNBLOCK ends it, or its time is over."""

    def __init__(self) -> None:
        super().__init__()
        self.blocked: asyncio.Future[Any] | None = None
        self.streams: set[str] = set()
        """The streams of the blocked read."""

    async def call(self, *commands: Any, timeout_s: float | None = None) -> list[Any]:
        (command,) = commands
        self.streams = streams(command)
        self.blocked = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(BLOCK_MS / 1000):
                return [await self.blocked]
        except TimeoutError:
            return [None]

    async def deliver(self, name: str, *ids: str) -> None:
        """End the blocked read with these entries of one stream."""
        assert self.blocked is not None
        assert name in self.streams
        self.blocked.set_result(entries(name, *ids))
        await settle()


@dataclass
class Server(HandLink):
    """Answers CLIENT UNBLOCK and the checks for losses."""

    reads: list[BlockedLink] = field(default_factory=list[BlockedLink])
    """The connections that read; the first one reads the streams in use."""
    checked: set[str] = field(default_factory=set[str])
    """The streams that were checked for losses."""
    is_flushed: bool = False

    async def call(self, *commands: Any, timeout_s: float | None = None) -> list[Any]:
        if commands[0][0] == "CLIENT":
            (read,) = (read for read in self.reads if read.client_id == commands[0][2])
            if read.blocked is not None and not read.blocked.done():
                read.blocked.set_result(None)
            return [1]
        self.checked |= {command[1] for command in commands}
        return [[] if self.is_flushed else [(command[2], [b"f", b"v"])] for command in commands]

    def open(self, _number: int = 0) -> BlockedLink:
        link = BlockedLink()
        link.client_id = len(self.reads) + 1
        self.reads.append(link)
        return link


@asynccontextmanager
async def following(count: int) -> AsyncGenerator[tuple[Server, dict[str, StreamFollow]]]:
    """Follow this many streams until all are idle."""
    server = Server()
    reader = Reader(server.open(), server, lambda: NOW_MS, server.open)
    follows = {f"s{n}": reader.follow(Key(f"s{n}", 60), "0-0", tell_loss=True) for n in range(count)}
    running = asyncio.create_task(reader.run())
    await settle()
    assert server.reads[0].streams == set(follows)
    for name, follow in follows.items():
        await server.reads[0].deliver(name, FIRST)
        assert len(await follow.read()) == 1
    await asyncio.sleep(IDLE_AFTER_S)
    yield server, follows
    running.cancel()
    await asyncio.wait([running])


@virtual_time
async def test_few_streams_share_one_read_even_if_they_are_idle() -> None:
    async with following(ACTIVE_STREAMS) as (server, follows):
        assert [read.streams for read in server.reads] == [set(follows)]


@virtual_time
async def test_idle_streams_move_to_reads_of_bounded_size() -> None:
    async with following(ACTIVE_STREAMS + IDLE_STREAMS + 10) as (server, follows):
        assert [len(read.streams) for read in server.reads] == [ACTIVE_STREAMS, IDLE_STREAMS, 10]
        assert set[str]().union(*(read.streams for read in server.reads)) == set(follows)


@virtual_time
async def test_stream_with_news_moves_to_the_read_of_the_streams_in_use() -> None:
    async with following(ACTIVE_STREAMS + 20) as (server, follows):
        active, idle = server.reads
        name = min(idle.streams)
        await idle.deliver(name, SECOND)
        assert [entry.id for entry in follows[name].take()] == [SECOND]
        assert name in active.streams
        assert name not in idle.streams
        await asyncio.sleep(IDLE_AFTER_S)
        assert len(active.streams) == ACTIVE_STREAMS


@virtual_time
async def test_stream_that_got_entries_in_the_read_in_flight_is_not_delivered_twice() -> None:
    async with following(ACTIVE_STREAMS + 20) as (server, follows):
        active, idle = server.reads
        name = min(idle.streams)
        await idle.deliver(name, SECOND)
        await active.deliver(name, SECOND)
        assert [entry.id for entry in follows[name].take()] == [SECOND]


@virtual_time
async def test_closed_idle_stream_is_not_read_again() -> None:
    async with following(ACTIVE_STREAMS + 2) as (server, follows):
        closed, other = sorted(server.reads[1].streams)
        follows[closed].close()
        await server.reads[1].deliver(other, SECOND)
        await asyncio.sleep(IDLE_AFTER_S)
        assert set[str]().union(*(read.streams for read in server.reads)) == set(follows) - {closed}


@virtual_time
async def test_each_round_checks_the_streams_in_use_and_one_idle_read_for_losses() -> None:
    async with following(ACTIVE_STREAMS + 2 * IDLE_STREAMS) as (server, follows):
        server.checked.clear()
        await asyncio.sleep(ROUND_S)
        assert len(server.checked) == ACTIVE_STREAMS + IDLE_STREAMS
        await asyncio.sleep(ROUND_S)
        assert server.checked == set(follows)


@virtual_time
async def test_flush_is_reported_to_all_streams_within_one_round() -> None:
    async with following(ACTIVE_STREAMS + 2 * IDLE_STREAMS) as (server, follows):
        server.is_flushed = True
        await asyncio.sleep(ROUND_S)
        for follow in follows.values():
            with pytest.raises(EntriesLost):
                await follow.read()
