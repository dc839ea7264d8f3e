"""Parses received bytes in slices, round-robin over the connections, and yields to the event loop in between.

One read of a socket returns up to 256 KiB: 40,000 WebSocket frames of 6 bytes, which take half a second to parse.
Parsed at once, they would delay every other connection of the process.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from typing import Protocol

SLICE_BYTES = 1024
ROUND_S = 0.005
"""How long, in seconds, slices are parsed before the event loop runs other callbacks."""

log = logging.getLogger(__name__)


class Parsed(Protocol):
    """A connection whose received bytes are parsed in slices."""

    def parse_slice(self) -> bool:
        """Parse at most `SLICE_BYTES`. Returns whether more can be parsed now."""
        ...

    def evict(self) -> None:
        """Abort the connection."""
        ...


def take_slice(received: bytearray) -> bytes:
    """Remove the next slice from the received bytes."""
    part = bytes(received[:SLICE_BYTES])
    del received[:SLICE_BYTES]
    return part


class FairParsing:
    """The connections of one event loop that have bytes to parse."""

    def __init__(self) -> None:
        self._waiting: deque[Parsed] = deque()
        self._queued: set[Parsed] = set()

    def add(self, connection: Parsed) -> None:
        """Let the connection's bytes be parsed: the first slice at once, unless other connections are waiting."""
        if connection in self._queued:
            return
        if self._waiting:
            self._queue(connection)
        elif _parse(connection):
            self._queue(connection)
            asyncio.get_running_loop().call_soon(self._round)

    def _queue(self, connection: Parsed) -> None:
        self._queued.add(connection)
        self._waiting.append(connection)

    def _round(self) -> None:
        # not `loop.time`: an event loop may return the same time during a whole callback
        until = time.perf_counter() + ROUND_S
        while self._waiting:
            connection = self._waiting[0]
            more = _parse(connection)
            self._waiting.popleft()  # remove it only after parsing: until then, `add` sees that parsing is in progress
            if more:
                self._waiting.append(connection)
            else:
                self._queued.discard(connection)
            if time.perf_counter() >= until:
                break
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._round)


def _parse(connection: Parsed) -> bool:
    try:
        return connection.parse_slice()
    except Exception:
        # an error in a parser must end only this connection
        log.exception("a parser failed on the bytes of a client")
        connection.evict()
        return False
