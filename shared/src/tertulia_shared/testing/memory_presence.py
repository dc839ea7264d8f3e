"""Heartbeats and probes of the memory bus."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tertulia_shared.testing.memory_base import MemoryBase

PRESENCE_KEPT_S = 600.0


class MemoryPresence(MemoryBase):
    """Implements `port.Presence`."""

    async def beat(self, member: str) -> None:
        self._check()
        now = self._clock()
        self._beats[member] = now
        self._beats = {other: at for other, at in self._beats.items() if at > now - PRESENCE_KEPT_S}

    async def leave(self, member: str) -> None:
        self._check()
        self._beats.pop(member, None)

    async def alive(self, within_s: float) -> Sequence[str]:
        self._check()
        since = self._clock() - within_s
        return [member for at, member in sorted((at, member) for member, at in self._beats.items()) if at >= since]

    async def info(self) -> Mapping[str, str]:
        self._check()
        return {}

    async def ping(self) -> float:
        self._check()
        return 0.0

    async def probe_writes(self) -> None:
        self._check_writes()
        self._probed = self._clock()

    async def probe_age(self) -> float | None:
        self._check()
        age_s = self._clock() - self._probed
        return age_s if age_s < self.keys.probe().ttl_s else None
