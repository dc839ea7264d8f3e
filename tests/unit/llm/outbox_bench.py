"""An outbox and a store that records writes, for tests of the drainer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from tertulia_llm.outbox.drainer import (
    OutboxDrainer,
)
from tertulia_shared.bus import Entry
from tertulia_shared.codec import decode
from tertulia_shared.entries import STORE_WRITE_VERSION, DeadLetter, StoreWrite
from tertulia_shared.ids import new_id
from tertulia_shared.keys import Keys
from tertulia_shared.metrics import Metrics
from tertulia_shared.store import Message, Store
from tertulia_shared.testing.memory_bus import MemoryBus
from tertulia_shared.testing.memory_store import MemoryStore, MemoryTables
from tests.harness.store_records import user_message
from tests.harness.virtual_time import now

NEWER = f"llm:box-1-aaaaaa.v{STORE_WRITE_VERSION + 1}:demo"


class WatchedStore(MemoryStore):
    """A store that records the saved texts. `silent`: if True, the store does not answer."""

    def __init__(self, tables: MemoryTables) -> None:
        super().__init__(tables)
        self.saved: list[list[str]] = []
        self.silent = False

    async def save_messages(self, messages: Sequence[Message]) -> None:
        if self.silent:
            await asyncio.sleep(3600)
        await super().save_messages(messages)
        self.saved.append([message.text for message in messages])


def wall_ms() -> int:
    return round(now() * 1000)


class OutboxBench:
    def __init__(self) -> None:
        self.metrics = Metrics()
        self.bus = MemoryBus(Keys("test"), clock=now, now_ms=wall_ms)
        self.tables = MemoryTables()
        self.store = WatchedStore(self.tables)
        self.talk = new_id()

    async def post(self, *writes: StoreWrite) -> None:
        outlet = self.bus.outlet()
        for write in writes:
            outlet.append(self.bus.keys.store(), write)
        await outlet.flush()

    async def post_newer(self, write: StoreWrite) -> None:
        outlet = self.bus.outlet()
        outlet.append(self.bus.keys.store(), write, v=STORE_WRITE_VERSION + 1)
        await outlet.flush()

    async def emptied(self) -> None:
        while await self.bus.length(self.bus.keys.store()):  # noqa: ASYNC110 - another task empties it, on virtual time
            await asyncio.sleep(0.01)

    async def held(self) -> Sequence[Entry]:
        return await self.bus.read(self.bus.keys.held_back())

    async def all_applied(self) -> None:
        await self.emptied()
        while await self.held():  # noqa: ASYNC110 - likewise
            await asyncio.sleep(0.01)

    async def newer_worker(self, for_s: float) -> None:
        """Keep an idle worker of a newer release alive."""
        until = now() + for_s
        while now() < until:
            await self.bus.beat(NEWER)
            await asyncio.sleep(1)
        await self.bus.leave(NEWER)

    async def dead(self) -> list[DeadLetter]:
        return [decode(DeadLetter, entry.fields) for entry in await self.bus.read(self.bus.keys.dead())]

    @asynccontextmanager
    async def draining(self, holder: str = "a", store: Store | None = None) -> AsyncGenerator[asyncio.Task[None]]:
        drain = OutboxDrainer(self.bus, store or self.store, holder, self.metrics)
        task = asyncio.create_task(drain.run())
        yield task
        task.cancel()
        await asyncio.wait([task])


async def opened_bench() -> OutboxBench:
    bench = OutboxBench()
    await bench.store.open()
    return bench


def said(talk: str, position: int) -> Message:
    return user_message(talk, position, f"{position}")
