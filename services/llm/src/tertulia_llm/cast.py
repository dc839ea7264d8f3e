"""The characters at the table, read again when someone says that they changed."""

from __future__ import annotations

import asyncio
import logging

from tertulia_shared.bus import Bus, BusError
from tertulia_shared.entries import Speaker
from tertulia_shared.store.errors import StoreUnavailable
from tertulia_shared.store.port import Store

RETRY_S = 1.0

log = logging.getLogger(__name__)


class Cast:
    """The active characters, in the order of their names."""

    def __init__(self, bus: Bus, store: Store) -> None:
        self._bus = bus
        self._store = store
        self.active: tuple[Speaker, ...] = ()

    async def read(self) -> None:
        """Read them from the store.

        Raises:
            StoreUnavailable: the store is away; who was there before stays.
        """
        self.active = tuple(
            Speaker(character.id, character.name, character.voice, character.system_prompt, character.image)
            for character in await self._store.characters(active_only=True)
        )

    async def follow(self) -> None:
        """Read them again at each `Refresh`, until cancelled."""
        refreshes = self._bus.follow(self._bus.keys.broadcast(), await self._last_refresh())
        try:
            await self._read_patiently()  # what changed between the first read and here
            while True:
                await refreshes.read()
                await self._read_patiently()
                log.info("characters read again", extra={"count": len(self.active)})
        finally:
            refreshes.close()

    async def _last_refresh(self) -> str:
        while True:
            try:
                last = await self._bus.last(self._bus.keys.broadcast())
            except BusError as error:
                log.warning("refreshes cannot be followed yet: %s", error)
                await asyncio.sleep(RETRY_S)
            else:
                return "0-0" if last is None else last.id

    async def _read_patiently(self) -> None:
        while True:
            try:
                return await self.read()
            except StoreUnavailable as error:
                log.warning("characters cannot be read: %s", error)
                await asyncio.sleep(RETRY_S)
