"""A process that crashes after a chosen number of writes: its bus and its store, in memory and on virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from tertulia_shared.bus import Owned
from tertulia_shared.bus.outlet import QueueOutlet
from tertulia_shared.keys import Keys
from tertulia_shared.store import Message
from tertulia_shared.testing.memory_bus import MemoryBus
from tertulia_shared.testing.memory_store import MemoryStore, MemoryTables
from tests.harness.virtual_time import now

T = TypeVar("T")
START_MS = 1_767_225_600_000
"""The wall clock of the bus when virtual time is 0."""


class Writes:
    """Counts the writes of a process, and calls an action after a chosen number of them."""

    def __init__(self) -> None:
        self._left: int | None = None
        self._action: Callable[[], None] = lambda: None

    def after(self, count: int, action: Callable[[], None]) -> None:
        """Call `action` once, after `count` more writes have been applied."""
        self._left, self._action = count, action

    def disarm(self) -> None:
        """Cancel the action."""
        self._left = None

    def step(self) -> None:
        """Count one applied write."""
        if self._left is None:
            return
        self._left -= 1
        if self._left <= 0:
            self.act()

    def act(self) -> None:
        """Call the action now."""
        self._left = None
        self._action()


class CountingBus(MemoryBus):
    """A `MemoryBus` that reports each applied write to `writes`; an outlet's writes take `latency_s` to arrive."""

    def __init__(self, keys: Keys, writes: Writes) -> None:
        super().__init__(keys, clock=now, now_ms=lambda: START_MS + round(now() * 1000))
        self._writes = writes
        self.latency_s = 0.0

    def wake(self, outlet: QueueOutlet) -> None:
        if self.latency_s:
            asyncio.get_running_loop().call_later(self.latency_s, super().wake, outlet)
        else:
            super().wake(outlet)

    async def release_turns(
        self, owned: Owned, conversation_id: str, cursor: str, *, cut: int = 0, waiting: int = 1
    ) -> Owned | None:
        kept = await super().release_turns(owned, conversation_id, cursor, cut=cut, waiting=waiting)
        self._writes.step()
        return kept

    async def crash_after(
        self, writes: int, job: Coroutine[Any, Any, None], *, on_crash: Callable[[], None] = lambda: None
    ) -> bool:
        """Run a job in a process that crashes after `writes` writes. False if the job ended before."""
        crashed = asyncio.Event()

        def crash() -> None:
            self.break_connection()
            on_crash()
            crashed.set()

        self._writes.after(writes, crash)
        tasks = (asyncio.create_task(job), asyncio.create_task(crashed.wait()))
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        self._writes.disarm()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.restore_connection()
        return crashed.is_set()

    def _in_turn(self, work: Callable[[], T]) -> asyncio.Future[T]:
        def counted() -> T:
            result = work()
            self._writes.step()
            return result

        return super()._in_turn(counted)

    def _settle(self, outlet: QueueOutlet) -> None:
        super()._settle(outlet)
        self._writes.step()


class CountingStore(MemoryStore):
    """A `MemoryStore` that takes `delay_s` to save messages, and reports each save and each deletion to `writes`."""

    def __init__(self, tables: MemoryTables, writes: Writes) -> None:
        super().__init__(tables)
        self._writes = writes
        self.delay_s = 0.0
        self.calls = 0
        """The number of calls that save or delete messages."""

    async def save_messages(self, messages: Sequence[Message]) -> None:
        if self.delay_s:
            await asyncio.sleep(self.delay_s)
        self.calls += 1
        await super().save_messages(messages)
        self._writes.step()

    async def delete_messages(self, conversation_id: str, turn_id: str, positions: range) -> None:
        self.calls += 1
        await super().delete_messages(conversation_id, turn_id, positions)
        self._writes.step()
