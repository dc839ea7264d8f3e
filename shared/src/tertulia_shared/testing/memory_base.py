"""The state that the parts of the memory bus share, and simulated faults."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from tertulia_shared.bus.port.errors import BusUnavailable, WritesPaused
from tertulia_shared.bus.port.writing import Append
from tertulia_shared.clock import wall_ms
from tertulia_shared.entries import Work
from tertulia_shared.keys import Key, Keys, Stage
from tertulia_shared.testing.memory_server import MemoryServer

T = TypeVar("T")


class MemoryBase:
    """A server in memory, and a queue of calls: a write waits for the loop's next round, as in the real bus.

    Args:
        keys: the namespace.
        clock: seconds from any beginning, for idle times and presence.
        now_ms: milliseconds since 1970, for the timestamps of entries and the ids that the server chooses.
    """

    def __init__(
        self, keys: Keys, *, clock: Callable[[], float] = time.monotonic, now_ms: Callable[[], int] = wall_ms
    ) -> None:
        self.keys = keys
        self._clock = clock
        self._now_ms = now_ms
        self._server = MemoryServer(keys, now_ms, self._arrived, clock)
        self._beats: dict[str, float] = {}
        self._slots: dict[str, float] = {}
        self._leases: dict[str, tuple[str, float]] = {}
        self._failures: dict[tuple[Stage, str], str] = {}
        self._uncounted: Counter[tuple[Stage, str]] = Counter()
        self._arrivals: dict[str, set[asyncio.Future[None]]] = {}
        self._waiting: list[Callable[[], None]] = []
        self._away = False
        self._paused = ""
        self._probed = float("-inf")
        self.limit_bytes = 0
        """The memory limit that `space` reports; it is not enforced."""

    def break_connection(self) -> None:
        """Simulate a lost connection: calls raise `BusUnavailable`, followers get nothing."""
        self._away = True
        for name in list(self._arrivals):  # a waiting claim must raise
            self._arrived(name)

    def restore_connection(self) -> None:
        """End the simulated loss of the connection; no data is lost."""
        self._away = False
        for name in list(self._arrivals):
            self._arrived(name)

    def pause_writes(self, why: str) -> None:
        """Refuse writes with this error of Redis, such as "OOM …"; reads continue."""
        self._paused = why

    def resume_writes(self) -> None:
        """Accept writes again."""
        self._paused = ""

    async def arrival(self, key: Key) -> None:
        """For followers: wait until the stream may have new entries."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiters = self._arrivals.setdefault(key.name, set())
        waiters.add(waiter)
        try:
            await waiter
        finally:
            waiters.discard(waiter)

    def _in_turn(self, work: Callable[[], T]) -> asyncio.Future[T]:
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()

        def run() -> None:
            if future.cancelled():  # the write was sent before the cancellation, so it still happens
                with suppress(Exception):
                    work()
                return
            try:
                self._check_writes()
                future.set_result(work())
            except Exception as error:  # noqa: BLE001 - for the task that awaits the future
                future.set_exception(error)

        self._schedule(run)
        return future

    def _schedule(self, run: Callable[[], None]) -> None:
        self._waiting.append(run)
        if len(self._waiting) == 1:
            asyncio.get_running_loop().call_soon(self._run_waiting)

    def _run_waiting(self) -> None:
        waiting, self._waiting = self._waiting, []
        for run in waiting:
            run()

    def _post(self, stage: Stage, work: Work, epoch: int) -> None:
        self._server.apply(Append(self.keys.work(stage), work), epoch)

    def _arrived(self, name: str) -> None:
        for waiter in self._arrivals.pop(name, ()):
            if not waiter.done():
                waiter.set_result(None)

    def _clock_ms(self) -> int:
        return round(self._clock() * 1000)

    def _check_writes(self) -> None:
        self._check()
        if self._paused:
            raise WritesPaused(f"Redis refused a write: {self._paused}")

    def _check(self) -> None:
        if self._away:
            raise BusUnavailable("Redis does not answer: the connection was broken on purpose")
