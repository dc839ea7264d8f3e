"""The probe of whether Redis accepts writes, and what the health of the process says meanwhile."""

from __future__ import annotations

import asyncio

from tertulia_gateway.monitoring.writes_probe import PROBE_S, WritesProbe, WriteStatus
from tertulia_shared.bus import WritesPaused
from tertulia_shared.keys import Keys
from tertulia_shared.metrics import Metrics
from tertulia_shared.testing.memory_bus import MemoryBus
from tests.harness.virtual_time import now, virtual_time


class FullBus(MemoryBus):
    """A bus whose Redis refuses writes while `full`."""

    full = True

    async def probe_writes(self) -> None:
        if self.full:
            raise WritesPaused("Redis refused SET: OOM command not allowed when used memory > 'maxmemory'.")


@virtual_time
async def test_process_is_unhealthy_and_says_why_while_redis_refuses_writes() -> None:
    bus, writes, metrics = FullBus(Keys("test"), clock=now), WriteStatus(), Metrics()
    metrics.health.beat()
    probing = asyncio.create_task(WritesProbe(bus, writes, metrics).run())
    await asyncio.sleep(PROBE_S)
    assert metrics.health.problem() == writes.cause == "Redis has no memory left"
    bus.full = False
    await asyncio.sleep(2 * PROBE_S)
    assert metrics.health.problem() == writes.cause == ""
    probing.cancel()
    await asyncio.wait([probing])
