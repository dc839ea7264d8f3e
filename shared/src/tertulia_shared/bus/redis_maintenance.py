"""Memory and repairs of the real bus. Off the hot path."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import cast

from tertulia_shared.bus.port.maintenance import Sized, Sound, Space
from tertulia_shared.bus.redis_connections import RedisConnections, fields_of
from tertulia_shared.bus.scripts import ownership, repair
from tertulia_shared.bus.scripts.script import Command
from tertulia_shared.keys import Key

SCAN_COUNT = 500


class RedisMaintenance(RedisConnections):
    """Implements `port.Maintenance`."""

    async def space(self) -> Space:
        reply = await self._call(("INFO", "memory"))
        lines = (line.partition(":") for line in reply.decode().splitlines())
        info = {name: value.strip() for name, _, value in lines}
        uncounted = int(info.get("mem_not_counted_for_evict", "0"))
        return Space(
            max(0, int(info.get("used_memory", "0")) - uncounted),
            int(info.get("maxmemory", "0")),
            info.get("maxmemory_policy", ""),
        )

    async def sounds(self) -> AsyncIterator[Sound]:
        async for names in self._scan(self.keys.every_audio(), "TYPE", "stream"):
            asked = [
                command
                for name in names
                for command in (("TTL", name), ("MEMORY", "USAGE", name), ("XREVRANGE", name, "+", "-", "COUNT", 1))
            ]
            replies = await self._calls.call(*asked)
            for number, name in enumerate(names):
                ttl_s, size, last = replies[3 * number : 3 * number + 3]
                if isinstance(size, int) and isinstance(last, list) and last:  # otherwise the key has just expired
                    yield Sound(name, int(ttl_s), size, _ended_ms(cast("list[tuple[bytes, list[bytes]]]", last)[0][1]))

    async def sizes(self) -> AsyncIterator[Sized]:
        async for names in self._scan(f"{self.keys.ns}:*"):
            replies = await self._calls.call(*(("MEMORY", "USAGE", name) for name in names))
            for name, size in zip(names, replies, strict=True):
                if isinstance(size, int):
                    yield Sized(name, size)

    async def free(self, names: Sequence[str], *, keep_end: bool) -> None:
        if names and keep_end:
            await self._call_all(*(("XTRIM", name, "MAXLEN", 1) for name in names))
        elif names:
            await self._call_all(*(("UNLINK", name) for name in names))

    async def reopen(self, key: Key, final_id: str) -> bool:
        call = ownership.reopen(stream_key=key.name, final_id=final_id, ttl_s=key.ttl_s)
        return await self._call(call) == 1

    async def mend(self, conversation_id: str, *, owner: bool = False) -> Sequence[str]:
        keys, id = self.keys, conversation_id
        state, turns, events = keys.state(id), keys.turns(id), keys.events(id)
        control, receipts = keys.control(id), keys.receipts(id)
        call = repair.mend(
            state_key=state.name,
            state_ttl_s=state.ttl_s,
            stream_keys=(turns.name, events.name, control.name, receipts.name),
            stream_ttls_s=(turns.ttl_s, events.ttl_s, control.ttl_s, receipts.ttl_s),
            owner_key=keys.owner(id, "turns").name if owner else None,  # not every service may access this key
        )
        return [name.decode() for name in await self._call(call)]

    async def _scan(self, pattern: str, *more: str) -> AsyncIterator[list[str]]:
        cursor = b"0"
        while True:
            command: Command = ("SCAN", cursor, "MATCH", pattern.replace("[", "\\["), "COUNT", SCAN_COUNT, *more)
            cursor, names = await self._call(command)
            if names:
                yield [name.decode(errors="replace") for name in names]
            if cursor == b"0":
                return


def _ended_ms(raw: Sequence[bytes]) -> int:
    fields = fields_of(raw)
    written = fields.get(b"ts", b"")
    return int(written) if fields.get(b"is_final") == b"1" and written.isdigit() else 0
