"""Heartbeats and probes of the real bus."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from tertulia_shared.bus.port.presence import MAX_AHEAD_S
from tertulia_shared.bus.redis_connections import RedisConnections
from tertulia_shared.bus.scripts.script import Command
from tertulia_shared.bus.suitability import fields_of
from tertulia_shared.keys import Key, Stage
from tertulia_shared.worker_names import slots_member, slots_of

PRESENCE_KEPT_S = 600.0


class RedisPresence(RedisConnections):
    """Implements `port.Presence`."""

    async def beat(self, member: str, *, slots: int = 0) -> None:
        now = time.time()
        beats = [(self.keys.workers(), member)]
        if slots:
            beats.append((self.keys.slots(), slots_member(member, slots)))
        commands: list[Command] = []
        for key, beating in beats:
            commands += [
                ("ZADD", key.name, now, beating),
                ("ZREMRANGEBYSCORE", key.name, "-inf", now - PRESENCE_KEPT_S),
                ("EXPIRE", key.name, key.ttl_s),
            ]
        await self._call_all(*commands)

    async def leave(self, member: str) -> None:
        await self._call(("ZREM", self.keys.workers().name, member))

    async def alive(self, within_s: float) -> Sequence[str]:
        return await self._recent(self.keys.workers(), within_s)

    async def slots(self, stage: Stage, within_s: float) -> Mapping[str, int]:
        return slots_of(stage, await self._recent(self.keys.slots(), within_s))

    async def _recent(self, key: Key, within_s: float) -> Sequence[str]:
        now = time.time()
        reply = await self._call(("ZRANGEBYSCORE", key.name, now - within_s, now + MAX_AHEAD_S))
        return [member.decode(errors="replace") for member in reply]

    async def info(self) -> Mapping[str, str]:
        return fields_of(await self._call(("INFO",)))

    async def ping(self) -> float:
        begun = time.perf_counter()
        await self._call(("PING",))
        return time.perf_counter() - begun

    async def probe_writes(self) -> None:
        key = self.keys.probe()
        await self._call(("SET", key.name, "1", "EX", key.ttl_s))

    async def probe_age(self) -> float | None:
        key = self.keys.probe()
        left_ms = await self._call(("PTTL", key.name))
        return key.ttl_s - left_ms / 1000 if left_ms >= 0 else None
