"""Heartbeats: each records the health of the process, the round trip to Redis, and the delay of the event loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable

from tertulia_shared.metrics import catalogue
from tertulia_shared.metrics.registry import Metrics


class Heartbeat:
    """One per process: the caller awaits `beat` and `rest` in turn."""

    def __init__(self, metrics: Metrics) -> None:
        self._health = metrics.health
        self._round_trip = metrics.of(catalogue.REDIS_ROUND_TRIP)
        self._failures = metrics.of(catalogue.REDIS_FAILURES)
        self._delay = metrics.of(catalogue.LOOP_DELAY)

    async def beat(self, call: Awaitable[object]) -> None:
        """Send a heartbeat: one round trip to Redis. Its error is counted and raised.

        A timeout belongs inside `call`: a cancellation from outside is not counted as a failure.
        """
        begun = time.perf_counter()
        try:
            await call
        except Exception:
            self._failures.inc()
            raise
        self._round_trip.observe(time.perf_counter() - begun)
        self._health.beat()

    async def rest(self, seconds: float) -> None:
        """Sleep until the next heartbeat."""
        due = time.perf_counter() + seconds
        await asyncio.sleep(seconds)
        self._delay.observe(max(0.0, time.perf_counter() - due))
