"""The thread that uses the device, and a watchdog for it."""

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
"""How long `close` waits for the running job, in seconds. A thread that hangs keeps running until the process ends."""


class DeviceThread:
    """Runs jobs one after the other. If a job stops calling `beat`, `on_stall` is called once, on the loop.

    It is a daemon thread, so that the process can exit even if the device hangs.
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
        """Tell the watchdog that the job makes progress. Called on the thread."""
        self._last_beat = time.monotonic()

    def submit(self, job: Callable[[], R], *, watched: bool = True) -> asyncio.Future[R]:
        """Queue `job`. Called on the loop. `watched` must be False for jobs that may take minutes, such as loading.

        If the future is cancelled, the job still runs to its end, and its result is dropped.
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
        """Wait until the running job and the thread have ended, unless the thread hangs."""
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
            del job  # drop the references now, not only when the next job comes
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
