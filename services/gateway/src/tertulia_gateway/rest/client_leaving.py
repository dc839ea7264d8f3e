"""Cancels work for a client that closes its connection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Mapping
from typing import Any, TypeVar

from fastapi import Request
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

T = TypeVar("T")
CLIENT_CLOSED_REQUEST = 499
"""Not a standard status. It is only logged: its client is gone."""


async def unless_client_leaves(request: Request, work: Coroutine[Any, Any, T]) -> T | None:
    """Wait for the work. If the client closes its connection, cancel the work and return None."""
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_closed(request))
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        working.cancel()
        leaving.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)


async def _closed(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


class StreamUntilClientLeaves(StreamingResponse):
    """Streams an async generator. It closes the generator at the end, and when the client leaves.

    Starlette's own response cancels the generator again and again until it has ended, so that the generator could not
    wait for Redis to clean up.
    """

    def __init__(self, content: AsyncGenerator[bytes, None], media_type: str, headers: Mapping[str, str]) -> None:
        super().__init__(content, media_type=media_type, headers=headers)
        self._content = content

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await unless_client_leaves(Request(scope, receive), self.stream_response(send))
        finally:
            await self._content.aclose()
