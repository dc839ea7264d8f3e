"""The names of the active characters: the recognizer expects them, and the user calls the characters by them.

The user can create and rename characters at any time. All sessions of a worker share one `NamesAtTheTable`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Final, NoReturn

from tertulia_shared.bus import Bus, BusError
from tertulia_shared.character_names import names_in

REFRESH_S: Final = 2.0
"""The names are read at most this often, and while a session is served, this often."""

log = logging.getLogger(__name__)


def without_repetitions(*words: str) -> tuple[str, ...]:
    """The words in their order. Of words that differ only in case, the first one."""
    found: dict[str, str] = {}
    for word in words:
        found.setdefault(word.casefold(), word)
    return tuple(found.values())


class NamesAtTheTable:
    """The names that an llm worker wrote last; none if they are unknown."""

    def __init__(self, bus: Bus) -> None:
        self.names: tuple[str, ...] = ()
        self._bus = bus
        self._read_at: float | None = None
        self._reading = asyncio.Lock()
        self._failed = False

    async def refresh(self) -> None:
        """Read the names, unless they were just read. If they cannot be read, those read last remain."""
        async with self._reading:
            now = asyncio.get_running_loop().time()
            if self._read_at is None or now - self._read_at >= REFRESH_S:
                self._read_at = now
                await self._read()

    async def follow(self, known: Sequence[str], on_change: Callable[[Sequence[str]], None]) -> NoReturn:
        """Read the names regularly, and call `on_change` when they differ from `known`, until cancelled."""
        while True:
            await asyncio.sleep(REFRESH_S)
            await self.refresh()
            if self.names != known:
                known = self.names
                on_change(known)

    async def _read(self) -> None:
        try:
            fields = await self._bus.hash(self._bus.keys.character_names())
        except BusError as error:
            if not self._failed:
                log.warning("the names of the characters cannot be read: %s", error)
            self._failed = True
            return
        self._failed = False
        names = names_in(fields)
        if names is not None:
            self.names = names
