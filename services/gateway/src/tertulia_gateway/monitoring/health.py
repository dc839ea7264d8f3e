"""Checks whether Redis answers and which workers are alive, for `/healthz`, `/readyz` and `/api/status`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from tertulia_shared.bus import Bus, BusError
from tertulia_shared.keys import STAGES

DEMO = "demo"
"""The engine name of an llm worker that uses the demo model."""
PATIENCE_S = 2.0
"""Seconds without an answer after which Redis counts as unavailable. Short, because the clients of `/readyz` have
timeouts too.
"""


@dataclass(frozen=True, slots=True)
class Health:
    """`redis_ms`: the round trip to Redis; None if Redis does not answer. `engines`: for each stage, the engine names
    of its live workers, one per worker.
    """

    redis_ms: float | None
    engines: dict[str, list[str]]

    @property
    def missing(self) -> list[str]:
        """What is required but not running: `redis`, or the stages that have no live worker."""
        if self.redis_ms is None:
            return ["redis"]
        return [stage for stage in STAGES if not self.engines.get(stage)]


async def check_health(bus: Bus, alive_s: float) -> Health:
    """Ask Redis for its round-trip time and the live workers. Never raises."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            redis_ms = await bus.ping() * 1000
            return Health(redis_ms, engines_of(await bus.alive(alive_s)))
    except (BusError, TimeoutError):
        return Health(None, {})


def engines_of(members: Sequence[str]) -> dict[str, list[str]]:
    """The engine names of live workers by stage. Each of `members` has the form `stage:worker:engine`."""
    engines: dict[str, list[str]] = {stage: [] for stage in STAGES}
    for member in members:
        stage, _, rest = member.partition(":")
        if stage in engines:
            engines[stage].append(rest.rpartition(":")[2])
    return {stage: sorted(names) for stage, names in engines.items()}
