"""Reports when the services are ready, at the start and after each death."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from tertulia_cli.run.readiness import HTTP_OK, gateway_status, live_members, this_host
from tertulia_cli.run.report import Report
from tertulia_cli.run.service import Service
from tertulia_cli.run.system_plan import SystemPlan
from tertulia_shared.bus import Bus, BusError
from tertulia_shared.keys import Stage

ASK_EVERY_S: Final = 0.1
"""Poll interval while a service is not ready; there is no polling once all are."""
SLOW_S: Final = 15.0
"""A service that is not ready after this time is reported, with its log."""


class Watch:
    """Polls the services until all are ready."""

    def __init__(  # noqa: PLR0917 - constructed in one place
        self, plan: SystemPlan, bus: Bus, redis: Service | None, gateway: Service,
        workers: Sequence[tuple[Stage, Service]], report: Report,
    ) -> None:  # fmt: skip
        self._plan = plan
        self._bus = bus
        self._redis = redis
        self._gateway = gateway
        self._workers = workers
        self._report = report
        self._reported_slow: set[str] = set()
        self._reported_address = False

    async def run(self, something_died: asyncio.Event) -> None:
        """Run until cancelled. When everything is ready, polling pauses until `something_died` is set.

        The address is reported as soon as the page is served: the other services may still be loading their models.
        """
        first = True
        while True:
            something_died.clear()
            await self._until_all_ready()
            if first:
                first = False
                self._report.all_ready()
            await something_died.wait()

    async def _until_all_ready(self) -> None:
        clock = asyncio.get_running_loop().time
        since = clock()
        self._reported_slow.clear()
        while not await self._all_ready():
            if clock() - since > SLOW_S:
                self._report_slow()
            await asyncio.sleep(ASK_EVERY_S)

    async def _all_ready(self) -> bool:
        await self._check_redis()
        await self._check_workers()
        status = await gateway_status(self._plan.page.host, self._plan.page.port)
        if status is not None:
            self._up(self._gateway, "")
            self._report_address()
        return status == HTTP_OK and all(service.ready for service in self._all_services)

    async def _check_redis(self) -> None:
        if self._redis is None or self._redis.ready:
            return
        try:
            await self._bus.ping()
        except BusError:
            return
        self._up(self._redis, "")

    async def _check_workers(self) -> None:
        if all(service.ready for _, service in self._workers):
            return
        members, host = await live_members(self._bus), this_host()
        for stage, service in self._workers:
            for member in members:
                if member.stage == stage and member.is_process(service.pid, host):
                    self._up(service, member.engine)

    def _report_address(self) -> None:
        if self._reported_address:
            return
        self._reported_address = True
        page = self._plan.page
        self._report.open(page.url, demo=page.demo, token=page.token, logs=self._plan.logs)

    def _report_slow(self) -> None:
        for service in self._all_services:
            if not service.ready and service.name not in self._reported_slow:
                self._reported_slow.add(service.name)
                self._report.slow(service.name, self._plan.log_of(service.name))

    def _up(self, service: Service, what: str) -> None:
        if service.pid and not service.ready:
            service.came_up()
            self._report.ready(service.name, what)

    @property
    def _all_services(self) -> list[Service]:
        return [
            *([] if self._redis is None else [self._redis]), self._gateway, *(service for _, service in self._workers)
        ]  # fmt: skip
