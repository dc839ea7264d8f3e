"""Writes the receipts of clients that disconnected while Redis refused writes or was unavailable."""

from __future__ import annotations

import asyncio
from typing import Final, Protocol

from tertulia_gateway.monitoring.writes_probe import WriteStatus

RETRY_S: Final = 0.5
"""Time between two attempts."""
MAX_LEFT: Final = 256
"""Maximum number of writers that are kept; beyond it, the writer that is oldest is dropped."""


class UnfinishedWriter(Protocol):
    """A writer whose connection has ended."""

    async def finish(self) -> bool:
        """Try to write everything. Returns False if it has to be tried again."""
        ...


class LeftReceipts:
    """The writers of a process that have receipts left. `run` must be running."""

    def __init__(self) -> None:
        self._writers: dict[UnfinishedWriter, None] = {}
        self._kept = asyncio.Event()

    def keep(self, writer: UnfinishedWriter) -> None:
        """Let this writer finish as soon as Redis accepts writes."""
        self._writers[writer] = None
        while len(self._writers) > MAX_LEFT:
            self._drop(next(iter(self._writers)))
        self._kept.set()

    async def run(self, writes: WriteStatus) -> None:
        """Let one writer after the other finish, until cancelled."""
        while True:
            await self._kept.wait()
            self._kept.clear()
            while self._writers:
                await writes.until(paused=False)
                writer = next(iter(self._writers))
                if await writer.finish():
                    self._drop(writer)
                else:
                    await asyncio.sleep(RETRY_S)

    def _drop(self, writer: UnfinishedWriter) -> None:
        self._writers.pop(writer, None)
