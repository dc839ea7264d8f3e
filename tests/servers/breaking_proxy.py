"""A TCP proxy in front of a server; a test breaks its connections or refuses requests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

CHUNK_BYTES = 1 << 16


class BreakingProxy:
    """Forwards bytes both ways. A connection that requests the path in `refused` is aborted at once."""

    def __init__(self, host: str, port: int) -> None:
        self._upstream = (host, port)
        self._open: set[asyncio.StreamWriter] = set()
        self.refused: str | None = None
        self.refusals = 0

    @asynccontextmanager
    async def listening(self) -> AsyncGenerator[str]:
        """Listen; yields the address of the proxy."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        try:
            yield "http://{}:{}".format(*server.sockets[0].getsockname())
        finally:
            server.close()
            self.cut()

    def cut(self) -> None:
        """Abort all open connections; later connections are forwarded."""
        for writer in list(self._open):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream_reader, upstream_writer = await asyncio.open_connection(*self._upstream)
        ends = {writer, upstream_writer}
        self._open |= ends
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._forward_requests(reader, upstream_writer))
                both.create_task(self._forward_responses(upstream_reader, writer))
        except* OSError:
            pass  # the client or the server has closed its connection
        finally:
            self._open -= ends
            for end in ends:
                end.transport.abort()

    async def _forward_requests(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(CHUNK_BYTES):
            # A browser writes the head of a request in one piece, on a connection that is otherwise idle.
            if self.refused and data.startswith(f"GET {self.refused}".encode()):
                self.refusals += 1
                break
            writer.write(data)
            await writer.drain()
        raise ConnectionResetError

    async def _forward_responses(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(CHUNK_BYTES):
            writer.write(data)
            await writer.drain()
        raise ConnectionResetError
