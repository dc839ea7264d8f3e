"""The metrics and the health of a worker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from tertulia_shared.bus import BusUnavailable, Claim, NotOwner, Stale
from tertulia_shared.bus.port.work import InHand, OnLost, OnRenewed
from tertulia_shared.entries import Work
from tertulia_shared.ids import new_id
from tertulia_shared.keys import Keys, Stage
from tertulia_shared.metrics import Metrics
from tertulia_shared.metrics.work import WorkMetrics
from tertulia_shared.settings import CommonSettings
from tertulia_shared.testing.memory_bus import MemoryBus
from tertulia_shared.work import BadWork, ForAnother, RetryLater
from tertulia_shared.worker import Worker
from tests.harness.scrape import Scrape, scraped
from tests.harness.settings_of import settings_of
from tests.harness.virtual_time import now, settle, virtual_time

SETTINGS = settings_of(CommonSettings, lease_s=3, drain_s=1, max_attempts=2)


class Handler:
    """Raises the `errors` one after the other, then waits for `may_end`."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.may_end = asyncio.Event()

    async def handle(self, claim: Claim) -> None:
        if self.errors:
            raise self.errors.pop(0)
        await self.may_end.wait()

    async def give_up(self, claim: Claim, reason: str) -> None:
        pass


class Scene:
    def __init__(self, *errors: Exception) -> None:
        self.bus = MemoryBus(Keys("test"), clock=now)
        self.handler = Handler(*errors)
        self.breaks = False
        """Whether the worker counts as broken when it stops."""
        self.metrics = Metrics()

    @asynccontextmanager
    async def working(self) -> AsyncGenerator[None]:
        worker = Worker(self.bus, "tts", self.handler, SETTINGS, engine="scripted", concurrency=4, metrics=self.metrics)
        worker.broke = self.breaks
        stop = asyncio.Event()
        task = asyncio.create_task(worker.run(stop))
        await settle()
        try:
            yield
        finally:
            stop.set()
            await task

    async def post(self, count: int = 1) -> None:
        for _ in range(count):
            await self.bus.post("tts", Work(new_id(), message_id=new_id()))
        await settle()

    @property
    def seen(self) -> Scrape:
        return scraped(self.metrics)

    def endings(self) -> dict[str, int]:
        names = ("finished", "lost", "failed", "passed_on", "handed_back", "dead")
        seen = self.seen
        all_of_them = {name: int(seen.of("tertulia_work_ended_total", stage="tts", ending=name)) for name in names}
        return {name: count for name, count in all_of_them.items() if count}


@virtual_time
async def test_worker_metrics_count_running_and_finished_work() -> None:
    it = Scene()
    async with it.working():
        await it.post(3)
        assert it.seen.of("tertulia_jobs", stage="tts") == 3
        assert it.seen.of("tertulia_slots", stage="tts") == 4
        it.handler.may_end.set()
        await settle()
        assert it.seen.of("tertulia_jobs", stage="tts") == 0
    assert it.seen.of("tertulia_claims_total", stage="tts") == 3
    assert it.seen.of("tertulia_hop_seconds_count", hop="work_tts") == 3
    assert it.seen.of("tertulia_takeovers_total", stage="tts") == 0
    assert it.endings() == {"finished": 3}


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (RetryLater("busy"), "engine"),
        (BusUnavailable("away"), "redis"),
        (ValueError("a bug"), "unexpected"),
        (ExceptionGroup("tasks", [RetryLater("busy")]), "engine"),
    ],
    ids=["the engine", "redis", "a bug", "in a group"],
)
@virtual_time
async def test_worker_metrics_count_failures_by_kind(error: Exception, kind: str) -> None:
    it = Scene(error)
    it.handler.may_end.set()
    async with it.working():
        await it.post()
        assert it.endings() == {"failed": 1}
        await asyncio.sleep(SETTINGS.lease_s * 2)
        assert it.endings() == {"failed": 1, "finished": 1}
    assert it.seen.of("tertulia_work_failures_total", stage="tts", kind=kind) == 1
    assert it.seen.total("tertulia_work_failures_total") == 1
    again_by_itself = kind == "redis"  # the worker still holds the work, so there is no takeover
    assert it.seen.of("tertulia_takeovers_total", stage="tts") == (0 if again_by_itself else 1)
    assert it.seen.of("tertulia_claims_total", stage="tts") == 1


@pytest.mark.parametrize(
    ("error", "ending"),
    [(NotOwner("a peer has it"), "lost"), (Stale("interrupted"), "finished")],
    ids=["a peer has it", "interrupted"],
)
@virtual_time
async def test_attempt_during_an_outage_is_not_counted_as_a_failure(error: Exception, ending: str) -> None:
    it = Scene(error)
    async with it.working():
        await it.post()
        assert it.endings() == {ending: 1}
    assert it.seen.total("tertulia_work_failures_total") == 0


@virtual_time
async def test_worker_metrics_count_given_up_work() -> None:
    it = Scene(BadWork("nonsense"))
    async with it.working():
        await it.post()
        assert it.endings() == {"dead": 1}
        assert it.seen.of("tertulia_dead_letters_total", stage="tts") == 1
    again = Scene(*(RetryLater("busy") for _ in range(9)))
    async with again.working():
        await again.post()
        await asyncio.sleep(SETTINGS.lease_s * 9)
        assert again.endings() == {"failed": SETTINGS.max_attempts, "dead": 1}


