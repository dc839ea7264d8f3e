"""Starts the services and stops them: Redis is the first to come and the last to go, the gateway the first to go.

redis ─────────────────────────────────────────────┐
   └─ gateway, stt, llm, tts ──────────────┐       │      each a task that keeps one process alive
          └─ watching them come up ──┐     │       │
                                   stop → SIGTERM → SIGTERM
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from contextlib import AsyncExitStack
from typing import Final, TypeVar

from tertulia_cli.run.report import Report
from tertulia_cli.run.restarts import Restart
from tertulia_cli.run.service import Lost, Service
from tertulia_cli.run.watch import Watch
from tertulia_cli.settings import RunSettings
from tertulia_shared.bus import Bus, BusUnavailable
from tertulia_shared.bus.redis_bus import open_bus
from tertulia_shared.keys import Keys, Stage

PING_EVERY_S: Final = 0.02
"""While our own Redis comes up, which takes as long as a few of these."""

T = TypeVar("T")


class Supervisor:
    """One use: make it, hand its `restarting` to the services, run them."""

    def __init__(self, settings: RunSettings, redis_url: str, report: Report) -> None:
        self._settings = settings
        self._redis_url = redis_url
        self._report = report
        self._redis: Service | None = None
        self._services: list[Service] = []
        self._stop = asyncio.Event()
        self._something_died = asyncio.Event()
        self._lost: Lost | None = None

    def asked_to_stop(self) -> None:
        """A signal came: the first stops, the second kills."""
        if not self._stop.is_set():
            self._report.stopping()
            self._stop.set()
            return
        self._report.killing()
        for service in filter(None, (*self._services, self._redis)):
            service.kill()

    def restarting(self, name: str, restart: Restart) -> None:
        """A service has died and will be started again."""
        self._report.restarting(name, restart)
        self._something_died.set()

    async def run(
        self, *, redis: Service | None, gateway: Service, workers: Sequence[tuple[Stage, Service]]
    ) -> Lost | None:
        """Until asked to stop (None), or until a service is given up."""
        self._redis = redis
        self._services = [gateway, *(service for _, service in workers)]
        async with asyncio.TaskGroup() as tasks:
            if redis is not None:
                tasks.create_task(self._keep(redis))
            async with AsyncExitStack() as stack:
                bus = await self._unless_stopped(self._redis_up(stack))
                if bus is not None:
                    await self._serve(Watch(self._settings, bus, redis, gateway, workers, self._report))
            if redis is not None:
                redis.stop()
        return self._lost

    async def _serve(self, watch: Watch) -> None:
        async with asyncio.TaskGroup() as tasks:
            for service in self._services:
                tasks.create_task(self._keep(service))
            watching = tasks.create_task(watch.run(self._something_died))
            await self._stop.wait()
            watching.cancel()
            for service in self._services:
                service.stop()

    async def _keep(self, service: Service) -> None:
        lost = await service.run()
        if lost is not None:
            self._lost = self._lost or lost
            self._stop.set()

    async def _redis_up(self, stack: AsyncExitStack) -> Bus:
        keys = Keys(self._settings.namespace)
        while True:
            try:
                bus = await stack.enter_async_context(
                    open_bus(self._redis_url, keys, name="run", tls=self._settings.redis_tls)
                )
            except BusUnavailable:
                await asyncio.sleep(PING_EVERY_S)  # our own server comes up, or dies and says why
            else:
                return bus

    async def _unless_stopped(self, awaitable: Awaitable[T]) -> T | None:
        async with asyncio.TaskGroup() as tasks:
            working = tasks.create_task(_await(awaitable))
            stopping = tasks.create_task(self._stop.wait())
            await asyncio.wait([working, stopping], return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
            if not working.done():
                working.cancel()
                return None
            return await working


async def _await(awaitable: Awaitable[T]) -> T:
    return await awaitable
