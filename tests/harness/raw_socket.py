"""A client that writes arbitrary bytes and RFC 6455 frames to a socket, and reads only if asked."""

from __future__ import annotations

import asyncio
import base64
import os
import struct
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from tests.harness.eventually import PATIENCE_S

TEXT, BINARY, CONTINUATION, CLOSE, PING, PONG = 1, 2, 0, 8, 9, 10
MASK = b"\x01\x02\x03\x04"


def frame(opcode: int, data: bytes = b"", *, fin: bool = True, masked: bool = True, rsv: int = 0) -> bytes:
    """One frame as a client sends it."""
    first = (0x80 if fin else 0) | rsv << 4 | opcode
    bit = 0x80 if masked else 0
    if len(data) < 126:
        head = struct.pack("!BB", first, bit | len(data))
    elif len(data) < 65536:
        head = struct.pack("!BBH", first, bit | 126, len(data))
    else:
        head = struct.pack("!BBQ", first, bit | 127, len(data))
    if not masked:
        return head + data
    return head + MASK + bytes(byte ^ MASK[place % 4] for place, byte in enumerate(data))


def upgrade(path: str = "/ws", *, host: str = "localhost", **headers: str) -> bytes:
    """The request that makes a connection a WebSocket."""
    key = base64.b64encode(os.urandom(16)).decode()
    more = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return (
        f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n{more}\r\n"
    ).encode()


@dataclass
class RawSocket:
    """A TCP connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    @asynccontextmanager
    async def at(cls, port: int) -> AsyncGenerator[RawSocket]:
        """Connect; the connection is aborted at the end."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            yield cls(reader, writer)
        finally:
            writer.transport.abort()

    @classmethod
    @asynccontextmanager
    async def upgraded(cls, port: int, path: str = "/ws", **headers: str) -> AsyncGenerator[RawSocket]:
        """A WebSocket whose handshake is done."""
        async with cls.at(port) as raw:
            raw.writer.write(upgrade(path, **headers))
            async with asyncio.timeout(PATIENCE_S):
                head = await raw.reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 101"), head
            yield raw

    async def write(self, data: bytes) -> None:
        """Write as much of the data as the server accepts."""
        with suppress(ConnectionError):
            self.writer.write(data)
            await self.writer.drain()

    async def rest(self) -> bytes:
        """All bytes up to the end of the connection."""
        got = b""
        with suppress(ConnectionError):
            async with asyncio.timeout(PATIENCE_S):
                while more := await self.reader.read(65536):
                    got += more
        return got

    async def close_frame(self) -> tuple[int, str]:
        """Code and reason of the close frame that ends the connection."""
        for opcode, data in frames_in(await self.rest()):
            if opcode == CLOSE:
                return struct.unpack("!H", data[:2])[0], data[2:].decode()
        raise AssertionError("the connection ended without a close frame")


def frames_in(got: bytes) -> Iterator[tuple[int, bytes]]:
    """Opcode and data of each whole frame of a server."""
    place = 0
    while place + 2 <= len(got):
        opcode, size = got[place] & 0x0F, got[place + 1]
        place += 2
        if size >= 126:
            width, form = (2, "!H") if size == 126 else (8, "!Q")
            (size,) = struct.unpack_from(form, got, place)
            place += width
        yield opcode, got[place : place + size]
        place += size
