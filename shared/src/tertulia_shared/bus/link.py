"""One connection to Redis: send a batch of commands in one write, read their replies in order.

redis-py connects (URL, TLS, ACL, unix socket); then an `Exchange` uses the transport. This saves the pipeline object
per batch, the pool check-out per command, and redis-py's streams.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Mapping, Sequence
from typing import Any, cast
from urllib.parse import urlsplit

from redis.asyncio import Connection, ConnectionPool, SSLConnection, UnixDomainSocketConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.connection import AbstractConnection
from redis.connection import Connection as BlockingConnection
from redis.connection import SSLConnection as BlockingSSLConnection
from redis.connection import UnixDomainSocketConnection as BlockingUnixConnection
from redis.exceptions import AuthenticationError, NoPermissionError, NoScriptError, RedisError, ResponseError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as TimedOut
from redis.retry import Retry as BlockingRetry

from tertulia_shared.bus.exchange import Exchange
from tertulia_shared.bus.port.errors import BusRefused, BusUnavailable
from tertulia_shared.bus.scripts.script import Command, Script
from tertulia_shared.tls import NOT_TAKEN, Tls, explained, hung_up

REPLY_TIMEOUT_S = 10.0
"""Time limit for a command that does not block; then its connection counts as lost."""
CONNECT_TIMEOUT_S = 5.0
"""Time limit for a new connection, with its TLS handshake."""
KEEPALIVE: Mapping[str, int] = {"TCP_KEEPIDLE": 15, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3}
"""TCP keepalive: idle seconds before the first probe, seconds between probes, and their number. Without it, a router
may drop an idle connection to Redis, and the next write would get no answer."""


class _TlsConnection(SSLConnection):
    """redis-py's connection with our TLS context: its own context also trusts all of the system's authorities."""

    def __init__(self, *, context: ssl.SSLContext, **rest: Any) -> None:
        super().__init__(**rest)  # pyright: ignore[reportUnknownMemberType] - untyped in redis-py
        self.ssl_context.context = context


def make_pool(url: str, tls: Tls | None = None) -> ConnectionPool:
    """A pool that makes connections to `url` (redis://, rediss://, unix://).

    Raises:
        ValueError: the URL or a TLS file cannot be read.
    """
    scheme = urlsplit(url).scheme
    pool = ConnectionPool.from_url(  # pyright: ignore[reportUnknownMemberType] - redis-py leaves kwargs untyped
        url,
        protocol=2,
        retry=Retry(NoBackoff(), 0),
        socket_connect_timeout=CONNECT_TIMEOUT_S,
        # with a timeout redis-py uses wait_for(), which on Python 3.11 may swallow a cancellation (and makes a task)
        socket_timeout=None,
        driver_info=None,  # no CLIENT SETINFO: Redis before 7.2 does not know it, and its ACLs cannot allow it
        **({} if scheme == "unix" else _keepalive()),
    )
    if scheme == "rediss" and tls is not None:
        pool.connection_class = _TlsConnection
        pool.connection_kwargs["context"] = tls.context()
    return pool


class _BlockingTlsConnection(BlockingSSLConnection):
    """The TLS connection of a blocking client in a thread; otherwise like `_TlsConnection`."""

    def __init__(self, *, context: ssl.SSLContext, **rest: Any) -> None:
        super().__init__(**rest)  # pyright: ignore[reportUnknownMemberType] - untyped in redis-py
        self._context = context

    def _wrap_socket_with_ssl(self, sock: socket.socket) -> ssl.SSLSocket:
        return self._context.wrap_socket(sock, server_hostname=str(self.host))


_SAME_IN_A_THREAD: frozenset[str] = frozenset({
    "host", "port", "path", "db", "username", "password", "protocol", "driver_info", "context",
    "socket_keepalive", "socket_keepalive_options",
})  # fmt: skip
"""Pool parameters that a blocking connection also accepts; the rest are asyncio objects."""
_BLOCKING: Mapping[type[Any], type[AbstractConnection]] = {
    UnixDomainSocketConnection: BlockingUnixConnection,
    _TlsConnection: _BlockingTlsConnection,
    SSLConnection: BlockingSSLConnection,
}


def make_blocking(pool: ConnectionPool, name: str, timeout_s: float) -> AbstractConnection:
    """Create a blocking connection for a thread, to the server of the pool. It is not open yet.

    Args:
        pool: what `make_pool` returned.
        name: its name on the server (CLIENT SETNAME).
        timeout_s: time limit for opening the connection, and for each reply.
    """
    shared = {
        key: value
        for key, value in pool.connection_kwargs.items()
        if key in _SAME_IN_A_THREAD or key.startswith("ssl_")
    }
    kwargs: dict[str, Any] = {
        **shared,
        "retry": BlockingRetry(NoBackoff(), 0),
        "socket_timeout": timeout_s,
        "socket_connect_timeout": timeout_s,
        "client_name": name,
    }
    return _BLOCKING.get(pool.connection_class, BlockingConnection)(**kwargs)


def _keepalive() -> dict[str, Any]:
    known = {getattr(socket, name): value for name, value in KEEPALIVE.items() if hasattr(socket, name)}
    return {"socket_keepalive": True, "socket_keepalive_options": known}


class Link:
    """A connection to Redis that is opened when it is needed, and dropped after any error.

    `is_blocking`: for commands that block, of one caller. If that caller is cancelled, the connection is dropped,
    because the next command would wait behind the one that blocks.
    """

    def __init__(
        self, pool: ConnectionPool, name: str, scripts: Sequence[Script] = (), *, is_blocking: bool = False
    ) -> None:
        self._pool = pool
        self._name = name
        self._scripts = scripts
        self._is_blocking = is_blocking
        self._is_tls = issubclass(pool.connection_class, SSLConnection)
        self._user = str(pool.connection_kwargs.get("username") or "default")
        self._connection: Connection | None = None
        self._exchange: Exchange | None = None
        self._connecting = asyncio.Lock()
        self.client_id = 0
        """Redis' id of the current connection, for CLIENT UNBLOCK."""

    @property
    def is_open(self) -> bool:
        """True while there is a connection that neither side has closed."""
        return self._exchange is not None and not self._exchange.is_lost

    @property
    def is_waiting(self) -> bool:
        """True while a reply is missing."""
        return self._exchange is not None and self._exchange.is_waiting

    async def call(self, *commands: Command, timeout_s: float | None = REPLY_TIMEOUT_S) -> list[Any]:
        """Send commands and return the replies in order; an error reply is a `ResponseError` in its place.

        Raises:
            BusUnavailable: the connection could not be made or was lost; the commands may or may not have run.
            BusRefused: Redis answers and refuses us.
        """
        exchange = self._exchange
        is_new = exchange is None or exchange.is_lost
        try:
            if exchange is None or exchange.is_lost:
                exchange, is_new = await self._open()
            replies = await exchange.send(commands, timeout_s)
            if any(isinstance(reply, ResponseError) for reply in replies):
                replies = await self._after_errors(exchange, commands, replies, timeout_s)
        except (RedisError, OSError, TimeoutError) as error:
            if exchange is not None:
                await self._drop(exchange)
            raise self._why(error, is_new=is_new) from error
        except asyncio.CancelledError:
            if self._is_blocking and exchange is not None:
                await self._drop(exchange)
            raise
        return replies

    async def close(self) -> None:
        """Close the connection."""
        if self._exchange is not None:
            await self._drop(self._exchange)

    async def _open(self) -> tuple[Exchange, bool]:
        """The open connection, and whether this call has made it."""
        async with self._connecting:
            if self._exchange is not None and not self._exchange.is_lost:  # made while this caller waited
                return self._exchange, False
            if self._exchange is not None:
                await self._drop(self._exchange)
            self._connection = connection = cast("Connection", self._pool.make_connection())
            try:
                async with asyncio.timeout(REPLY_TIMEOUT_S):
                    await connection.connect()
                exchange = _take_over(connection)
                await self._set_up(exchange)
            except BaseException:
                self._connection = None
                await connection.disconnect(nowait=True)
                raise
            self._exchange = exchange
            return exchange, True

    async def _set_up(self, exchange: Exchange) -> None:
        setup: list[Command] = [("CLIENT", "ID"), ("CLIENT", "SETNAME", self._name)]
        setup += [("SCRIPT", "LOAD", script.source) for script in self._scripts]
        replies = self._told(setup, await exchange.send(setup, REPLY_TIMEOUT_S))
        for reply in replies:
            if isinstance(reply, ResponseError):
                raise reply
        self.client_id = int(replies[0])

    async def _after_errors(
        self, exchange: Exchange, commands: Sequence[Command], replies: list[Any], timeout_s: float | None
    ) -> list[Any]:
        # the scripts were flushed (SCRIPT FLUSH): load them, and repeat only the calls that did not run
        lost = [i for i, reply in enumerate(replies) if isinstance(reply, NoScriptError)]
        if lost:
            loads: list[Command] = [("SCRIPT", "LOAD", script.source) for script in self._scripts]
            again = await exchange.send([*loads, *(commands[i] for i in lost)], timeout_s)
            for i, reply in zip(lost, again[len(loads) :], strict=True):
                replies[i] = reply
        return self._told(commands, replies)

    def _told(self, commands: Sequence[Command], replies: list[Any]) -> list[Any]:
        """The replies, with an explanation in place of a missing right."""
        return [
            self._denied(command, reply) if isinstance(reply, NoPermissionError) else reply
            for command, reply in zip(commands, replies, strict=True)
        ]

    def _denied(self, command: Command, error: NoPermissionError) -> NoPermissionError:
        return NoPermissionError(
            f"its user {self._user!r} lacks the right to do {command[0]!s} there ({error}); "
            "`tertulia access init` gives each service its rights, under the namespace that it is run with"
        )

    def _why(self, error: Exception, *, is_new: bool) -> BusUnavailable:
        about_tls = explained(error)
        if about_tls is not None:
            return BusRefused(about_tls)
        # in TLS 1.3 the server refuses a certificate after the handshake; its alert may be lost
        if is_new and self._is_tls and hung_up(error):
            return BusUnavailable(f"Redis closed the connection during the handshake. {NOT_TAKEN}")
        if isinstance(error, NoPermissionError):
            return BusRefused(f"Redis refuses the connection: {error}")
        if isinstance(error, AuthenticationError):
            return BusRefused(
                f"Redis refuses the login of the user {self._user!r} ({error}): is it right in TERTULIA_REDIS_URL, "
                "or was it revoked?"
            )
        # a port without TLS reads the handshake as the start of a command, and waits for the rest
        doubt = "; is that its TLS port?" if is_new and self._is_tls and isinstance(error, TimedOut) else ""
        return BusUnavailable(f"Redis does not answer: {error}{doubt}")

    async def _drop(self, exchange: Exchange) -> None:
        exchange.lose(RedisConnectionError("the connection was dropped"))
        if self._exchange is exchange:
            connection, self._connection, self._exchange = self._connection, None, None
            if connection is not None:
                await connection.disconnect(nowait=True)


def _take_over(connection: Connection) -> Exchange:
    """Let an `Exchange` use the transport of a connection that redis-py has opened, with its login."""
    transport = cast("Any", connection)._writer.transport  # noqa: SLF001 - redis-py has no public access to it
    exchange = Exchange()
    transport.set_protocol(exchange)
    exchange.connection_made(transport)
    return exchange
