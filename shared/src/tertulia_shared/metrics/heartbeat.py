"""Signs of life: each tells that the process is well, what a round trip to Redis takes, and how busy the loop is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable

from tertulia_shared.metrics import catalogue
from tertulia_shared.metrics.registry import Metrics


class Pulse:
    """One per process: whoever gives the signs awaits `beat` and `rest` by turns."""

    def __init__(self, metrics: Metrics) -> None:
        self._health = metrics.health
        self._round_trip = metrics.of(catalogue.REDIS_ROUND_TRIP)
        self._failures = metrics.of(catalogue.REDIS_FAILURES)
        self._delay = metrics.of(catalogue.LOOP_DELAY)

    async def beat(self, sign: Awaitable[object]) -> None:
        """Give a sign: one round trip to Redis. What it raises is counted and comes out.

        A limit to its time belongs into it: a cancellation from outside is not counted.
        """
        begun = time.perf_counter()
        try:
            await sign
        except Exception:
            self._failures.inc()
            raise
        self._round_trip.observe(time.perf_counter() - begun)
        self._health.beat()

    async def rest(self, seconds: float) -> None:
        """Sleep until the next one."""
        due = time.perf_counter() + seconds
        await asyncio.sleep(seconds)
        self._delay.observe(max(0.0, time.perf_counter() - due))