@virtual_time
async def test_worker_metrics_count_requeued_work() -> None:
    it = Scene()
    async with it.working():
        await it.post(2)
    assert it.endings() == {"passed_on": 2}
    peer = Scene()
    peer.bus = it.bus
    peer.handler.may_end.set()
    async with peer.working():
        await settle()
    assert peer.seen.of("tertulia_takeovers_total", stage="tts") == 0
    assert peer.seen.of("tertulia_claims_total", stage="tts") == 2


@virtual_time
async def test_worker_metrics_count_nacked_work() -> None:
    it = Scene()
    it.breaks = True
    async with it.working():
        await it.post(2)
    assert it.endings() == {"handed_back": 2}


def test_waiting_time_of_work_excludes_the_time_at_an_earlier_worker() -> None:
    metrics = Metrics()
    work = WorkMetrics(metrics, "tts", slots=1, now_ms=lambda: 100_250)
    work.claimed([Claim("tts", "100000-3", 1, {b"ts": b"40000"})])  # requeued after a minute
    seen = scraped(metrics)
    assert seen.of("tertulia_hop_seconds_count", hop="work_tts") == 1
    assert seen.of("tertulia_hop_seconds_sum", hop="work_tts") == 0.25


@virtual_time
async def test_attempt_whose_end_cannot_be_acknowledged_is_counted_as_failed() -> None:
    it = Scene()
    async with it.working():
        await it.post()
        it.bus.break_connection()
        it.handler.may_end.set()
        await settle()
        assert it.endings() == {"failed": 1}
        it.bus.restore_connection()


@virtual_time
async def test_worker_is_healthy_from_its_first_heartbeat() -> None:
    it = Scene()
    it.bus.break_connection()
    async with it.working():
        assert it.metrics.health.problem()
        assert it.seen.of("tertulia_redis_failures_total") == 1
        it.bus.restore_connection()
        await asyncio.sleep(2)
        assert it.metrics.health.problem() == ""
        assert it.seen.of("tertulia_redis_round_trip_seconds_count") >= 1


class LateRenewals(MemoryBus):
    """A bus that reports renewals after these times since the renewal before."""

    @asynccontextmanager
    async def keep_leases(
        self, stage: Stage, worker: str, *, every_s: float, held: InHand, on_lost: OnLost,
        on_renewed: OnRenewed | None = None,
    ) -> AsyncGenerator[None]:  # fmt: skip
        assert on_renewed is not None
        for since_s in (every_s, SETTINGS.lease_s * 0.4, SETTINGS.lease_s * 0.6, SETTINGS.lease_s * 2):
            on_renewed(since_s)
        yield


@virtual_time
async def test_renewal_later_than_half_a_lease_is_counted_as_late() -> None:
    scene = Scene()
    scene.bus = LateRenewals(Keys("test"), clock=now)
    async with scene.working():
        seen = scraped(scene.metrics)
    assert seen.of("tertulia_lease_renewals_late_total", stage="tts") == 2


class LateReply(MemoryBus):
    """A bus whose replies to the end of an attempt arrive only when the test allows it."""

    def __init__(self) -> None:
        super().__init__(Keys("test"), clock=now)
        self.may_arrive = asyncio.Event()

    async def finish(self, claim: Claim, worker: str) -> bool:
        is_finished = await super().finish(claim, worker)
        await self.may_arrive.wait()
        return is_finished

    async def nack(self, claim: Claim, worker: str) -> bool:
        is_handed_back = await super().nack(claim, worker)
        await self.may_arrive.wait()
        return is_handed_back


@pytest.mark.parametrize(
    ("errors", "ending"), [([], "finished"), ([BadWork("x")], "dead"), ([ForAnother("x")], "handed_back")]
)
@virtual_time
async def test_work_that_ends_before_a_renewal_does_not_count_as_lost(
    caplog: pytest.LogCaptureFixture, errors: list[Exception], ending: str
) -> None:
    scene = Scene(*errors)
    scene.bus = bus = LateReply()
    async with scene.working():
        await scene.post()
        scene.handler.may_end.set()
        await asyncio.sleep(SETTINGS.lease_s)  # renewals find the work no longer held
        bus.may_arrive.set()
        await settle()
        assert scene.endings().get(ending) == 1
        assert "lost" not in scene.endings()
    assert "lost work" not in caplog.text


class UnansweredFinish(MemoryBus):
    """A bus that does not do the first `finish`."""

    def __init__(self) -> None:
        super().__init__(Keys("test"), clock=now)
        self.failures = 1

    async def finish(self, claim: Claim, worker: str) -> bool:
        if self.failures:
            self.failures -= 1
            raise BusUnavailable("x")
        return await super().finish(claim, worker)


@virtual_time
async def test_work_that_is_lost_in_a_later_attempt_than_its_first_end_is_cancelled() -> None:
    scene = Scene()
    scene.bus = bus = UnansweredFinish()
    async with scene.working():
        scene.handler.may_end.set()
        await scene.post()
        scene.handler.may_end.clear()
        await asyncio.sleep(SETTINGS.lease_s / 2)  # the second attempt runs
        assert scene.endings().get("finished") is None
        assert await bus.take_over("tts", "a-peer", idle_s=0, count=1)
        await asyncio.sleep(SETTINGS.lease_s)
        assert scene.endings().get("lost") == 1
