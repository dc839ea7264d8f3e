"""Bounds the calls to a database, and runs calls with a common key one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from tertulia_shared.store.errors import StoreUnavailable


class OrderedCalls:
    """`max_pending` bounds the running and waiting calls."""

    def __init__(self, max_pending: int) -> None:
        self._max_pending: Final = max_pending
        self._pending = 0
        self._idle = asyncio.Event()
        self._queues: dict[str, _Queue] = {}

    @asynccontextmanager
    async def after_earlier_calls(self, *keys: str) -> AsyncGenerator[None]:
        """Enter the block when all earlier calls with one of these keys have ended.

        Raises:
            StoreUnavailable: too many calls are pending.
        """
        if self._pending >= self._max_pending:
            raise StoreUnavailable(f"{self._max_pending} calls are waiting for the database: it does not keep up.")
        self._pending += 1
        try:
            async with AsyncExitStack() as stack:
                for key in sorted(set(keys)):
                    await stack.enter_async_context(self._turn(key))
                yield
        finally:
            self._pending -= 1
            if self._pending == 0:
                self._idle.set()

    async def until_idle(self) -> None:
        """Wait until no call is pending."""
        while self._pending:
            self._idle.clear()
            await self._idle.wait()

    @asynccontextmanager
    async def _turn(self, key: str) -> AsyncGenerator[None]:
        queue = self._queues.setdefault(key, _Queue())
        queue.calls += 1
        try:
            async with queue.lock:
                yield
        finally:
            queue.calls -= 1
            if queue.calls == 0:
                del self._queues[key]


@dataclass(slots=True)
class _Queue:
    """The calls with one key; `asyncio.Lock` grants them in the order of arrival."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    calls: int = 0
