"""`run_with_timeout` does not wait for an operation that exceeds the time limit, and discards its late result."""

from __future__ import annotations

import asyncio
import queue
import threading

import pytest

from tertulia_stt.engine import EngineUnavailable
from tertulia_stt.engines.realtimestt.recorder import run_with_timeout

PATIENCE_S = 20.0


async def test_run_with_timeout_returns_a_result_within_the_time_limit() -> None:
    assert await run_with_timeout(lambda: 7, PATIENCE_S, what="making seven", discard=lambda _: None) == 7


async def test_run_with_timeout_raises_the_error_of_the_function() -> None:
    def broken() -> int:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await run_with_timeout(broken, PATIENCE_S, what="dividing", discard=lambda _: None)


async def test_run_with_timeout_raises_an_error_and_discards_a_result_after_the_time_limit() -> None:
    release: threading.Event = threading.Event()
    discarded: queue.Queue[str] = queue.Queue()

    def hang() -> str:
        release.wait()
        return "late"

    with pytest.raises(EngineUnavailable, match=r"making it took longer than 0.01 s .*fetch-models"):
        await run_with_timeout(hang, 0.01, what="making it", discard=discarded.put)
    release.set()
    assert await asyncio.to_thread(discarded.get, timeout=PATIENCE_S) == "late"


async def test_run_with_timeout_discards_a_result_after_a_cancellation() -> None:
    release: threading.Event = threading.Event()
    started: queue.Queue[None] = queue.Queue()
    discarded: queue.Queue[str] = queue.Queue()

    def hang() -> str:
        started.put(None)
        release.wait()
        return "unwanted"

    waiting = asyncio.create_task(run_with_timeout(hang, PATIENCE_S, what="making it", discard=discarded.put))
    await asyncio.to_thread(started.get, timeout=PATIENCE_S)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    release.set()
    assert await asyncio.to_thread(discarded.get, timeout=PATIENCE_S) == "unwanted"
