"""Polls for a condition in another process or task, where there is nothing to await."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import TypeVar, cast

PATIENCE_S = 45.0
"""The time that a test waits before it fails. It only ends tests that would hang; no test passes because of it."""
POLL_S = 0.01
T = TypeVar("T")


async def eventually(look: Callable[[], T | Awaitable[T | None] | None], what: str = "what the test waits for") -> T:
    """Call `look`, a function or a coroutine function, until its result is true; returns the result.

    Raises:
        AssertionError: the result was not true within `PATIENCE_S`; the message has `what`.
    """
    try:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                looked = look()
                found = cast("T | None", await looked if inspect.isawaitable(looked) else looked)
                if found:
                    return found
                await asyncio.sleep(POLL_S)
    except TimeoutError:
        raise AssertionError(f"{what}: it never happened") from None
