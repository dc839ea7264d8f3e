"""The open connections of this process: limits their number, and closes all of them when the process stops."""

from __future__ import annotations

import asyncio
from typing import Protocol

from tertulia_shared.metrics import Metrics, catalogue


class Closable(Protocol):
    """A connection that can be closed."""

    def close(self, code: int, reason: str) -> None:
        """End the connection with this close code."""
        ...


class Connections:
    """Contains at most `most` connections. `len()` is the number of open connections."""

    def __init__(self, most: int, metrics: Metrics | None = None) -> None:
        metrics = metrics or Metrics()
        self._gauge = metrics.of(catalogue.CONNECTIONS)
        self._total = metrics.of(catalogue.CONNECTIONS_TOTAL)
        self._most = most
        self._open: set[Closable] = set()
        self._empty = asyncio.Event()
        self._empty.set()
        self.closing = False
        """The process is stopping: new connections are refused."""

    def __len__(self) -> int:
        return len(self._open)

    @property
    def full(self) -> bool:
        """True if no further connection may open."""
        return len(self._open) >= self._most

    def enter(self, connection: Closable) -> None:
        """Add a connection that has opened."""
        self._open.add(connection)
        self._total.inc()
        self._gauge.set(len(self._open))
        self._empty.clear()

    def leave(self, connection: Closable) -> None:
        """Remove a connection that has ended."""
        self._open.discard(connection)
        self._gauge.set(len(self._open))
        if not self._open:
            self._empty.set()

    async def close_all(self, code: int, reason: str, patience_s: float) -> None:
        """Close every connection. Returns when all connections have ended, but after `patience_s` at the latest."""
        self.closing = True
        for connection in list(self._open):
            connection.close(code, reason)
        try:
            async with asyncio.timeout(patience_s):
                await self._empty.wait()
        except TimeoutError:
            return
