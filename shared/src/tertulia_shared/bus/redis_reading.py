"""Reads of the real bus."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from tertulia_shared.bus.port.reading import Entry
from tertulia_shared.bus.redis_connections import RedisConnections, entries_of, fields_of
from tertulia_shared.bus.stream_follow import StreamFollow
from tertulia_shared.entry_ids import BEGINNING
from tertulia_shared.keys import Key

SCAN_COUNT = 1_000


class RedisReading(RedisConnections):
    """Implements `port.Reading`."""

    def follow(
        self,
        key: Key,
        after: str = BEGINNING,
        *,
        tell_loss: bool = False,
        delay_s: float = 0.0,
        until_final: bool = False,
    ) -> StreamFollow:
        return self._reader.follow(key, after, tell_loss=tell_loss, delay_s=delay_s, until_final=until_final)

    async def read(self, key: Key, after: str = BEGINNING, *, count: int | None = None) -> Sequence[Entry]:
        limit = () if count is None else ("COUNT", count)
        return list(entries_of(await self._call(("XRANGE", key.name, f"({after}", "+", *limit))))

    async def last(self, key: Key) -> Entry | None:
        found = entries_of(await self._call(("XREVRANGE", key.name, "+", "-", "COUNT", 1)))
        return found[0] if found else None

    async def length(self, key: Key) -> int:
        return int(await self._call(("XLEN", key.name)))

    async def hash(self, key: Key) -> dict[bytes, bytes]:
        return fields_of(await self._call(("HGETALL", key.name)))

    async def conversations_with_turns(self) -> AsyncIterator[str]:
        cursor = b"0"
        pattern = self.keys.every_turns().replace("[", "\\[")
        while True:
            cursor, names = await self._call(("SCAN", cursor, "MATCH", pattern, "COUNT", SCAN_COUNT, "TYPE", "stream"))
            for name in names:
                yield self.keys.conversation_of(name.decode())
            if cursor == b"0":
                return
