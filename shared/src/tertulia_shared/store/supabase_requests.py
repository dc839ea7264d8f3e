"""Runs requests of the postgrest library; its errors become the store's errors."""

from __future__ import annotations

from typing import Any, Protocol

import httpx
from postgrest.exceptions import APIError

from supabase import AsyncClient
from tertulia_shared.store.supabase_errors import translated


class Request(Protocol):
    """The common part of postgrest's builders."""

    async def execute(self) -> Any: ...


def table_of(client: AsyncClient, name: str) -> Any:
    """The table, as `Any`: the library's types of the builders for writing are wrong."""
    return client.table(name)


async def run(request: Request, *, opening: bool = False) -> Any:
    """Run the request and return its data."""
    try:
        return (await request.execute()).data
    except (APIError, httpx.HTTPError) as error:
        raise translated(error, opening=opening) from error


async def count_changed(request: Request) -> int:
    """Run the request and return the number of rows it changed."""
    try:
        return (await request.execute()).count or 0
    except (APIError, httpx.HTTPError) as error:
        raise translated(error) from error
