"""Is the process up, can it work, and who is there? `/healthz`, `/readyz` and what `/api/status` tells."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from tertulia_shared.bus import Bus, BusError
from tertulia_shared.keys import STAGES

DEMO = "demo"
"""The engine of an llm worker that answers through the demo model."""
PATIENCE_S = 2.0
"""How long Redis may take to answer before it counts as away: who asks has a timeout of its own."""


@dataclass(frozen=True, slots=True)
class Health:
    """What was found. `engines`: the engines of each stage's live workers, one name a worker."""

    redis_ms: float | None
    engines: dict[str, list[str]]

    @property
    def missing(self) -> list[str]:
        """What has to be there and isn't."""
        if self.redis_ms is None:
            return ["redis"]
        return [stage for stage in STAGES if not self.engines.get(stage)]


async def look(bus: Bus, alive_s: float) -> Health:
    """Ask Redis; never raises."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            redis_ms = await bus.ping() * 1000
            return Health(redis_ms, engines_of(await bus.alive(alive_s)))
    except (BusError, TimeoutError):
        return Health(None, {})


def engines_of(members: Sequence[str]) -> dict[str, list[str]]:
    """The engines of live workers by stage, from members `stage:worker:engine`."""
    engines: dict[str, list[str]] = {stage: [] for stage in STAGES}
    for member in members:
        stage, _, rest = member.partition(":")
        if stage in engines:
            engines[stage].append(rest.rpartition(":")[2])
    return {stage: sorted(names) for stage, names in engines.items()}
