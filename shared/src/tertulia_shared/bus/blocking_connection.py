"""A connection to Redis for a thread: one command at a time, each waits for its reply."""

from __future__ import annotations

import contextlib
import socket
from typing import Any, Final

import hiredis

from tertulia_shared.bus.address import RedisAddress
from tertulia_shared.bus.replies import (
    INCOMPLETE,
    UNDECODED,
    ConnectionLost,
    ErrorReply,
    RedisError,
    pack,
    reply_reader,
)
from tertulia_shared.bus.scripts.script import Command

READ_BYTES: Final = 65_536


class BlockingConnection:
    """Opens itself at the first call, and again after an error.

    Args:
        address: the Redis.
        name: the connection's name on the server (CLIENT SETNAME).
        timeout_s: time limit for opening the connection, and for each reply.
    """

    def __init__(self, address: RedisAddress, name: str, timeout_s: float) -> None:
        self._address = address
        self._name = name
        self._timeout_s = timeout_s
        self._socket: socket.socket | None = None
        self._reader = reply_reader()

    def call(self, command: Command) -> Any:
        """Send a command and return its reply.

        Raises:
            ErrorReply: Redis refused the command; the connection stays open.
            RedisError: the connection could not be made or was lost. Whether the command ran is unknown.
            OSError: likewise; `TimeoutError` if the reply did not come in time.
        """
        try:
            opened = self._socket
            if opened is None:
                opened, self._reader = self._open()
                self._socket = opened
            return _exchange(opened, self._reader, command)
        except ErrorReply:
            raise
        except (RedisError, OSError):
            self.close()
            raise

    def close(self) -> None:
        """Close the connection; the next call opens it again."""
        opened, self._socket = self._socket, None
        if opened is not None:
            with contextlib.suppress(OSError):
                opened.close()

    def _open(self) -> tuple[socket.socket, hiredis.Reader]:
        opened = self._address.connect_blocking(self._timeout_s)
        reader = reply_reader()
        try:
            for command in self._address.login(self._name):
                _exchange(opened, reader, command)
        except BaseException:
            opened.close()
            raise
        return opened, reader


def _exchange(opened: socket.socket, reader: hiredis.Reader, command: Command) -> Any:
    opened.sendall(pack(tuple(command)))
    while (reply := reader.gets(UNDECODED)) is INCOMPLETE:
        data = opened.recv(READ_BYTES)
        if not data:
            raise ConnectionLost("Connection closed by server.")
        reader.feed(data)
    if isinstance(reply, RedisError):
        raise reply
    return reply
