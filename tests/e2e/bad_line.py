"""A TCP proxy between the browser and the gateway that breaks connections on request."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

CHUNK_BYTES = 1 << 16


class BadLine:
    """Forwards bytes in both directions. Aborts connections that request the path `refused`."""

    def __init__(self, host: str, port: int) -> None:
        self._there = (host, port)
        self._open: set[asyncio.StreamWriter] = set()
        self.refused: str | None = None
        self.refusals = 0

    @asynccontextmanager
    async def listening(self) -> AsyncGenerator[str]:
        """Serve; yields the address for the browser."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        try:
            yield "http://{}:{}".format(*server.sockets[0].getsockname())
        finally:
            server.close()
            self.cut()

    def cut(self) -> None:
        """Abort all open connections. Later ones work."""
        for writer in list(self._open):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection(*self._there)
        ends = {writer, there_writer}
        self._open |= ends
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._ask(reader, there_writer))
                both.create_task(self._answer(there_reader, writer))
        except* OSError:
            pass  # one end is gone
        finally:
            self._open -= ends
            for end in ends:
                end.transport.abort()

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(CHUNK_BYTES):
            # A browser writes a request's head in one piece, on an idle connection.
            if self.refused and data.startswith(f"GET {self.refused}".encode()):
                self.refusals += 1
                break
            writer.write(data)
            await writer.drain()
        raise ConnectionResetError

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(CHUNK_BYTES):
            writer.write(data)
            await writer.drain()
        raise ConnectionResetError
