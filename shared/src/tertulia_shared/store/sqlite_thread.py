"""One thread that owns one SQLite connection and runs calls on it in batches.

Calls made while a batch is running become the next batch; the first call on an idle thread waits for the rest of the
event loop's current round, so calls made together share a batch. A batch costs one thread switch each way, and one
commit on the thread that writes.

Everything but `_serve` runs on the event loop's thread, so nothing here needs a lock.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import Any, Final, TypeAlias, TypeVar

from tertulia_shared.store.errors import StoreUnavailable

T = TypeVar("T")
Call: TypeAlias = Callable[[sqlite3.Connection], T]
Outcome: TypeAlias = "tuple[Any, None] | tuple[None, BaseException]"
"""The result of a call: its value, or its exception."""
RunBatch: TypeAlias = Callable[[sqlite3.Connection, Sequence[Call[Any]]], list[Outcome]]
"""Runs a batch and returns one outcome per call, in order."""

_Pending: TypeAlias = "tuple[Call[Any], asyncio.Future[Any]]"


class SQLiteThread:
    """A thread, its connection, and its queue of calls.

    `is_there` checks before each batch that the connection's file is still at its path; if not, the thread reconnects.

    `max_pending` bounds the calls that wait (more raise `StoreUnavailable`), `max_batch` the calls that share a batch.
    """

    def __init__(
        self,
        name: str,
        *,
        connect: Callable[[], sqlite3.Connection],
        run_batch: RunBatch,
        max_pending: int,
        max_batch: int,
        is_there: Callable[[], bool] = lambda: True,
    ) -> None:
        self._name: Final = name
        self._connect: Final = connect
        self._run_batch: Final = run_batch
        self._max_pending: Final = max_pending
        self._max_batch: Final = max_batch
        self._is_there: Final = is_there
        self._pending: deque[_Pending] = deque()
        self._inbox: SimpleQueue[list[_Pending] | None] = SimpleQueue()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopped: asyncio.Future[None] | None = None
        self._busy = False
        self._started = False
        self._closing = False

    @property
    def is_open(self) -> bool:
        """True while calls are accepted: from the end of `start` to `close`."""
        return self._started and not self._closing

    async def start(self) -> None:
        """Start the thread and wait for its connection. Raises the errors of `connect`."""
        self._loop = asyncio.get_running_loop()
        self._stopped = self._loop.create_future()
        started: asyncio.Future[None] = self._loop.create_future()
        # a daemon, so that a process that ends without close() does not hang
        threading.Thread(target=self._serve, args=(started,), name=self._name, daemon=True).start()
        await asyncio.shield(started)
        self._started = True

    def submit(self, call: Call[T]) -> asyncio.Future[T]:
        """Queue a call; the future has its result once its batch is done (for writes: committed).

        Raises:
            StoreUnavailable: the thread is closed, or `max_pending` calls are waiting already.
        """
        if self._loop is None or not self.is_open:
            raise StoreUnavailable("The store is not open: call open() first, and nothing after close().")
        if len(self._pending) >= self._max_pending:
            raise StoreUnavailable(f"{self._max_pending} calls are waiting for the database: it does not keep up.")
        future: asyncio.Future[T] = self._loop.create_future()
        self._pending.append((call, future))
        if not self._busy:
            self._busy = True
            self._loop.call_soon(self._hand_over)
        return future

    async def close(self) -> None:
        """Run the queued calls, close the connection and end the thread."""
        if self._stopped is None:
            return
        if not self._closing:
            self._closing = True
            if not self._busy:
                self._inbox.put(None)
        await asyncio.shield(self._stopped)

    def _hand_over(self) -> None:
        if self._pending:
            size = min(len(self._pending), self._max_batch)
            self._inbox.put([self._pending.popleft() for _ in range(size)])
            return
        self._busy = False
        if self._closing:
            self._inbox.put(None)

    def _deliver(self, batch: list[_Pending], outcomes: list[Outcome]) -> None:
        for (_, future), (result, error) in zip(batch, outcomes, strict=True):
            if future.done():  # the caller was cancelled
                continue
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)
        self._hand_over()

    def _serve(self, started: asyncio.Future[None]) -> None:
        """The thread's code. It ends on a None in the inbox, or when its event loop is closed."""
        loop, stopped = self._loop, self._stopped
        if loop is None or stopped is None:
            raise RuntimeError("start() must be called first")
        try:
            connection = self._connect()
        except BaseException as error:  # noqa: BLE001  (handed to the caller of start())
            _post(loop, _settle, stopped, None)
            _post(loop, _settle, started, error)
            return
        _post(loop, _settle, started, None)
        try:
            while (batch := self._inbox.get()) is not None:
                try:
                    if not self._is_there():
                        connection.close()
                        connection = self._connect()
                    outcomes = self._outcomes(connection, batch)
                except Exception as error:  # noqa: BLE001  (for the callers; the next batch tries again)
                    outcomes: list[Outcome] = [(None, _away(error))] * len(batch)
                if not _post(loop, self._deliver, batch, outcomes):
                    return
        finally:
            connection.close()
            _post(loop, _settle, stopped, None)

    def _outcomes(self, connection: sqlite3.Connection, batch: list[_Pending]) -> list[Outcome]:
        try:
            return self._run_batch(connection, [call for call, _ in batch])
        except BaseException as error:  # noqa: BLE001  (for the callers; the thread continues with the next batch)
            return [(None, error)] * len(batch)


def _away(error: Exception) -> StoreUnavailable:
    return StoreUnavailable(f"The database file is gone and cannot be created again: {error}")


def _settle(future: asyncio.Future[None], error: BaseException | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(None)
    else:
        future.set_exception(error)


def _post(loop: asyncio.AbstractEventLoop, callback: Callable[..., object], *args: object) -> bool:
    """Run `callback` on the loop; False if the loop is closed."""
    try:
        loop.call_soon_threadsafe(callback, *args)
    except RuntimeError:
        return False
    return True
