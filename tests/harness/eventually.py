"""Waiting for what happens in other processes, where nothing can be awaited but the next look."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

PATIENCE_S = 45.0
"""How long what must come may take. No test is right because of this number; it ends one that is wrong."""
POLL_S = 0.01
T = TypeVar("T")


async def eventually(look: Callable[[], T | None], what: str) -> T:
    """What `look` finds, as soon as it finds something."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not (found := look()):  # noqa: ASYNC110 - see the module
                await asyncio.sleep(POLL_S)
            return found
    except TimeoutError:
        raise AssertionError(f"{what}: it never happened") from None
