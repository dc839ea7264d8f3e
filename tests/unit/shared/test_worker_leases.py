"""The leases of a worker: renewal, takeover from a dead or stopped peer, and work lost to a peer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from tertulia_shared.bus import BusRefused, BusUnavailable, Claim, NotOwner
from tertulia_shared.keys import Keys, Stage
from tertulia_shared.settings import CommonSettings
from tertulia_shared.testing.memory_bus import MemoryBus
from tertulia_shared.work import RetryLater
from tertulia_shared.worker import CLAIM_BLOCK_S
from tests.harness.settings_of import settings_of
from tests.harness.virtual_time import now, settle, virtual_time
from tests.unit.shared.worker_bench import (
    RENEWED_S,
    SETTINGS,
    ScriptedHandler,
    claims_of,
    forever,
    held_by_peer,
    make_bus,
    nothing,
    post,
    raising,
    working,
)


@virtual_time
async def test_lease_of_running_work_is_renewed() -> None:
    bus, handler = make_bus(), ScriptedHandler(forever)
    async with working(bus, handler):
        await post(bus)
        await asyncio.sleep(10 * SETTINGS.lease_s)
        assert await claims_of(bus, idle_s=SETTINGS.lease_s) == []
        assert len(handler.begun) == 1


@virtual_time
async def test_work_of_a_dead_peer_is_taken_over_as_another_attempt() -> None:
    bus, handler = make_bus(), ScriptedHandler(nothing)
    await bus.prepare("tts")
    await post(bus)
    await bus.claim("tts", "a-dead-peer", count=1, block_s=0)
    async with working(bus, handler):
        await asyncio.sleep(2 * SETTINGS.lease_s)
        assert [claim.attempt for claim in handler.begun] == [2]
        assert await bus.open_work("tts") == 0


class LeaseCheckRecorder(MemoryBus):
    """Records the times of checks for expired leases. `stall_s`: an additional delay of the next claim."""

    def __init__(self) -> None:
        super().__init__(Keys("test"), clock=now)
        self.checks: list[float] = []
        self.stall_s = 0.0
        self.stalled = asyncio.Event()

    async def claim(self, stage: Stage, worker: str, *, count: int, block_s: float) -> Sequence[Claim]:
        claims = await super().claim(stage, worker, count=count, block_s=block_s)
        if self.stall_s and worker != "peer":
            stall_s, self.stall_s = self.stall_s, 0.0
            await asyncio.sleep(stall_s)
            self.stalled.set()
        return claims

    async def take_over(
        self, stage: Stage, worker: str, *, idle_s: float, count: int, leave: Sequence[str] = (), of: str = "",
        but_of: str = "",
    ) -> Sequence[Claim]:  # fmt: skip
        if idle_s and worker != "peer":
            self.checks.append(now())
        return await super().take_over(stage, worker, idle_s=idle_s, count=count, leave=leave, of=of, but_of=but_of)


@pytest.mark.parametrize("moment", [0.0, 0.13, 0.41])
@pytest.mark.parametrize("lease_s", [0.5, 1, 3, 10])
@virtual_time
async def test_expired_lease_of_a_peer_is_noticed_within_a_quarter_of_a_second(lease_s: float, moment: float) -> None:
    bus, handler = make_bus(), ScriptedHandler(forever)
    async with working(bus, handler, settings=settings_of(CommonSettings, lease_s=lease_s, drain_s=0)):
        await asyncio.sleep(3 * lease_s + moment)
        await held_by_peer(bus)
        await asyncio.sleep(lease_s - 0.01)
        assert len(handler.begun) == 1
        await asyncio.sleep(0.01 + 0.25 + 0.01)
        assert len(handler.begun) == 2


@virtual_time
async def test_worker_checks_for_expired_leases_only_while_work_is_pending() -> None:
    bus, handler = LeaseCheckRecorder(), ScriptedHandler(forever)
    async with working(bus, handler):
        await asyncio.sleep(30)
        assert len(bus.checks) <= 1
        bus.checks.clear()
        held = await held_by_peer(bus)
        for _ in range(30):
            await asyncio.sleep(1)
            assert await bus.renew("tts", "peer", [held.id]) == set()
        assert 100 <= len(bus.checks) <= 121


@virtual_time
async def test_worker_that_may_not_read_who_holds_work_checks_for_expired_leases_at_intervals() -> None:
    class UnreadableBus(LeaseCheckRecorder):
        async def holders(self, stage: Stage) -> Sequence[str]:
            raise BusRefused(f"no right to read the work of {stage}")

    bus, handler = UnreadableBus(), ScriptedHandler(forever)
    async with working(bus, handler):
        await held_by_peer(bus)
        await asyncio.sleep(SETTINGS.lease_s + SETTINGS.lease_s / 3)
        assert len(handler.begun) == 2


@pytest.mark.parametrize("lease_s", [0.5, 3, 5])
@virtual_time
async def test_work_that_is_handed_back_is_begun_within_a_second_by_a_worker_at_rest(lease_s: float) -> None:
    bus, handler = make_bus(), ScriptedHandler(forever)
    async with working(bus, handler, settings=settings_of(CommonSettings, lease_s=lease_s, drain_s=0)):
        await asyncio.sleep(10.3)
        claim = await held_by_peer(bus)
        assert await bus.nack(claim, "peer")
        await asyncio.sleep(1)
        assert len(handler.begun) == 2


@virtual_time
async def test_work_that_is_handed_back_after_a_stall_of_redis_is_begun_without_a_check_of_live_leases() -> None:
    bus, handler = LeaseCheckRecorder(), ScriptedHandler(forever)
    async with working(bus, handler):
        await post(bus, 2)
        await settle()
        of_live_peer, returned = await claims_of(bus)
        bus.stall_s = SETTINGS.lease_s
        await bus.stalled.wait()
        bus.checks.clear()
        assert await bus.nack(returned, "peer")
        await asyncio.sleep(SETTINGS.lease_s / 3 - 0.01)
        assert bus.checks == []
        assert of_live_peer.id in [held.id for held in await bus.pending("tts") if held.worker == "peer"]


@virtual_time
async def test_leases_are_renewed_before_they_are_checked_after_a_stall_of_redis() -> None:
    bus, handler = LeaseCheckRecorder(), ScriptedHandler(forever)
    async with working(bus, handler):
        await held_by_peer(bus)
        await asyncio.sleep(SETTINGS.lease_s / 2)
        bus.stall_s = SETTINGS.lease_s
        await bus.stalled.wait()
        bus.checks.clear()
        await asyncio.sleep(SETTINGS.lease_s / 3 - 0.01)
        assert bus.checks == []
        await asyncio.sleep(0.02)
        assert len(handler.begun) == 2


@virtual_time
async def test_job_is_cancelled_when_a_peer_has_taken_over_its_work() -> None:
    bus, handler = make_bus(), ScriptedHandler(forever)
    async with working(bus, handler):
        await post(bus)
        await settle()
        (stolen,) = await claims_of(bus)
        await asyncio.sleep(RENEWED_S)
        assert handler.cancelled == [stolen.id]
    assert await bus.renew("tts", "peer", [stolen.id]) == set(), "it is still the peer's"


@virtual_time
async def test_worker_does_not_take_over_its_own_running_work() -> None:
    class RenewalRefusingBus(MemoryBus):
        """Refuses renewals, as after a stall of the process: the check for expired leases comes first."""

        async def renew(self, stage: Stage, worker: str, ids: Sequence[str]) -> set[str]:
            raise BusUnavailable("not yet")

    bus, handler = RenewalRefusingBus(Keys("test"), clock=now), ScriptedHandler(forever)
    async with working(bus, handler):
        await post(bus)
        await asyncio.sleep(10 * SETTINGS.lease_s)
        assert [claim.attempt for claim in handler.begun] == [1]
        assert handler.running == 1


@virtual_time
async def test_redelivery_to_the_same_worker_cancels_the_older_job() -> None:
    class RedeliveringBus(MemoryBus):
        """A Redis that lost its last second: it delivers the same work again."""

        given: Claim | None = None

        async def claim(self, stage: Stage, worker: str, *, count: int, block_s: float) -> Sequence[Claim]:
            if self.given is not None:
                again, self.given = self.given, None
                return [again]
            return await super().claim(stage, worker, count=count, block_s=block_s)

    bus, handler = RedeliveringBus(Keys("test"), clock=now), ScriptedHandler(forever)
    async with working(bus, handler):
        await post(bus)
        await settle()
        (bus.given,) = handler.begun
        await asyncio.sleep(CLAIM_BLOCK_S)
        assert len(handler.begun) == 2
        assert handler.cancelled == [handler.begun[0].id]
        assert handler.running == 1


@virtual_time
async def test_late_report_of_lost_work_does_not_cancel_a_newer_job() -> None:
    class LateRenewalBus(MemoryBus):
        """Delays the answer to a renewal until `late` is set."""

        late: asyncio.Event | None = None

        async def renew(self, stage: Stage, worker: str, ids: Sequence[str]) -> set[str]:
            lost = await super().renew(stage, worker, ids)
            if lost and self.late is not None:
                await self.late.wait()
            return lost

    given_up = asyncio.Event()

    async def given_up_at_first(claim: Claim) -> None:
        if claim.attempt == 1:
            await given_up.wait()
            raise RetryLater("busy")
        await forever(claim)

    bus, handler = LateRenewalBus(Keys("test"), clock=now), ScriptedHandler(given_up_at_first)
    bus.late = asyncio.Event()
    async with working(bus, handler):
        await post(bus)
        await settle()
        (stolen,) = await claims_of(bus)
        await asyncio.sleep(RENEWED_S)  # the renewal is refused, but its answer has not arrived
        given_up.set()
        await bus.nack(stolen, "peer")
        await asyncio.sleep(RENEWED_S)  # the worker has the work again
        assert len(handler.begun) == 2
        bus.late.set()
        await settle()
        assert handler.running == 1


@virtual_time
async def test_work_whose_handler_raises_not_owner_stays_pending() -> None:
    bus, handler = make_bus(), ScriptedHandler(raising(NotOwner("a peer's")))
    async with working(bus, handler):
        await post(bus)
        await settle()
        assert await bus.open_work("tts") == 1
        assert handler.given_up == []
