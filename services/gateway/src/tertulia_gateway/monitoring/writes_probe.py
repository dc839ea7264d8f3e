"""Regularly writes to Redis to find out whether Redis accepts writes. Without this probe, a gateway that happens to
write nothing would not notice an outage.

A Redis that is out of memory, has a full disk or lacks its replicas still answers PING and reads. Each connection warns
its client once when an outage begins, and once when it ends.
"""

from __future__ import annotations

import asyncio
import logging
import re
from typing import Final

from tertulia_shared.bus import Bus, BusError, BusRefused, WritesPaused
from tertulia_shared.metrics import Metrics, catalogue
from tertulia_shared.ticks import sleep_until_multiple

PATIENCE_S: Final = 2.0
"""Seconds without an answer after which Redis counts as unavailable. Short, because the clients of `/readyz` have
timeouts too.
"""
PROBE_S: Final = 0.5
"""Seconds between two probes. A probe is one small write, so it can be frequent: clients are warned within a second."""
REFUSED_PROBE_S: Final = 60.0
"""Seconds between two probes if the Redis user is not allowed to write the probe's key, because an older release has
set its permissions.
"""
CAUSES: Final = {
    "OOM": "Redis has no memory left",
    "MISCONF": "the disk of Redis is full, or cannot be written to",
    "READONLY": "this Redis is a read-only replica",
    "NOREPLICAS": "Redis lacks the replicas that its settings require",
    "LOADING": "Redis is still loading its data",
    "BUSY": "Redis is busy with a script",
}
_CODE: Final = re.compile(rf"\b({'|'.join(CAUSES)})\b")
RESUMED: Final = "Redis takes writes again: the conversation continues."

log = logging.getLogger(__name__)


def cause_of(error: WritesPaused) -> str:
    """The reason why Redis refuses writes, as text for people."""
    found = _CODE.search(str(error))
    return "Redis takes no writes just now" if found is None else CAUSES[found[1]]


def explanation(error: WritesPaused) -> str:
    """The text of the warning that clients get."""
    cause = cause_of(error)
    return (
        f"{cause[0].upper()}{cause[1:]}: nothing can be written just now. The reply in progress waits, and continues "
        "by itself when Redis takes writes again. What you send now has to be sent again (with the same turn_id)."
    )


def level_of(error: Exception) -> int:
    """The log level for a failed operation: DEBUG if writes are paused, because the probe has already logged that; else
    WARNING.
    """
    return logging.DEBUG if isinstance(error, WritesPaused) else logging.WARNING


class WriteStatus:
    """Says whether Redis accepts writes or they are paused. All connections of a process share one object, and wait for
    its changes.
    """

    def __init__(self) -> None:
        self.why = ""
        """While writes are paused: the text for clients. Otherwise ""."""
        self.cause = ""
        """While writes are paused: the cause. Otherwise ""."""
        self._changed = asyncio.Event()

    def set(self, why: str, cause: str = "") -> None:
        """Record why writes are paused. "": Redis accepts writes again."""
        self.why, self.cause = why, cause
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def until(self, *, paused: bool) -> None:
        """Wait until writes are paused (`paused=True`) or accepted."""
        while bool(self.why) is not paused:
            await self._changed.wait()


class WritesProbe:
    """Probes whether Redis accepts writes, and records the result in `writes`."""

    def __init__(self, bus: Bus, writes: WriteStatus, metrics: Metrics) -> None:
        self._bus = bus
        self._writes = writes
        self._paused = metrics.of(catalogue.REDIS_WRITES_PAUSED)
        self._health = metrics.health

    async def run(self) -> None:
        """Probe until cancelled."""
        while True:
            wait_s = PROBE_S
            try:
                await self._probe()
            except BusRefused as error:
                log.warning("the gateway cannot probe whether Redis takes writes: %s", error)
                wait_s = REFUSED_PROBE_S
            self._paused.set(bool(self._writes.why))
            self._health.hindered(self._writes.cause)
            await sleep_until_multiple(wait_s)

    async def _probe(self) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._bus.probe_writes()
        except WritesPaused as error:
            if not self._writes.why:
                log.warning("writes are paused: %s", error)
                self._writes.set(explanation(error), cause_of(error))
        except BusRefused:
            raise
        except (BusError, TimeoutError):
            return  # Redis is unavailable: whether it accepts writes is unknown
        else:
            if self._writes.why:
                log.warning("Redis takes writes again")
                self._writes.set("")
