"""Watches the services come up, at the start and after each death, and says so."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from tertulia_cli.run import plan
from tertulia_cli.run.readiness import HTTP_OK, gateway_status, live_members, this_host
from tertulia_cli.run.report import Report
from tertulia_cli.run.service import Service
from tertulia_cli.settings import RunSettings
from tertulia_shared.bus import Bus, BusError
from tertulia_shared.keys import Stage

ASK_EVERY_S: Final = 0.1
"""Between two looks at what is not ready yet; nobody looks once everything is."""
SLOW_S: Final = 15.0
"""After so long without being ready a service's log is pointed at."""


class Watch:
    """See the module's docstring."""

    def __init__(  # noqa: PLR0917 - made in one place
        self, settings: RunSettings, bus: Bus, redis: Service | None, gateway: Service,
        workers: Sequence[tuple[Stage, Service]], report: Report,
    ) -> None:  # fmt: skip
        self._settings = settings
        self._bus = bus
        self._redis = redis
        self._gateway = gateway
        self._workers = workers
        self._report = report
        self._told_slow: set[str] = set()

    async def run(self, something_died: asyncio.Event) -> None:
        """Until cancelled; after everything is ready it sleeps until `something_died`."""
        opened = False
        while True:
            something_died.clear()
            await self._until_everything_works()
            if not opened:
                opened = True
                await self._say_where()
            await something_died.wait()

    async def _until_everything_works(self) -> None:
        clock = asyncio.get_running_loop().time
        since = clock()
        self._told_slow.clear()
        while not await self._everything_works():
            if clock() - since > SLOW_S:
                self._point_at_logs()
            await asyncio.sleep(ASK_EVERY_S)

    async def _everything_works(self) -> bool:
        await self._look_at_redis()
        await self._look_at_workers()
        status = await gateway_status(self._settings.reachable_host, self._settings.port)
        if status is not None:
            self._up(self._gateway, "")
        return status == HTTP_OK and all(service.ready for service in self._everyone)

    async def _look_at_redis(self) -> None:
        if self._redis is None or self._redis.ready:
            return
        try:
            await self._bus.ping()
        except BusError:
            return
        self._up(self._redis, "")

    async def _look_at_workers(self) -> None:
        if all(service.ready for _, service in self._workers):
            return
        members, host = await live_members(self._bus), this_host()
        for stage, service in self._workers:
            for member in members:
                if member.stage == stage and member.is_process(service.pid, host):
                    self._up(service, member.engine)

    async def _say_where(self) -> None:
        demo = any(member.stage == "llm" and member.engine == "demo" for member in await live_members(self._bus))
        url = f"http://{self._settings.reachable_host}:{self._settings.port}"
        token = bool(self._settings.token.get_secret_value())
        self._report.open(url, demo=demo, token=token, logs=plan.log_of(self._settings, "").parent)

    def _point_at_logs(self) -> None:
        for service in self._everyone:
            if not service.ready and service.name not in self._told_slow:
                self._told_slow.add(service.name)
                self._report.slow(service.name, plan.log_of(self._settings, service.name))

    def _up(self, service: Service, what: str) -> None:
        if service.pid and not service.ready:
            service.came_up()
            self._report.ready(service.name, what)

    @property
    def _everyone(self) -> list[Service]:
        return [
            *([] if self._redis is None else [self._redis]), self._gateway, *(service for _, service in self._workers)
        ]  # fmt: skip
