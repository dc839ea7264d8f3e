"""Heartbeats and probes of the memory bus."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tertulia_shared.keys import Stage
from tertulia_shared.testing.memory_base import MemoryBase
from tertulia_shared.worker_names import slots_member, slots_of

PRESENCE_KEPT_S = 600.0


class MemoryPresence(MemoryBase):
    """Implements `port.Presence`."""

    async def beat(self, member: str, *, slots: int = 0) -> None:
        self._check()
        now = self._clock()
        self._beats[member] = now
        self._beats = {other: at for other, at in self._beats.items() if at > now - PRESENCE_KEPT_S}
        if slots:
            self._slots[slots_member(member, slots)] = now
            self._slots = {other: at for other, at in self._slots.items() if at > now - PRESENCE_KEPT_S}

    async def leave(self, member: str) -> None:
        self._check()
        self._beats.pop(member, None)

    async def alive(self, within_s: float) -> Sequence[str]:
        return self._recent(self._beats, within_s)

    async def slots(self, stage: Stage, within_s: float) -> Mapping[str, int]:
        return slots_of(stage, self._recent(self._slots, within_s))

    def _recent(self, beats: Mapping[str, float], within_s: float) -> Sequence[str]:
        self._check()
        since = self._clock() - within_s
        return [member for at, member in sorted((at, member) for member, at in beats.items()) if at >= since]

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
