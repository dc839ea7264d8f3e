"""Polls Redis for the waiting and pending work of all stages, and for problems, and sets the metrics. So a scrape of
the metrics does not query Redis. All gateways report the same numbers, so combine them with `max`, not with a sum.
"""

from __future__ import annotations

import asyncio
import logging

from tertulia_gateway.monitoring.health import HealthCheck
from tertulia_gateway.monitoring.writes_probe import PATIENCE_S
from tertulia_shared.bus import Bus, BusError
from tertulia_shared.keys import STAGES
from tertulia_shared.metrics import Metrics, catalogue
from tertulia_shared.metrics.heartbeat import Heartbeat
from tertulia_shared.problems import CODES
from tertulia_shared.ticks import until_multiple

POLL_S = 2.0
"""Seconds between two polls."""
POLLED = (
    catalogue.WORK_WAITING,
    catalogue.WORK_HELD,
    catalogue.WORK_HANDED_BACK,
    catalogue.WORK_OLDEST_WAITING,
    catalogue.WORK_OLDEST_HELD,
    catalogue.WORKERS,
    catalogue.OUTBOX_ENTRIES,
    catalogue.DEAD_ENTRIES,
)
"""The metrics that this monitor sets. They have no value while Redis is unavailable."""

log = logging.getLogger(__name__)


class BacklogMonitor:
    """Polls the waiting work, and `health`."""

    def __init__(self, bus: Bus, metrics: Metrics, health: HealthCheck) -> None:
        self._bus = bus
        self._metrics = metrics
        self._health = health
        self._heartbeat = Heartbeat(metrics)
        self._redis_up = metrics.of(catalogue.REDIS_UP)
        self._is_warned = False

    async def run(self) -> None:
        """Poll until cancelled."""
        while True:
            is_up = await self._is_up()
            self._redis_up.set(is_up)
            if not (is_up and await self._try_poll()):
                for family in POLLED:
                    self._metrics.forget(family)
            await self._set_problems()
            await self._heartbeat.rest(until_multiple(asyncio.get_running_loop().time(), POLL_S))

    async def _set_problems(self) -> None:
        present = {problem.code for problem in (await self._health.now()).problems}
        for code in CODES:
            self._metrics.of(catalogue.PROBLEM, code).set(code in present)

    async def _is_up(self) -> bool:
        try:
            await self._heartbeat.beat(self._ping())
        except (BusError, TimeoutError):
            return False
        except Exception:  # noqa: BLE001 - a poll must not end the gateway
            self._warn_once("Redis gave an answer that cannot be decoded", exc_info=True)
            return False
        return True

    async def _ping(self) -> None:
        # the timeout is inside the heartbeat, so that the heartbeat counts a timeout as a failure
        async with asyncio.timeout(PATIENCE_S):
            await self._bus.ping()

    async def _try_poll(self) -> bool:
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._poll()
        except (BusError, TimeoutError) as error:  # Redis has become unavailable, or this Redis user lacks a permission
            self._warn_once(f"the backlog in Redis cannot be polled: {str(error) or 'no answer in time'}")
            return False
        except Exception:  # noqa: BLE001 - a worker's writes must not end the gateway
            self._warn_once("the backlog in Redis cannot be decoded", exc_info=True)
            return False
        self._is_warned = False
        return True

    def _warn_once(self, message: str, *, exc_info: bool = False) -> None:
        if not self._is_warned:
            log.warning(message, exc_info=exc_info)
        self._is_warned = True

    async def _poll(self) -> None:
        of, bus, keys = self._metrics.of, self._bus, self._bus.keys
        streams = keys.store(), keys.held_back(), keys.dead()
        alive, backlogs, (waiting, held_back, dead) = await asyncio.gather(  # together: one round trip
            bus.alive(self._health.alive_s),
            asyncio.gather(*(bus.backlog(stage) for stage in STAGES)),
            asyncio.gather(*(bus.length(stream) for stream in streams)),
        )
        workers = [member.partition(":")[0] for member in alive]
        for stage, backlog in zip(STAGES, backlogs, strict=True):
            of(catalogue.WORK_WAITING, stage).set(backlog.waiting)
            of(catalogue.WORK_HELD, stage).set(backlog.held)
            of(catalogue.WORK_HANDED_BACK, stage).set(backlog.handed_back)
            of(catalogue.WORK_OLDEST_WAITING, stage).set(backlog.oldest_waiting_s)
            of(catalogue.WORK_OLDEST_HELD, stage).set(backlog.oldest_given_out_s)
            of(catalogue.WORKERS, stage).set(workers.count(stage))
        of(catalogue.OUTBOX_ENTRIES).set(waiting + held_back)
        of(catalogue.DEAD_ENTRIES).set(dead)
