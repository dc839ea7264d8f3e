"""Memory and repairs of the memory bus."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from tertulia_shared.bus.port.maintenance import Sized, Sound, Space
from tertulia_shared.entry_ids import order
from tertulia_shared.keys import Key
from tertulia_shared.testing.memory_base import MemoryBase
from tertulia_shared.testing.memory_repair import mend


class MemoryMaintenance(MemoryBase):
    """Implements `port.Maintenance`."""

    async def space(self) -> Space:
        self._check()
        return Space(sum(sized.size for sized in self._server.sizes()), self.limit_bytes, "noeviction")

    async def sounds(self) -> AsyncIterator[Sound]:
        self._check()
        for sound in list(self._server.sounds()):
            yield sound

    async def sizes(self) -> AsyncIterator[Sized]:
        self._check()
        for sized in list(self._server.sizes()):
            yield sized

    async def free(self, names: Sequence[str], *, keep_end: bool) -> None:
        self._check()
        for name in names:
            self._server.free(name, keep_end=keep_end)

    async def reopen(self, key: Key, final_id: str) -> bool:
        self._check()
        return self._server.stream(key).reopen(order(final_id))

    async def mend(self, conversation_id: str, *, owner: bool = False) -> Sequence[str]:
        self._check()
        return mend(self._server, self.keys, conversation_id, self._now_ms(), with_owner=owner)
