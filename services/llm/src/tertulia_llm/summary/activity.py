"""Lets background requests to the model wait for turns, and end when a turn begins."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

from tertulia_shared.bus import Bus, BusError
from tertulia_shared.exception_groups import first_error

PEERS_S: Final = 0.25
"""Interval at which background work looks for turns that other workers have got. They may use the same model server."""


class TurnBegun(Exception):
    """Raised in background work when a turn begins."""


class TurnActivity:
    """Knows whether turns are being answered: at once for those of this worker, within `PEERS_S` for the others."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._turns = 0
        self._begun = asyncio.Event()

    @contextmanager
    def turn(self) -> Generator[None]:
        """Run the block as a turn of this worker. Background work ends without delaying the block."""
        self._turns += 1
        self._begun.set()
        try:
            yield
        finally:
            self._turns -= 1
            if not self._turns:
                self._begun.clear()

    async def is_quiet(self) -> bool:
        """True if no turn waits or is being answered. Raises: BusError."""
        return not self._turns and not await self._bus.length(self._bus.keys.work("llm"))

    @asynccontextmanager
    async def until_turn(self) -> AsyncGenerator[None]:
        """Run the block until it ends, or until a turn begins.

        Raises:
            TurnBegun: a turn has begun. Errors of the block are raised unchanged.
        """
        try:
            async with asyncio.TaskGroup() as tasks:
                watching = (tasks.create_task(self._raise_at_turn()), tasks.create_task(self._raise_at_work()))
                yield
                for task in watching:
                    task.cancel()
        except BaseExceptionGroup as group:
            raise first_error(group) from None

    async def _raise_at_turn(self) -> None:
        await self._begun.wait()
        raise TurnBegun

    async def _raise_at_work(self) -> None:
        while True:
            with contextlib.suppress(BusError):  # the turn of a worker without Redis waits, too
                if not await self.is_quiet():
                    raise TurnBegun
            await asyncio.sleep(PEERS_S)
