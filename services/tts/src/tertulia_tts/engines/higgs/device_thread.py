"""The thread that uses the device, and its watchdog."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import TypeVar

R = TypeVar("R")

CLOSE_PATIENCE_S = 5.0
"""Time limit for the running job when the thread closes. A thread that hangs stays until the process ends."""


class DeviceThread:
    """Runs jobs one after the other. Calls `on_stall` once, on the loop, if a job stops calling `beat`.

    It is a daemon thread: a device that hangs must not keep the process from ending.
    """

    def __init__(self, stall_s: float, on_stall: Callable[[], None]) -> None:
        self._stall_s = stall_s
        self._on_stall = on_stall
        self._loop = asyncio.get_running_loop()
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._last_beat = time.monotonic()
        self._running = 0
        self._stalled = False
        self._watch: asyncio.TimerHandle | None = None
        self._ended = asyncio.Event()
        self._thread = threading.Thread(target=self._work, name="higgs", daemon=True)
        self._thread.start()

    def beat(self) -> None:
        """On the thread: report to the watchdog that the job makes progress."""
        self._last_beat = time.monotonic()

    def submit(self, job: Callable[[], R], *, watched: bool = True) -> asyncio.Future[R]:
        """On the loop: queue `job`. Jobs that may take minutes, such as loading, are not `watched`.

        Cancelling the future does not stop the job; its result is dropped.
        """
        future: asyncio.Future[R] = self._loop.create_future()
        self._running += 1
        if watched and self._watch is None:
            self._last_beat = time.monotonic()
            self._watch = self._loop.call_later(self._stall_s, self._look)

        def run() -> None:
            self.beat()
            try:
                result = job()
            except BaseException as error:  # noqa: BLE001 - the awaiting task gets every error
                self._tell(self._settle, future, None, error)
            else:
                self._tell(self._settle, future, result, None)

        self._jobs.put(run)
        return future

    async def close(self) -> None:
        """Wait for the running job and the thread to end, unless it hangs."""
        self._jobs.put(None)
        if not self._stalled:
            try:
                async with asyncio.timeout(CLOSE_PATIENCE_S):
                    await self._ended.wait()
            except TimeoutError:
                pass
            else:
                self._thread.join()
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
            del job  # frees its references before the next job comes
        self._tell(self._ended.set)

    def _settle(self, future: asyncio.Future[R], result: R, error: BaseException | None) -> None:
        self._running -= 1
        if not self._running and self._watch is not None:
            self._watch.cancel()
            self._watch = None
        if future.cancelled():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)

    def _look(self) -> None:
        quiet_s = time.monotonic() - self._last_beat
        if quiet_s < self._stall_s:
            self._watch = self._loop.call_later(self._stall_s - quiet_s, self._look)
            return
        self._watch = None
        self._stalled = True
        self._on_stall()

    def _tell(self, call: Callable[..., None], *args: object) -> None:
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(call, *args)
