"""Bounds the connections other than open WebSockets, so that unfinished requests cannot use up file descriptors."""

from __future__ import annotations

from typing import Protocol


class Evictable(Protocol):
    """A connection that can be aborted to make room."""

    def is_waiting(self) -> bool:
        """True if the connection waits for its client, and the application is not making a response."""
        ...

    def evict(self) -> None:
        """Abort the connection."""
        ...


class UnfinishedConnections:
    """Holds at most `most` connections at once. A further one evicts the oldest that waits for its client.

    A normal request is complete within milliseconds, so a flood of unfinished requests evicts only its own requests.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._all: dict[Evictable, None] = {}  # in order of arrival

    def __len__(self) -> int:
        return len(self._all)

    def enter(self, connection: Evictable) -> None:
        """Add a connection that has begun, or a WebSocket that has begun to close."""
        self._all[connection] = None
        if len(self._all) > self._most:
            oldest = next((each for each in self._all if each.is_waiting()), connection)
            self.leave(oldest)
            oldest.evict()

    def leave(self, connection: Evictable) -> None:
        """Remove a connection that has closed, or that is an open WebSocket now."""
        self._all.pop(connection, None)
