"""The metrics of waiting work while Redis is available, is unavailable, does not answer, or refuses the query."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from tertulia_gateway.monitoring.backlog_monitor import POLL_S, BacklogMonitor
from tertulia_gateway.monitoring.health import HealthCheck
from tertulia_gateway.monitoring.writes_probe import PATIENCE_S
from tertulia_shared.bus import Backlog, WriteRefused
from tertulia_shared.entries import DeadLetter, StoreWrite, Work
from tertulia_shared.ids import new_id
from tertulia_shared.keys import Keys, Stage
from tertulia_shared.metrics import Metrics
from tertulia_shared.testing.memory_bus import MemoryBus
from tests.harness.scrape import scraped
from tests.harness.virtual_time import now, settle, virtual_time

POSTED_MS = 1_763_800_000_000
ALIVE_S = 5.0


class MonitorSetup:
    """A backlog monitor, its metrics, and a bus whose clock the test sets."""

    def __init__(self) -> None:
        self.metrics = Metrics()
        self.now_ms = POSTED_MS
        self.bus = MemoryBus(Keys("test"), clock=now, now_ms=lambda: self.now_ms)

    @asynccontextmanager
    async def monitored(self) -> AsyncGenerator[None]:
        task = asyncio.create_task(
            BacklogMonitor(self.bus, self.metrics, HealthCheck(bus=self.bus, alive_s=ALIVE_S)).run()
        )
        await settle()
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])


@virtual_time
async def test_metrics_show_waiting_work_workers_and_outbox_entries() -> None:
    setup = MonitorSetup()
    await setup.bus.prepare("tts")
    for _ in range(3):
        await setup.bus.post("tts", Work(new_id(), message_id=new_id()))
        setup.now_ms += 1000
    claim, _ = await setup.bus.claim("tts", "a", count=2, block_s=0)
    await setup.bus.nack(claim, "a")
    outlet = setup.bus.outlet()
    outlet.append(setup.bus.keys.store(), StoreWrite("message", "c"))
    outlet.append(setup.bus.keys.held_back(), StoreWrite("message", "c"))
    outlet.append(setup.bus.keys.dead(), DeadLetter("tts", "1-0", 3, "no luck"))
    await outlet.flush()
    for member in ("tts:a:espeak", "tts:b:higgs", "llm:c:demo"):
        await setup.bus.beat(member)
    async with setup.monitored():
        seen = scraped(setup.metrics)
    figures = {
        name: seen.of(f"tertulia_work_{name}", stage="tts")
        for name in ("waiting", "held", "handed_back", "oldest_waiting_seconds", "oldest_held_seconds")
    }
    assert figures == {
        "waiting": 1, "held": 1, "handed_back": 1, "oldest_waiting_seconds": 1, "oldest_held_seconds": 3,
    }  # fmt: skip
    assert [seen.of("tertulia_workers", stage=stage) for stage in ("stt", "llm", "tts")] == [0, 1, 2]
    assert seen.of("tertulia_work_waiting", stage="llm") == 0
    assert seen.of("tertulia_store_outbox_entries") == 2
    assert seen.of("tertulia_dead_letter_entries") == 1
    assert seen.of("tertulia_redis_up") == 1
    assert [seen.of("tertulia_problem", code=code) for code in ("stage_away", "redis_away")] == [1, 0]
    assert setup.metrics.health.problem() == ""


@virtual_time
async def test_metrics_of_waiting_work_disappear_while_redis_is_unavailable() -> None:
    setup = MonitorSetup()
    async with setup.monitored():
        assert scraped(setup.metrics).of("tertulia_work_waiting", stage="tts") == 0
        setup.bus.break_connection()
        await asyncio.sleep(POLL_S * 2)
        seen = scraped(setup.metrics)
        assert seen.of("tertulia_redis_up") == 0
        assert [seen.of("tertulia_problem", code=code) for code in ("stage_away", "redis_away")] == [0, 1]
        for gone in ("work_waiting", "work_oldest_held_seconds", "workers", "store_outbox_entries"):
            assert not seen.has(f"tertulia_{gone}")
        setup.bus.restore_connection()
        await asyncio.sleep(POLL_S * 2)
        seen = scraped(setup.metrics)
        assert seen.of("tertulia_redis_up") == 1
        assert seen.of("tertulia_workers", stage="tts") == 0


class Silent(MemoryBus):
    """A bus whose server accepts commands and never answers."""

    async def ping(self) -> float:
        await asyncio.Event().wait()
        return 0.0


@virtual_time
async def test_poll_counts_as_failed_if_redis_does_not_answer_in_time() -> None:
    setup = MonitorSetup()
    setup.bus = Silent(Keys("test"), clock=now)
    async with setup.monitored():
        await asyncio.sleep(PATIENCE_S + 0.1)
        seen = scraped(setup.metrics)
    assert seen.of("tertulia_redis_up") == 0
    assert seen.of("tertulia_redis_failures_total") == 1
    assert setup.metrics.health.problem()


class Forbidding(MemoryBus):
    """A bus whose server answers PING, but refuses the query for the waiting work."""

    async def backlog(self, stage: Stage) -> Backlog:
        raise WriteRefused("Redis refused EVALSHA: NOPERM scripted")


@virtual_time
async def test_redis_that_refuses_the_query_for_waiting_work_counts_as_available_and_is_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    setup = MonitorSetup()
    setup.bus = Forbidding(Keys("test"), clock=now)
    async with setup.monitored():
        await asyncio.sleep(POLL_S * 3)
    seen = scraped(setup.metrics)
    assert seen.of("tertulia_redis_up") == 1
    assert not seen.has("tertulia_work_waiting")
    assert setup.metrics.health.problem() == ""
    assert [record.getMessage() for record in caplog.records] == [
        "the backlog in Redis cannot be polled: Redis refused EVALSHA: NOPERM scripted"
    ]
