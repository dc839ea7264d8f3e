"""Commands and replies of one connection to a scripted server."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
import uvloop

from tertulia_shared.bus.exchange import Exchange
from tertulia_shared.bus.replies import ConnectionLost, ScriptMissing


class Server:
    """Reads commands, and sends what the test says."""

    def __init__(self) -> None:
        self.received = b""
        self.writer: asyncio.StreamWriter | None = None
        self._arrived = asyncio.Event()
        self.ended = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        with contextlib.suppress(OSError):  # the test aborts the connection
            while data := await reader.read(65_536):
                self.received += data
                self._arrived.set()
        writer.close()
        self.ended.set()

    async def until_received(self, part: bytes) -> None:
        while part not in self.received:
            self._arrived.clear()
            await self._arrived.wait()

    async def reply(self, data: bytes) -> None:
        assert self.writer is not None
        self.writer.write(data)
        await self.writer.drain()

    def close(self) -> None:
        assert self.writer is not None
        self.writer.close()


def test_commands_are_sent_before_callbacks_that_are_due() -> None:
    async def send() -> bytes:
        ours, theirs = socket.socketpair()
        with theirs:
            theirs.setblocking(False)  # noqa: FBT003 - that of the standard library
            _, exchange = await asyncio.get_running_loop().create_connection(Exchange, sock=ours)
            replies = exchange.send([("PING",)], None)
            sent = theirs.recv(100)  # the event loop has not run since
            theirs.send(b"+PONG\r\n")
            assert await replies == [b"PONG"]
            exchange.lose(ConnectionLost("the test is over"))
            return sent

    assert uvloop.run(send()) == b"*1\r\n$4\r\nPING\r\n"


@asynccontextmanager
async def connected() -> AsyncGenerator[tuple[Server, Exchange]]:
    server = Server()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    _, exchange = await asyncio.get_running_loop().create_connection(Exchange, "127.0.0.1", port)
    try:
        yield server, exchange
    finally:
        exchange.lose(ConnectionLost("the test is over"))
        await server.ended.wait()
        listening.close()


async def test_replies_come_in_the_order_of_the_commands() -> None:
    async with connected() as (server, exchange):
        first = exchange.send([("GET", "a"), ("GET", "b")], 5)
        second = exchange.send([("GET", "c")], 5)
        await server.until_received(b"$1\r\nc\r\n")
        await server.reply(b"$1\r\n1\r\n$-1\r\n:3\r\n")
        assert await first == [b"1", None]
        assert await second == [3]


async def test_reply_may_arrive_in_pieces() -> None:
    async with connected() as (server, exchange):
        reply = exchange.send([("GET", "a")], 5)
        await server.until_received(b"GET")
        for piece in (b"$5\r\nhe", b"llo", b"\r\n"):
            await server.reply(piece)
        assert await reply == [b"hello"]


async def test_error_reply_is_an_exception_in_its_place() -> None:
    async with connected() as (server, exchange):
        reply = exchange.send([("EVALSHA", "x", 0), ("GET", "a")], 5)
        await server.until_received(b"GET")
        await server.reply(b"-NOSCRIPT No matching script\r\n+OK\r\n")
        error, ok = await reply
        assert isinstance(error, ScriptMissing)
        assert ok == b"OK"


async def test_reply_to_a_cancelled_caller_is_dropped() -> None:
    async with connected() as (server, exchange):
        first = exchange.send([("GET", "a")], 5)
        second = exchange.send([("GET", "b")], 5)
        first.cancel()
        await server.until_received(b"$1\r\nb\r\n")
        await server.reply(b"+1\r\n+2\r\n")
        assert await second == [b"2"]


async def test_every_caller_is_told_when_the_server_closes_the_connection() -> None:
    async with connected() as (server, exchange):
        replies = [exchange.send([("GET", "a")], 5), exchange.send([("GET", "b")], 5)]
        await server.until_received(b"$1\r\nb\r\n")
        server.close()
        for reply in replies:
            with pytest.raises(ConnectionLost, match="closed by server"):
                await reply
        assert exchange.is_lost
        with pytest.raises(ConnectionLost, match="closed by server"):
            exchange.send([("GET", "c")], 5)


async def test_late_reply_makes_the_connection_unusable() -> None:
    async with connected() as (_, exchange):
        reply = exchange.send([("GET", "a")], 0.01)
        with pytest.raises(TimeoutError):
            await reply
        assert exchange.is_lost


async def test_redis_that_loads_its_data_makes_the_connection_unusable() -> None:
    async with connected() as (server, exchange):
        reply = exchange.send([("GET", "a")], 5)
        await server.until_received(b"GET")
        await server.reply(b"-LOADING Redis is loading the dataset in memory\r\n")
        with pytest.raises(ConnectionLost, match="loading the dataset"):
            await reply
        assert exchange.is_lost


async def test_values_of_any_size_and_type_are_sent() -> None:
    async with connected() as (server, exchange):
        exchange.send([("XADD", "k", b"\x00" * 40_000, 7, 1.5, "ü")], 5)
        await server.until_received("ü".encode() + b"\r\n")
        assert server.received.startswith(b"*6\r\n$4\r\nXADD\r\n$1\r\nk\r\n$40000\r\n")
