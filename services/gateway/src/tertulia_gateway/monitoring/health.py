"""Finds out what is wrong with the installation, for `/readyz`, `/api/status` and the metrics."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tertulia_gateway.monitoring.writes_probe import PATIENCE_S, WriteStatus
from tertulia_shared.bus import Bus, BusError, BusRefused, WriteRefused
from tertulia_shared.entry_ids import order
from tertulia_shared.keys import STAGES
from tertulia_shared.problems import Facts, Problem, absent_stages, problems_in

DEMO = "demo"
"""The engine name of an llm worker that uses the demo model."""

AbsentVoices = Callable[[Mapping[str, Sequence[str]]], Awaitable[Sequence[str]]]
"""Returns the voices of active characters that no live worker can speak. Its argument: the engines of each stage."""


async def no_absent_voices(engines: Mapping[str, Sequence[str]]) -> Sequence[str]:  # noqa: ARG001 - the type's argument
    """Report no absent voice."""
    return ()


@dataclass(frozen=True, slots=True)
class Health:
    """`redis_ms`: the round trip to Redis; None if Redis does not answer. `engines`: for each stage, the engine names
    of its live workers, one per worker. `problems`: what is wrong.
    """

    redis_ms: float | None
    engines: Mapping[str, Sequence[str]]
    problems: Sequence[Problem] = ()

    @property
    def ready(self) -> bool:
        """True if a conversation can be held."""
        return not any(problem.blocks for problem in self.problems)

    @property
    def missing(self) -> list[str]:
        """What is required but not running: `redis`, or the stages that have no live worker."""
        return ["redis"] if self.redis_ms is None else absent_stages(self.engines)


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthCheck:
    """Asks Redis and the disk. `alive_s`: seconds without a heartbeat after which a worker counts as dead.

    `store_folder`: the folder of the store's file; None if the store is not a file here.
    """

    bus: Bus
    alive_s: float
    writes: WriteStatus = field(default_factory=WriteStatus)
    store_folder: Path | None = None
    absent_voices: AbsentVoices = no_absent_voices

    async def now(self) -> Health:
        """The present state. Never raises."""
        free = self._store_free_bytes()
        try:
            async with asyncio.timeout(PATIENCE_S):
                redis_ms = await self.bus.ping() * 1000
                engines = engines_of(await self.bus.alive(self.alive_s))
                info = await self._info()
                facts = Facts(
                    info=info,
                    refusal=self.writes.cause,
                    engines=engines,
                    absent_voices=await self.absent_voices(engines),
                    oldest_store_write_s=await self._oldest_store_write_s(info),
                    store_free_bytes=free,
                )
        except (BusError, TimeoutError):
            return Health(None, {}, problems_in(Facts(redis_answers=False, store_free_bytes=free)))
        return Health(redis_ms, engines, problems_in(facts))

    async def _info(self) -> Mapping[str, str]:
        try:
            return await self.bus.info()
        except (BusRefused, WriteRefused):  # an older release created the Redis user, without the right to INFO
            return {}

    async def _oldest_store_write_s(self, info: Mapping[str, str]) -> float:
        """The age by the clock of Redis, which made the entry's id; 0 if nothing waits, or that clock is unknown."""
        first = await self.bus.read(self.bus.keys.store(), count=1)
        now_us = info.get("server_time_usec", "")
        return max(0.0, int(now_us) / 1e6 - order(first[0].id)[0] / 1e3) if first and now_us.isdigit() else 0.0

    def _store_free_bytes(self) -> int | None:
        if self.store_folder is None:
            return None
        try:
            return shutil.disk_usage(self.store_folder).free
        except OSError:  # the folder is created with the first write
            return None


def engines_of(members: Sequence[str]) -> dict[str, list[str]]:
    """The engine names of live workers by stage. Each of `members` has the form `stage:worker:engine`."""
    engines: dict[str, list[str]] = {stage: [] for stage in STAGES}
    for member in members:
        stage, _, rest = member.partition(":")
        if stage in engines:
            engines[stage].append(rest.rpartition(":")[2])
    return {stage: sorted(names) for stage, names in engines.items()}
