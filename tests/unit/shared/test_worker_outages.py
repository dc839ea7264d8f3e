"""A worker while Redis is unavailable, refuses writes, or comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from tertulia_shared.bus import BusUnavailable, Claim, WritesPaused
from tertulia_shared.keys import Keys, Stage
from tertulia_shared.new_work import NewWork
from tertulia_shared.testing.memory_bus import MemoryBus
from tertulia_shared.work import BadWork
from tests.harness.virtual_time import now, settle, virtual_time
from tests.unit.shared.worker_bench import (
    SETTINGS,
    ScriptedHandler,
    claims_of,
    dead_letters,
    make_bus,
    nothing,
    post,
    raising,
    working,
)


@virtual_time
async def test_giving_up_work_is_repeated_after_an_outage_of_redis() -> None:
    async def cut(_claim: Claim) -> None:
        bus.break_connection()
        raise BusUnavailable("away")

    bus, handler = make_bus(), ScriptedHandler(raising(BadWork("poison"), BadWork("poison")))
    handler.on_give_up = cut
    async with working(bus, handler):
        await post(bus)
        await settle()
        handler.on_give_up = None
        bus.restore_connection()
        await asyncio.sleep(2 * SETTINGS.lease_s)
        assert len(handler.given_up) == 2
        assert await bus.open_work("tts") == 0


@pytest.mark.parametrize(
    "trouble", [BusUnavailable("away"), WritesPaused("no memory"), ExceptionGroup("", [BusUnavailable("")])]
)
@virtual_time
async def test_attempt_interrupted_by_an_outage_is_repeated_by_its_worker_and_not_counted(
    trouble: Exception,
) -> None:
    bus, handler = make_bus(), ScriptedHandler(raising(*[trouble] * (SETTINGS.max_attempts + 2)))
    async with working(bus, handler):
        await post(bus)
        await asyncio.sleep(SETTINGS.lease_s * 10)
        assert [claim.attempt for claim in handler.begun] == list(range(1, SETTINGS.max_attempts + 4))
        assert await bus.open_work("tts") == 0
    assert handler.given_up == []


@virtual_time
async def test_broken_connection_delays_work_by_at_most_half_a_second() -> None:
    bus = make_bus()
    done_at: list[float] = []

    async def speak(claim: Claim) -> None:
        if claim.attempt == 1:
            bus.break_connection()
            asyncio.get_running_loop().call_later(5.0, bus.restore_connection)
            raise BusUnavailable("cut")
        done_at.append(now())

    handler = ScriptedHandler(speak)
    async with working(bus, handler):
        await post(bus)
        begun = now()
        await asyncio.sleep(6)
        assert [at - begun for at in done_at] == [pytest.approx(5.0, abs=0.5)]


@virtual_time
async def test_claimed_work_is_begun_soon_although_redis_took_no_writes_while_it_was_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bus, handler = make_bus(), ScriptedHandler(nothing)
    refusals = [WritesPaused("no memory")]

    async def keep(_: NewWork, claims: Sequence[Claim]) -> Sequence[Claim]:
        if claims and refusals:
            raise refusals.pop()
        return claims

    monkeypatch.setattr(NewWork, "keep", keep)
    async with working(bus, handler):
        await post(bus)
        await asyncio.sleep(SETTINGS.lease_s / 2)
        assert refusals == []
        assert len(handler.ended) == 1


@virtual_time
async def test_work_that_a_peer_took_over_during_an_outage_stays_with_the_peer() -> None:
    bus = make_bus()

    async def interrupted(_claim: Claim) -> None:
        await claims_of(bus)
        raise BusUnavailable("cut")

    handler = ScriptedHandler(interrupted)
    async with working(bus, handler):
        await post(bus)
        await asyncio.sleep(1)
        assert [claim.attempt for claim in handler.begun] == [1]
        assert [held.worker for held in await bus.pending("tts")] == ["peer"]


@virtual_time
async def test_worker_stopped_while_redis_is_unavailable_leaves_its_work_to_peers() -> None:
    bus = make_bus()

    async def interrupted(_claim: Claim) -> None:
        bus.break_connection()
        raise BusUnavailable("cut")

    async with working(bus, ScriptedHandler(interrupted)):
        await post(bus)
        await asyncio.sleep(1)
    bus.restore_connection()
    assert [claim.attempt for claim in await claims_of(bus)] == [2]


@virtual_time
async def test_work_whose_claim_reply_was_lost_is_reclaimed_as_soon_as_redis_is_back() -> None:
    class ClaimReplyLosingBus(MemoryBus):
        """Delivers work once in a reply that does not arrive."""

        lost = False

        async def claim(self, stage: Stage, worker: str, *, count: int, block_s: float) -> Sequence[Claim]:
            claims = await super().claim(stage, worker, count=count, block_s=block_s)
            if claims and not self.lost:
                self.lost = True
                raise BusUnavailable("cut")
            return claims

    bus, handler = ClaimReplyLosingBus(Keys("test"), clock=now), ScriptedHandler(nothing)
    async with working(bus, handler):
        await post(bus)
        await asyncio.sleep(0.5)
        assert [claim.attempt for claim in handler.begun] == [2]


@virtual_time
async def test_giving_up_work_is_repeated_until_redis_takes_writes() -> None:
    paused = 3

    async def no_room(_claim: Claim) -> None:
        nonlocal paused
        paused -= 1
        if paused > 0:
            raise WritesPaused("no memory")

    bus, handler = make_bus(), ScriptedHandler(raising(*[BadWork("ids")] * 9))
    handler.on_give_up = no_room
    async with working(bus, handler):
        await post(bus)
        await asyncio.sleep(5)
        assert len(handler.given_up) == 3
        assert len(await dead_letters(bus)) == 1
        assert await bus.open_work("tts") == 0


@virtual_time
async def test_worker_continues_after_a_long_outage_of_redis() -> None:
    bus, handler = make_bus(), ScriptedHandler(nothing)
    async with working(bus, handler):
        bus.break_connection()
        await asyncio.sleep(30)
        bus.restore_connection()
        await post(bus)
        await asyncio.sleep(5)
        assert len(handler.ended) == 1
