"""One connection to Redis: send a batch of commands in one write, read their replies in order.

`RedisAddress` connects (URL, TLS, unix socket), an `Exchange` sends and receives.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, NamedTuple

from tertulia_shared.bus.address import RedisAddress
from tertulia_shared.bus.exchange import Exchange
from tertulia_shared.bus.port.errors import BusRefused, BusUnavailable
from tertulia_shared.bus.replies import ConnectionLost, ErrorReply, LoginRefused, NoRight, RedisError, ScriptMissing
from tertulia_shared.bus.scripts.script import Command, Script
from tertulia_shared.tls import NOT_TAKEN, explained, hung_up

REPLY_TIMEOUT_S = 10.0
"""Time limit for a command that does not block; then its connection counts as lost."""
CONNECT_TIMEOUT_S = 5.0
"""Time limit for a new connection, with its TLS handshake."""


class Sent(NamedTuple):
    """Commands that were sent."""

    commands: Sequence[Command]
    exchange: Exchange
    replies: asyncio.Future[list[Any]]
    timeout_s: float | None
    is_new: bool
    """True if the connection was made for them."""


class Link:
    """A connection to Redis that is opened when it is needed, and dropped after any error.

    `is_blocking`: for commands that block, of one caller. If that caller is cancelled, the connection is dropped,
    because the next command would wait behind the one that blocks.
    """

    def __init__(
        self, address: RedisAddress, name: str, scripts: Sequence[Script] = (), *, is_blocking: bool = False
    ) -> None:
        self._address = address
        self._name = name
        self._scripts = scripts
        self._is_blocking = is_blocking
        self._user = address.user or "default"
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
        """Send commands and return the replies in order; an error reply is a `ErrorReply` in its place.

        Raises:
            BusUnavailable: the connection could not be made or was lost; the commands may or may not have run.
            BusRefused: Redis answers and refuses us.
        """
        return await self.replies(await self.send(*commands, timeout_s=timeout_s))

    async def send(self, *commands: Command, timeout_s: float | None = REPLY_TIMEOUT_S) -> Sent:
        """Send commands; `replies` waits for what Redis answers. A caller that sends again meanwhile keeps the order.

        Raises:
            BusUnavailable: the connection could not be made or was lost.
            BusRefused: Redis answers and refuses us.
        """
        exchange = self._exchange
        is_new = exchange is None or exchange.is_lost
        try:
            if exchange is None or exchange.is_lost:
                exchange, is_new = await self._open()
            return Sent(commands, exchange, exchange.send(commands, timeout_s), timeout_s, is_new)
        except (RedisError, OSError, TimeoutError) as error:
            raise self._failed(error, exchange, is_new=is_new) from error

    async def replies(self, sent: Sent) -> list[Any]:
        """The replies to commands. See `call`."""
        exchange = sent.exchange
        try:
            replies = await sent.replies
            if any(isinstance(reply, ErrorReply) for reply in replies):
                replies = await self._after_errors(sent, replies)
        except (RedisError, OSError, TimeoutError) as error:
            raise self._failed(error, exchange, is_new=sent.is_new) from error
        except asyncio.CancelledError:
            if self._is_blocking:
                self._drop(exchange)
            raise
        return replies

    async def close(self) -> None:
        """Close the connection."""
        if self._exchange is not None:
            self._drop(self._exchange)

    async def _open(self) -> tuple[Exchange, bool]:
        """The open connection, and whether this call has made it."""
        async with self._connecting:
            if self._exchange is not None and not self._exchange.is_lost:  # made while this caller waited
                return self._exchange, False
            if self._exchange is not None:
                self._drop(self._exchange)
            try:
                async with asyncio.timeout(CONNECT_TIMEOUT_S):
                    exchange = await self._address.connect(Exchange)
            except TimeoutError:
                raise TimeoutError(f"no connection within {CONNECT_TIMEOUT_S:g} s") from None
            try:
                await self._set_up(exchange)
            except BaseException:
                exchange.lose(ConnectionLost("the connection was not set up"))
                raise
            self._exchange = exchange
            return exchange, True

    async def _set_up(self, exchange: Exchange) -> None:
        setup = [*self._address.login(self._name), ("CLIENT", "ID")]
        setup += [("SCRIPT", "LOAD", script.source) for script in self._scripts]
        replies = self._told(setup, await exchange.send(setup, REPLY_TIMEOUT_S))
        for reply in replies:
            if isinstance(reply, ErrorReply):
                raise reply
        self.client_id = int(replies[len(replies) - len(self._scripts) - 1])

    async def _after_errors(self, sent: Sent, replies: list[Any]) -> list[Any]:
        commands = sent.commands
        # the scripts were flushed (SCRIPT FLUSH): load them, and repeat only the calls that did not run
        lost = [i for i, reply in enumerate(replies) if isinstance(reply, ScriptMissing)]
        if lost:
            loads: list[Command] = [("SCRIPT", "LOAD", script.source) for script in self._scripts]
            again = await sent.exchange.send([*loads, *(commands[i] for i in lost)], sent.timeout_s)
            for i, reply in zip(lost, again[len(loads) :], strict=True):
                replies[i] = reply
        return self._told(commands, replies)

    def _told(self, commands: Sequence[Command], replies: list[Any]) -> list[Any]:
        """The replies, with an explanation in place of a missing right."""
        return [
            self._denied(command, reply) if isinstance(reply, NoRight) else reply
            for command, reply in zip(commands, replies, strict=True)
        ]

    def _denied(self, command: Command, error: NoRight) -> NoRight:
        name = command[0].decode() if isinstance(command[0], bytes) else command[0]
        return NoRight(
            f"its user {self._user!r} lacks the right to do {name} there ({error}); "
            "`tertulia access init` gives each service its rights, under the namespace that it is run with"
        )

    def _failed(self, error: Exception, exchange: Exchange | None, *, is_new: bool) -> BusUnavailable:
        if exchange is not None:
            self._drop(exchange)
        return self._why(error, is_new=is_new)

    def _why(self, error: Exception, *, is_new: bool) -> BusUnavailable:
        is_tls = self._address.tls is not None
        about_tls = explained(error)
        if about_tls is not None:
            return BusRefused(about_tls)
        # in TLS 1.3 the server refuses a certificate after the handshake; its alert may be lost
        if is_new and is_tls and hung_up(error):
            return BusUnavailable(f"Redis closed the connection during the handshake. {NOT_TAKEN}")
        if isinstance(error, NoRight):
            return BusRefused(f"Redis refuses the connection: {error}")
        if isinstance(error, LoginRefused):
            return BusRefused(
                f"Redis refuses the login of the user {self._user!r} ({error}): is it right in TERTULIA_REDIS_URL, "
                "or was it revoked?"
            )
        # a port without TLS reads the handshake as the start of a command, and waits for the rest
        doubt = "; is that its TLS port?" if is_new and is_tls and isinstance(error, TimeoutError) else ""
        return BusUnavailable(f"Redis does not answer: {error}{doubt}")

    def _drop(self, exchange: Exchange) -> None:
        exchange.lose(ConnectionLost("the connection was dropped"))
        if self._exchange is exchange:
            self._exchange = None
