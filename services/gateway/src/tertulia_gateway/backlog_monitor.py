"""What is open in Redis, looked at by the gateway on a slow timer: for all stages, so that no worker has to.

A scrape then costs Redis nothing, however many ask. Each gateway tells the same: take the `max` of theirs, not the sum.
"""

from __future__ import annotations

import asyncio
import logging

from tertulia_gateway.health import PATIENCE_S
from tertulia_shared.bus import Bus, BusError
from tertulia_shared.keys import STAGES
from tertulia_shared.metrics import Metrics, catalogue
from tertulia_shared.metrics.heartbeat import Heartbeat

LOOK_S = 2.0
"""Between two looks: each is a round trip and one more for each stage and stream."""
SEEN = (
    catalogue.WORK_WAITING, catalogue.WORK_HELD, catalogue.WORK_HANDED_BACK, catalogue.WORK_OLDEST_WAITING,
    catalogue.WORK_OLDEST_HELD, catalogue.WORKERS, catalogue.OUTBOX_ENTRIES, catalogue.DEAD_ENTRIES,
)  # fmt: skip
"""What is not known while Redis is away."""

log = logging.getLogger(__name__)


class Lookout:
    """Looks until cancelled. `alive_s`: silence after which a worker counts as away."""

    def __init__(self, bus: Bus, metrics: Metrics, alive_s: float) -> None:
        self._bus = bus
        self._metrics = metrics
        self._alive_s = alive_s
        self._heartbeat = Heartbeat(metrics)
        self._redis_up = metrics.of(catalogue.REDIS_UP)
        self._is_blind = False

    async def run(self) -> None:
        """Look, and look again."""
        while True:
            is_up = await self._is_up()
            self._redis_up.set(is_up)
            if not (is_up and await self._sees()):
                for family in SEEN:
                    self._metrics.forget(family)
            await self._heartbeat.rest(LOOK_S)

    async def _is_up(self) -> bool:
        try:
            await self._heartbeat.beat(self._ping())
        except (BusError, TimeoutError):
            return False
        except Exception:  # noqa: BLE001 - a look must not end the gateway
            self._tell_once("Redis gave an answer that cannot be read", exc_info=True)
            return False
        return True

    async def _ping(self) -> None:
        # the limit is part of the sign: one from outside would cancel the sign, which counts no failure
        async with asyncio.timeout(PATIENCE_S):
            await self._bus.ping()

    async def _sees(self) -> bool:
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._look()
        except (BusError, TimeoutError) as error:  # it went away, or this user of it may not look
            self._tell_once(f"what is open in Redis cannot be seen: {str(error) or 'no answer in time'}")
            return False
        except Exception:  # noqa: BLE001 - whatever a worker has written there must not end the gateway
            self._tell_once("what is open in Redis cannot be read", exc_info=True)
            return False
        self._is_blind = False
        return True

    def _tell_once(self, message: str, *, exc_info: bool = False) -> None:
        if not self._is_blind:
            log.warning(message, exc_info=exc_info)
        self._is_blind = True

    async def _look(self) -> None:
        of = self._metrics.of
        workers = [member.partition(":")[0] for member in await self._bus.alive(self._alive_s)]
        for stage in STAGES:
            backlog = await self._bus.backlog(stage)
            of(catalogue.WORK_WAITING, stage).set(backlog.waiting)
            of(catalogue.WORK_HELD, stage).set(backlog.held)
            of(catalogue.WORK_HANDED_BACK, stage).set(backlog.handed_back)
            of(catalogue.WORK_OLDEST_WAITING, stage).set(backlog.oldest_waiting_s)
            of(catalogue.WORK_OLDEST_HELD, stage).set(backlog.oldest_given_out_s)
            of(catalogue.WORKERS, stage).set(workers.count(stage))
        streams = self._bus.keys.store(), self._bus.keys.held_back()
        of(catalogue.OUTBOX_ENTRIES).set(sum([await self._bus.length(stream) for stream in streams]))
        of(catalogue.DEAD_ENTRIES).set(await self._bus.length(self._bus.keys.dead()))
