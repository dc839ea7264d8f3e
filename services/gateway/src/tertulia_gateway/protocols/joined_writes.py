"""Writes of one round of the event loop, joined: a call to the operating system for each frame costs more than it."""

from __future__ import annotations

from asyncio import AbstractEventLoop, WriteTransport
from typing import Final

MAX_JOINED_BYTES: Final = 64 * 1024
"""As many bytes wait for the end of the round. More are written at once, so that the transport pauses its writer."""


class JoinedWrites:
    """Writes to a transport, in order. The first write of a round goes out at once, the later ones together after it.

    Call `flush` before you close the transport, or write to it directly after earlier writes.
    """

    def __init__(self, transport: WriteTransport, loop: AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._has_written = False
        """True if a write of this round has gone out."""
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0

    def write(self, data: bytes) -> None:
        """Write now or at the end of this round."""
        if not self._has_written:
            self._has_written = True
            self._loop.call_soon(self._end_round)
            self._transport.write(data)
            return
        self._waiting.append(data)
        self._waiting_bytes += len(data)
        if self._waiting_bytes > MAX_JOINED_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write what waits. Nothing is written to a transport that closes."""
        waiting, self._waiting, self._waiting_bytes = self._waiting, [], 0
        if waiting and not self._transport.is_closing():
            # not `writelines`: before Python 3.12.9 it never pauses the writer, however much waits for a slow client
            self._transport.write(b"".join(waiting))

    def _end_round(self) -> None:
        self._has_written = False
        self.flush()
