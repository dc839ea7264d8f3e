"""The bus over a real Redis (one node, 6.2 or later; Redis Cluster is refused, see `suitability`)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from tertulia_shared.bus.redis_maintenance import RedisMaintenance
from tertulia_shared.bus.redis_ownership import RedisOwnership
from tertulia_shared.bus.redis_presence import RedisPresence
from tertulia_shared.bus.redis_reading import RedisReading
from tertulia_shared.bus.redis_work import RedisWorkQueue
from tertulia_shared.bus.redis_writing import RedisWriting
from tertulia_shared.keys import Keys
from tertulia_shared.tls import Tls


class RedisBus(RedisWorkQueue, RedisOwnership, RedisWriting, RedisReading, RedisPresence, RedisMaintenance):
    """Implements `port.Bus`, combined from its parts like the port."""

    async def run(self) -> None:
        """Send queued writes and deliver to followers, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._writer.run())
            tasks.create_task(self._reader.run())


@asynccontextmanager
async def open_bus(url: str, keys: Keys, *, name: str = "tertulia", tls: Tls | None = None) -> AsyncGenerator[RedisBus]:
    """Open a bus that runs during the block. An error of the block is raised in a group, as by any TaskGroup.

    Raises:
        BusUnavailable: Redis does not answer (`BusRefused`: it refuses us).
        ValueError: the URL or a TLS file cannot be read.
    """
    bus = RedisBus(url, keys, name=name, tls=tls)
    try:
        await bus.ping()
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(bus.run())
            try:
                yield bus
            finally:
                running.cancel()
    finally:
        await bus.close()
