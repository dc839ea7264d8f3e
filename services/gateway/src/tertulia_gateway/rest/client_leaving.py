"""Cancels work for a client that closes its connection."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from fastapi import Request

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
