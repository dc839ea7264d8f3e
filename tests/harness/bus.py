"""A bus under test, in memory or on Redis, with a second bus beside it and control over time."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol, TypeVar, cast

from redis.asyncio import Redis

from tertulia_shared.bus import Bus, Claim, Entry, Follow, Owned
from tertulia_shared.bus.redis_bus import RedisBus, open_bus
from tertulia_shared.entries import Work
from tertulia_shared.ids import new_id
from tertulia_shared.keys import Key, Keys, Stage
from tertulia_shared.testing.memory_bus import MemoryBus
from tests.harness.eventually import eventually

T = TypeVar("T")

LONG_S = 3600.0
"""An idle time longer than any test."""
IDLE_S = 0.02
"""An idle time that a test can wait for."""


class Clock:
    """A clock that only the test advances (seconds)."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Bench(Protocol):
    """A bus under test, with the operations that the contract suite needs and the port lacks."""

    bus: Bus
    rival: Bus
    """The bus of another process on the same Redis; in memory it is the same object."""

    @abstractmethod
    async def pass_time(self, seconds: float) -> None:
        """Let this time pass on the server's clock."""

    @abstractmethod
    async def let_idle(self, claim: Claim, worker: str) -> None:
        """Make the claim idle for `LONG_S`."""

    @abstractmethod
    async def break_and_lose(self, key: Key, ids: Sequence[str]) -> None:
        """Cut the connection; when it is back, these entries of the stream are lost."""

    @abstractmethod
    async def until_reading(self) -> None:
        """Wait until a read of the bus is blocked at the server."""


class MemoryBench(Bench):
    def __init__(self, keys: Keys) -> None:
        self.clock = Clock()
        self.bus = self.rival = self._memory = MemoryBus(keys, clock=self.clock)

    async def pass_time(self, seconds: float) -> None:
        self.clock.now += seconds

    async def let_idle(self, claim: Claim, worker: str) -> None:
        self.clock.now += LONG_S

    async def break_and_lose(self, key: Key, ids: Sequence[str]) -> None:
        await self._memory.remove(key, ids)
        self._memory.break_connection()
        self._memory.restore_connection()

    async def until_reading(self) -> None:
        await asyncio.sleep(0)  # let a new task start to wait


class RedisBench(Bench):
    def __init__(self, bus: RedisBus, rival: RedisBus, name: str, url: str) -> None:
        self.bus = bus
        self.rival = rival
        self._name = name
        self.client = cast("Any", Redis.from_url(url))  # pyright: ignore[reportUnknownMemberType] - untyped kwargs

    async def pass_time(self, seconds: float) -> None:
        begin = await self._time_ms()
        await eventually(lambda: self._has_passed(begin + int(seconds * 1000) + 1))

    async def let_idle(self, claim: Claim, worker: str) -> None:
        key, idle_ms = self.bus.keys.work(claim.stage).name, int(LONG_S * 1000)
        await self.client.xclaim(key, claim.stage, worker, 0, [claim.id], idle=idle_ms, justid=True)

    async def break_and_lose(self, key: Key, ids: Sequence[str]) -> None:
        if ids:
            await self.client.xdel(key.name, *ids)
        for client in await self.client.client_list():
            if client["name"].startswith(self._name) and client["name"].endswith(":reads"):
                await self.client.client_kill_filter(_id=client["id"])

    async def until_reading(self) -> None:
        await eventually(self._reads_wait)

    async def close(self) -> None:
        await self.client.aclose()

    async def _has_passed(self, ms: int) -> bool:
        return await self._time_ms() >= ms

    async def _time_ms(self) -> int:
        seconds, us = await self.client.time()
        return seconds * 1000 + us // 1000

    async def _reads_wait(self) -> bool:
        clients = await self.client.client_list()
        return any(
            c["name"].startswith(self._name) and c["name"].endswith(":reads") and "b" in c["flags"] for c in clients
        )


@asynccontextmanager
async def running(url: str, keys: Keys, name: str = "tertulia") -> AsyncGenerator[RedisBus]:
    """`open_bus` in a task of its own: a fixture's two halves run in different tasks, which a task group forbids."""
    ready: asyncio.Future[RedisBus] = asyncio.get_running_loop().create_future()
    over = asyncio.Event()

    async def hold() -> None:
        async with open_bus(url, keys, name=name) as bus:
            ready.set_result(bus)
            await over.wait()

    task = asyncio.create_task(hold())
    await asyncio.wait([task, ready], return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        await task
    try:
        yield ready.result()
    finally:
        over.set()
        await task


@asynccontextmanager
async def redis_bench(url: str, keys: Keys) -> AsyncGenerator[RedisBench]:
    """Two open buses on one Redis."""
    name = f"bench-{new_id()[:8]}"
    async with running(url, keys, name) as bus, running(url, keys) as rival:
        bench = RedisBench(bus, rival, name, url)
        try:
            yield bench
        finally:
            await bench.close()


async def claimed(bus: Bus, stage: Stage = "tts", worker: str = "a", *, work: Work | None = None) -> Claim:
    """Post a piece of work and claim it."""
    await bus.prepare(stage)
    await bus.post(stage, work or Work(new_id(), message_id=new_id()))
    (claim,) = await bus.claim(stage, worker, count=1, block_s=30)
    return claim


async def owned(bus: Bus, claim: Claim, conversation_id: str, thing: str) -> Owned:
    """Take the ownership of a thing that has no owner."""
    taken = await bus.own(claim, conversation_id, thing)
    assert isinstance(taken, Owned), taken
    return taken


async def read_count(follow: Follow, count: int) -> Sequence[Entry]:
    """Read until there are `count` entries."""
    entries: list[Entry] = []
    while len(entries) < count:
        entries += await follow.read()
    return entries


async def listed(items: AsyncIterator[T]) -> list[T]:
    """Collect all items of an async iterator."""
    return [item async for item in items]
