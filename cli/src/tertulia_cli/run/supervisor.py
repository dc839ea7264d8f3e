"""Starts and stops the services. Redis starts first and stops last.

redis ─────────────────────────────────────────────┐
   └─ gateway, stt, llm, tts ──────────────┐       │      each task keeps one process running
          └─ watch until they are up ──┐   │       │
                                     stop → SIGTERM → SIGTERM
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from contextlib import AsyncExitStack
from typing import Final, TypeVar

from tertulia_cli.run.report import Report
from tertulia_cli.run.restarts import Restart
from tertulia_cli.run.service import Service, ServiceFailure
from tertulia_cli.run.system_plan import SystemPlan
from tertulia_cli.run.watch import Watch
from tertulia_shared.bus import Bus, BusUnavailable
from tertulia_shared.bus.redis_bus import open_bus
from tertulia_shared.keys import Stage

PING_EVERY_S: Final = 0.02
"""Poll interval while our own Redis starts; the start takes a few intervals."""

T = TypeVar("T")


class Supervisor:
    """Runs the services once. Each `Service` gets `restarting` as its callback."""

    def __init__(self, plan: SystemPlan, report: Report) -> None:
        self._plan = plan
        self._report = report
        self._redis: Service | None = None
        self._services: list[Service] = []
        self._stop = asyncio.Event()
        self._something_died = asyncio.Event()
        self._failure: ServiceFailure | None = None

    def asked_to_stop(self) -> None:
        """Handle a signal: the first stops the services, the second kills them."""
        if not self._stop.is_set():
            self._report.stopping()
            self._stop.set()
            return
        self._report.killing()
        for service in filter(None, (*self._services, self._redis)):
            service.kill()

    def restarting(self, name: str, restart: Restart) -> None:
        """Report that a service has died and will be restarted."""
        self._report.restarting(name, restart)
        self._something_died.set()

    async def run(
        self, *, redis: Service | None, gateway: Service, workers: Sequence[tuple[Stage, Service]]
    ) -> ServiceFailure | None:
        """Run until a stop is requested (None) or a service is given up."""
        self._redis = redis
        self._services = [gateway, *(service for _, service in workers)]
        async with asyncio.TaskGroup() as tasks:
            if redis is not None:
                tasks.create_task(self._keep(redis))
            async with AsyncExitStack() as stack:
                bus = await self._unless_stopped(self._redis_up(stack))
                if bus is not None:
                    await self._serve(Watch(self._plan, bus, redis, gateway, workers, self._report))
            if redis is not None:
                redis.stop()
        return self._failure

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
        failure = await service.run()
        if failure is not None:
            self._failure = self._failure or failure
            self._stop.set()

    async def _redis_up(self, stack: AsyncExitStack) -> Bus:
        redis = self._plan.redis
        while True:
            try:
                bus = await stack.enter_async_context(open_bus(redis.url, redis.keys, name="run", tls=redis.tls))
            except BusUnavailable:
                await asyncio.sleep(PING_EVERY_S)  # our server is starting, or has died and `run` reports it
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
