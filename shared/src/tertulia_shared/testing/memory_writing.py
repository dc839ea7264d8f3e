"""Writes of the memory bus."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from tertulia_shared.bus.outlet import QueueOutlet
from tertulia_shared.bus.port.reading import Entry
from tertulia_shared.bus.port.writing import Applied, Condition, Fence, Write
from tertulia_shared.entries import Work
from tertulia_shared.keys import Key, Stage
from tertulia_shared.testing.memory_base import MemoryBase


class MemoryWriting(MemoryBase):
    """Implements `port.Writing`."""

    def outlet(self, fence: Fence | None = None, *, epoch: int = 0) -> QueueOutlet:
        return QueueOutlet(self, fence, epoch)

    async def transact(
        self,
        conversation_id: str,
        writes: Sequence[Write],
        *,
        fence: Fence | None = None,
        raise_epoch: bool = False,
        talk: bool | None = None,
        if_talking: Sequence[Write] = (),
        once: Key | None = None,
        given: Sequence[Condition] = (),
        withdraw: str = "",
        then: tuple[Stage, Work] | None = None,
    ) -> Applied:
        applied = self._in_turn(
            lambda: self._server.transact(
                conversation_id,
                writes,
                fence=fence,
                raise_epoch=raise_epoch,
                talk=talk,
                if_talking=if_talking,
                once=once,
                given=given,
                withdraw=withdraw,
            )
        )
        if then is None:
            return await applied
        stage, work = then
        # queued before the first await, so that the pointer is posted even if the writes fail
        posted = self._in_turn(lambda: self._post(stage, work, 0))
        return (await asyncio.gather(applied, posted))[0]

    def wake(self, outlet: QueueOutlet) -> None:
        """Called by outlets: apply the queued writes, in order with other calls."""
        self._schedule(lambda: self._settle(outlet))

    async def remove(self, key: Key, ids: Sequence[str]) -> None:
        self._check()
        self._server.remove(key, ids)
        self._arrived(key.name)  # followers check whether they lost an entry

    async def delete(self, keys: Sequence[Key]) -> None:
        self._check()
        self._server.delete(keys)

    async def move(self, key: Key, entries: Sequence[Entry], to: Key) -> None:
        self._check()
        for entry in entries:
            self._server.add(to, entry.fields)
        await self.remove(key, [entry.id for entry in entries])

    def _settle(self, outlet: QueueOutlet) -> None:
        writes = outlet.take()
        error: Exception | None = None
        skipped = False
        try:
            self._check_writes()
            skipped = self._server.write(writes, fence=outlet.fence, epoch=outlet.epoch)
        except Exception as met:  # noqa: BLE001 - for the outlet's owner
            error = met
        outlet.settle(len(writes), error, skipped=skipped)
