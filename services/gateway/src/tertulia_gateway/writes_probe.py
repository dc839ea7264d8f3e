"""Whether Redis takes writes: a gateway probes it, since the write that is refused first may be a worker's.

A Redis without memory, with a full disk or without its replicas still answers PING and reads. Each connection tells its
client once per outage, and once more when it is over.
"""

from __future__ import annotations

import asyncio
import logging
import re
from typing import Final

from tertulia_gateway.health import PATIENCE_S
from tertulia_shared.bus import Bus, BusError, BusRefused, WritesPaused
from tertulia_shared.metrics import Metrics, catalogue

PROBE_S: Final = 0.5
"""Between two probes, each one small write: clients are told within a second."""
REFUSED_PROBE_S: Final = 60.0
"""Between two tries if the Redis user may not write the key (its rights are of an older release)."""
CAUSES: Final = {
    "OOM": "Redis has no memory left",
    "MISCONF": "the disk of Redis is full, or cannot be written to",
    "READONLY": "this Redis is a replica that is only read from",
    "NOREPLICAS": "Redis misses the replicas that it is set up to have",
    "LOADING": "Redis is still loading its data",
    "BUSY": "Redis is busy with a script",
}
_CODE: Final = re.compile(rf"\b({'|'.join(CAUSES)})\b")
RESUMED: Final = "Redis takes writes again: the talk goes on."

log = logging.getLogger(__name__)


def cause_of(error: WritesPaused) -> str:
    """Why Redis takes no writes, in words."""
    found = _CODE.search(str(error))
    return "Redis takes no writes just now" if found is None else CAUSES[found[1]]


def explanation(error: WritesPaused) -> str:
    """What a client is told about it."""
    cause = cause_of(error)
    return (
        f"{cause[0].upper()}{cause[1:]}: nothing can be written just now. What is being said waits, and goes on by "
        "itself when there is room again. What you send now has to be sent again (with the same turn_id)."
    )


def level_of(error: Exception) -> int:
    """The log level for an operation that failed: a pause of all writes has its line in the log already."""
    return logging.DEBUG if isinstance(error, WritesPaused) else logging.WARNING


class WriteStatus:
    """What this process knows of it; its connections wait for changes."""

    def __init__(self) -> None:
        self.why = ""
        """What clients are to be told while writes are paused; else ""."""
        self._changed = asyncio.Event()

    def set(self, why: str) -> None:
        """WriteStatus are paused (or go on: "")."""
        self.why = why
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def until(self, *, paused: bool) -> None:
        """Wait until writes are paused, or go on."""
        while bool(self.why) is not paused:
            await self._changed.wait()


class WritesProbe:
    """Keeps `writes` up to date, until cancelled."""

    def __init__(self, bus: Bus, writes: WriteStatus, metrics: Metrics) -> None:
        self._bus = bus
        self._writes = writes
        self._paused = metrics.of(catalogue.REDIS_WRITES_PAUSED)

    async def run(self) -> None:
        """Probe, and probe again."""
        while True:
            wait_s = PROBE_S
            try:
                await self._probe()
            except BusRefused as error:
                log.warning("whether Redis takes writes cannot be found out: %s", error)
                wait_s = REFUSED_PROBE_S
            self._paused.set(bool(self._writes.why))
            await asyncio.sleep(wait_s)

    async def _probe(self) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._bus.probe_writes()
        except WritesPaused as error:
            if not self._writes.why:
                log.warning("writes are paused: %s", error)
                self._writes.set(explanation(error))
        except BusRefused:
            raise
        except (BusError, TimeoutError):
            return  # Redis is away: whether it takes writes is not known
        else:
            if self._writes.why:
                log.warning("Redis takes writes again")
                self._writes.set("")
