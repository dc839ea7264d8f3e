"""Bounds the connections other than open WebSockets, so that unfinished requests cannot use up file descriptors."""

from __future__ import annotations

from typing import Protocol


class Evictable(Protocol):
    """A connection that can be aborted to make room for another."""

    def is_waiting(self) -> bool:
        """True if the connection waits for its client, not for a response of the application."""
        ...

    def evict(self) -> None:
        """Abort the connection."""
        ...


class UnfinishedConnections:
    """Contains at most `most` connections. When another one is added, the oldest connection that waits for its client
    is evicted.

    A normal request is complete within milliseconds, so a flood of unfinished requests evicts only its own requests.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._all: dict[Evictable, None] = {}  # in order of arrival

    def __len__(self) -> int:
        return len(self._all)

    def enter(self, connection: Evictable) -> None:
        """Add a new connection, or a WebSocket that has begun to close."""
        self._all[connection] = None
        if len(self._all) > self._most:
            oldest = next((each for each in self._all if each.is_waiting()), connection)
            self.leave(oldest)
            oldest.evict()

    def leave(self, connection: Evictable) -> None:
        """Remove a connection that has closed or has become an open WebSocket."""
        self._all.pop(connection, None)
