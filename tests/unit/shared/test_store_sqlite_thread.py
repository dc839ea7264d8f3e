"""The batching of calls on the SQLite thread. The test decides when each batch runs."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Sequence
from typing import Any

import pytest

from tertulia_shared.store.errors import StoreUnavailable
from tertulia_shared.store.sqlite_thread import Call, Outcome, SQLiteThread


class Gate:
    """Records the sizes of batches; each batch waits until the test releases it."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.threads: set[int] = set()
        self.entered = threading.Semaphore(0)
        self.passes = threading.Semaphore(0)

    def run(self, connection: sqlite3.Connection, calls: Sequence[Call[Any]]) -> list[Outcome]:
        self.sizes.append(len(calls))
        self.threads.add(threading.get_ident())
        self.entered.release()
        self.passes.acquire()
        return [(call(connection), None) for call in calls]


def connect() -> sqlite3.Connection:
    return sqlite3.connect(":memory:")


def thread_through(gate: Gate, *, max_pending: int = 100, max_batch: int = 100) -> SQLiteThread:
    return SQLiteThread("test", connect=connect, run_batch=gate.run, max_pending=max_pending, max_batch=max_batch)


def number(value: int) -> Call[int]:
    return lambda db: db.execute("SELECT ?", (value,)).fetchone()[0]


async def test_sqlite_calls_made_together_run_as_one_batch_on_a_thread() -> None:
    gate = Gate()
    thread = thread_through(gate)
    await thread.start()
    gate.passes.release()
    results = await asyncio.gather(*[thread.submit(number(value)) for value in range(32)])
    assert results == list(range(32))
    assert gate.sizes == [32]
    assert threading.get_ident() not in gate.threads
    await thread.close()


async def test_sqlite_calls_made_during_a_batch_form_the_next_batch() -> None:
    gate = Gate()
    thread = thread_through(gate, max_batch=10)
    await thread.start()
    first = thread.submit(number(0))
    await asyncio.to_thread(gate.entered.acquire)
    later = [thread.submit(number(value)) for value in range(1, 15)]
    gate.passes.release(3)
    assert await asyncio.gather(first, *later) == list(range(15))
    assert gate.sizes == [1, 10, 4]
    await thread.close()


async def test_sqlite_thread_refuses_calls_above_its_bound() -> None:
    gate = Gate()
    thread = thread_through(gate, max_pending=2)
    await thread.start()
    running = thread.submit(number(0))
    await asyncio.to_thread(gate.entered.acquire)
    waiting = [thread.submit(number(1)), thread.submit(number(2))]
    with pytest.raises(StoreUnavailable, match="2 calls are waiting"):
        thread.submit(number(3))
    gate.passes.release(2)
    assert await asyncio.gather(running, *waiting) == [0, 1, 2]
    await thread.close()


async def test_closing_the_sqlite_thread_runs_the_queued_calls_first() -> None:
    gate = Gate()
    thread = thread_through(gate)
    await thread.start()
    running = thread.submit(number(0))
    await asyncio.to_thread(gate.entered.acquire)
    waiting = thread.submit(number(1))
    closing = asyncio.ensure_future(thread.close())
    gate.passes.release(2)
    await closing
    assert (await running, await waiting) == (0, 1)
    with pytest.raises(StoreUnavailable, match="not open"):
        thread.submit(number(2))
    await thread.close()


async def test_failed_batch_fails_its_callers_and_the_next_batch_runs() -> None:
    broken = True

    def run(connection: sqlite3.Connection, calls: Sequence[Call[Any]]) -> list[Outcome]:
        if broken:
            raise RuntimeError("a bug")
        return [(call(connection), None) for call in calls]

    thread = SQLiteThread("test", connect=connect, run_batch=run, max_pending=10, max_batch=10)
    await thread.start()
    outcomes = await asyncio.gather(thread.submit(number(1)), thread.submit(number(2)), return_exceptions=True)
    assert [str(outcome) for outcome in outcomes] == ["a bug", "a bug"]
    broken = False
    assert await thread.submit(number(3)) == 3
    await thread.close()


async def test_start_of_the_sqlite_thread_raises_the_error_of_its_connection() -> None:
    def refuse() -> sqlite3.Connection:
        raise PermissionError("no")

    thread = SQLiteThread("test", connect=refuse, run_batch=Gate().run, max_pending=10, max_batch=10)
    with pytest.raises(PermissionError, match="no"):
        await thread.start()
    await thread.close()
