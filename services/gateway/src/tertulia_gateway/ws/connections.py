"""The connections that this process has open: how many there may be, and how they end together."""

from __future__ import annotations

import asyncio
from typing import Protocol

from tertulia_shared.metrics import Metrics, catalogue


class Closable(Protocol):
    """A connection that can be asked to end."""

    def close(self, code: int, reason: str) -> None:
        """End it with this close code."""
        ...


class Connections:
    """At most `most` connections at once."""

    def __init__(self, most: int, metrics: Metrics | None = None) -> None:
        metrics = metrics or Metrics()
        self._now_open = metrics.of(catalogue.CONNECTIONS)
        self._let_in = metrics.of(catalogue.CONNECTIONS_TOTAL)
        self._most = most
        self._open: set[Closable] = set()
        self._empty = asyncio.Event()
        self._empty.set()
        self.closing = False
        """This process stops: nobody is let in any more."""

    @property
    def count(self) -> int:
        """How many are open."""
        return len(self._open)

    @property
    def full(self) -> bool:
        """Whether one more is too many."""
        return len(self._open) >= self._most

    def enter(self, connection: Closable) -> None:
        """A connection begins."""
        self._open.add(connection)
        self._let_in.inc()
        self._now_open.set(len(self._open))
        self._empty.clear()

    def leave(self, connection: Closable) -> None:
        """A connection has ended."""
        self._open.discard(connection)
        self._now_open.set(len(self._open))
        if not self._open:
            self._empty.set()

    async def close_all(self, code: int, reason: str, patience_s: float) -> None:
        """End every connection; returns when they have ended, or when patience runs out."""
        self.closing = True
        for connection in list(self._open):
            connection.close(code, reason)
        try:
            async with asyncio.timeout(patience_s):
                await self._empty.wait()
        except TimeoutError:
            return
