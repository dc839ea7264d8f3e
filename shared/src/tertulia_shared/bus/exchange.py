"""The exchange of commands and replies over one open connection. Replies arrive in the order of the commands.

Commands of several callers may be in flight at once. Replies are parsed as they arrive, without a task, a stream object
or a timer for each call.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Any, cast

from tertulia_shared.bus.replies import INCOMPLETE, UNDECODED, ConnectionLost, pack, reply_reader
from tertulia_shared.bus.scripts.script import Command

JOINED_BYTES = 16_384
"""Commands of up to this size are joined to one write; a longer command is passed on without a copy."""


class _Batch:
    """Commands of one caller, and their replies so far."""

    __slots__ = ("count", "deadline", "replies", "result")

    def __init__(self, count: int, deadline: float | None, result: asyncio.Future[list[Any]]) -> None:
        self.count = count
        self.deadline = deadline
        self.replies: list[Any] = []
        self.result = result


class Exchange(asyncio.Protocol):
    """The protocol of an open connection."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._reader = reply_reader()
        self._batches: deque[_Batch] = deque()
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._lost: Exception | None = None

    @property
    def is_lost(self) -> bool:
        """True once the connection can no longer be used."""
        return self._lost is not None

    @property
    def is_waiting(self) -> bool:
        """True while a reply is missing."""
        return bool(self._batches)

    def send(self, commands: Sequence[Command], timeout_s: float | None) -> asyncio.Future[list[Any]]:
        """Send commands. The future gets their replies; an error reply is an exception in its place.

        The future fails if the connection is lost before the last reply, or if it takes longer than `timeout_s`
        (`TimeoutError`); then the connection is lost for every caller.

        Raises:
            ConnectionLost: the connection is already lost.
        """
        if self._lost is not None or self._transport is None:
            raise ConnectionLost(str(self._lost or "the connection is not open"))
        self._write(self._transport, [pack(tuple(command)) for command in commands])
        deadline = None if timeout_s is None else self._loop.time() + timeout_s
        batch = _Batch(len(commands), deadline, self._loop.create_future())
        if commands:
            self._batches.append(batch)
        else:
            batch.result.set_result([])
        if deadline is not None and self._timer is None:
            self._timer = self._loop.call_at(deadline, self._check_deadlines)
        return batch.result

    def lose(self, error: Exception) -> None:
        """Give the connection up: every caller that waits for a reply gets `error`."""
        if self._lost is not None:
            return
        self._lost = error
        if self._timer is not None:
            self._timer.cancel()
        if self._transport is not None:
            self._transport.abort()
        batches, self._batches = self._batches, deque()
        for batch in batches:
            if not batch.result.done():
                batch.result.set_exception(error)

    # -- called by asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is open."""
        self._transport = cast("asyncio.Transport", transport)
        # uvloop otherwise sends a write only after all callbacks that are due, such as the work for other conversations
        self._transport.set_write_buffer_limits(high=0)

    def data_received(self, data: bytes) -> None:
        """Parse replies, and give them to the callers whose last reply has arrived."""
        reader, batches = self._reader, self._batches
        gets = reader.gets
        try:
            reader.feed(data)
            while batches and (reply := gets(UNDECODED)) is not INCOMPLETE:
                if isinstance(reply, ConnectionLost):  # Redis is loading its data, or refuses the login
                    raise reply
                batch = batches[0]
                batch.replies.append(reply)
                if len(batch.replies) == batch.count:
                    batches.popleft()
                    if not batch.result.done():  # else its caller was cancelled
                        batch.result.set_result(batch.replies)
        except ConnectionLost as error:
            self.lose(error)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is closed."""
        self.lose(exc or ConnectionLost("Connection closed by server."))

    # -- internals

    def _write(self, transport: asyncio.Transport, packed: list[bytes]) -> None:
        if len(packed) == 1:
            transport.write(packed[0])
        elif sum(map(len, packed)) <= JOINED_BYTES:
            transport.write(b"".join(packed))
        else:
            transport.writelines(packed)

    def _check_deadlines(self) -> None:
        """Runs at the deadline of some batch. A timer per call would cost more than the call's other parts."""
        self._timer = None
        deadlines = [batch.deadline for batch in self._batches if batch.deadline is not None]
        if not deadlines:
            return
        first = min(deadlines)
        if first <= self._loop.time():
            self.lose(TimeoutError())
        else:
            self._timer = self._loop.call_at(first, self._check_deadlines)
