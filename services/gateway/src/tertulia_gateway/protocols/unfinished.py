"""Bounds the connections that are no open WebSocket, so that half requests cannot use up the file descriptors."""

from __future__ import annotations

from typing import Protocol


class Evictable(Protocol):
    """A connection that can be given up."""

    def is_waiting(self) -> bool:
        """Whether it waits for its client, and no answer to it is being made."""
        ...

    def evict(self) -> None:
        """Abort it."""
        ...


class UnfinishedConnections:
    """At most `most` connections at once. One too many evicts the oldest that waits for its client.

    An honest request is complete within milliseconds, so a flood of half requests evicts its own.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._all: dict[Evictable, None] = {}  # in the order in which they came

    def __len__(self) -> int:
        return len(self._all)

    def enter(self, connection: Evictable) -> None:
        """A connection begins, or has been told that it ends."""
        self._all[connection] = None
        if len(self._all) > self._most:
            oldest = next((each for each in self._all if each.is_waiting()), connection)
            self.leave(oldest)
            oldest.evict()

    def leave(self, connection: Evictable) -> None:
        """It is closed, or an open WebSocket now."""
        self._all.pop(connection, None)
