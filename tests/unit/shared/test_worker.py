from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import pytest

from tertulia_shared.bus import BusUnavailable, Claim, NotOwner, Outlet, Stale, WriteRefused, WritesPaused
from tertulia_shared.codec import VERSION, BadEntry, UnknownVersion, decode
from tertulia_shared.entries import DeadLetter, Work
from tertulia_shared.ids import new_id
from tertulia_shared.keys import Keys, Stage
from tertulia_shared.settings import CommonSettings
from tertulia_shared.testing.memory_bus import MemoryBus
from tertulia_shared.work import BadWork, RetryLater
from tertulia_shared.worker import Worker
from tests.harness.settings_of import settings_of
from tests.harness.virtual_time import now, settle, virtual_time

SETTINGS = settings_of(CommonSettings, lease_s=3, drain_s=10, max_attempts=3)
RENEWED_S = 2.0
"""A pause after which leases are renewed: more than a third of the lease, less than the lease."""

Act = Callable[[Claim], Awaitable[None]]


class ScriptedHandler:
    """Runs `act` on each claim, and records the outcomes."""

    def __init__(self, act: Act) -> None:
        self._act = act
        self.begun: list[Claim] = []
        self.ended: list[str] = []
        self.cancelled: list[str] = []
        self.given_up: list[str] = []
        self.running = 0
        self.most_at_once = 0
        self.on_give_up: Act | None = None
        self.turn_id: str | None = None
        """The id of the turn that `give_up` ends."""

    async def handle(self, claim: Claim) -> None:
        self.begun.append(claim)
        self.running += 1
        self.most_at_once = max(self.most_at_once, self.running)
        try:
            await self._act(claim)
            self.ended.append(claim.id)
        except asyncio.CancelledError:
            self.cancelled.append(claim.id)
            raise
        finally:
            self.running -= 1

    async def give_up(self, claim: Claim, reason: str) -> str | None:
        self.given_up.append(reason)
        if self.on_give_up is not None:
            await self.on_give_up(claim)
        return self.turn_id


async def forever(_claim: Claim) -> None:
    await asyncio.Event().wait()


async def nothing(_claim: Claim) -> None:
    pass


def raising(*errors: Exception) -> Act:
    """An act that raises these errors one after the other, then succeeds."""
    left = list(errors)

    async def act(_claim: Claim) -> None:
        if left:
            raise left.pop(0)

    return act


def make_bus() -> MemoryBus:
    return MemoryBus(Keys("test"), clock=now)


@asynccontextmanager
async def working(
    bus: MemoryBus, handler: ScriptedHandler, *, concurrency: int = 10, settings: CommonSettings = SETTINGS
) -> AsyncGenerator[Worker]:
    """A worker that runs until the block ends."""
    worker = Worker(bus, "tts", handler, settings, engine="scripted", concurrency=concurrency)
    stop = asyncio.Event()
    task = asyncio.create_task(worker.run(stop))
    await settle()
    try:
        yield worker
    finally:
        stop.set()
        await task


async def post(bus: MemoryBus, count: int = 1) -> None:
    for _ in range(count):
        await bus.post("tts", Work(new_id(), message_id=new_id()))


async def dead_letters(bus: MemoryBus) -> list[DeadLetter]:
    return [decode(DeadLetter, entry.fields) for entry in await bus.read(bus.keys.dead())]


async def claims_of(bus: MemoryBus, worker: str = "peer", *, idle_s: float = 0) -> list[Claim]:
    """Everything that a peer can take over."""
    return list(await bus.take_over("tts", worker, idle_s=idle_s, count=100))


@virtual_time
async def test_done_work_is_finished_and_deleted() -> None:
    bus, handler = make_bus(), ScriptedHandler(nothing)
    async with working(bus, handler):
        await post(bus, 3)
        await settle()
        assert len(handler.ended) == 3
        assert await bus.open_work("tts") == 0


@virtual_time
async def test_concurrent_jobs_stay_within_the_bound_and_all_are_done() -> None:
    async def a_while(_claim: Claim) -> None:
        await asyncio.sleep(0.1)

    bus, handler = make_bus(), ScriptedHandler(a_while)
    async with working(bus, handler, concurrency=4):
        await post(bus, 20)
        await asyncio.sleep(1)
        assert handler.most_at_once == 4
        assert len(handler.ended) == 20


@virtual_time
async def test_new_work_and_work_taken_over_share_the_bound() -> None:
    bus, handler = make_bus(), ScriptedHandler(forever)
    await bus.prepare("tts")
    await post(bus, 2)
    await bus.claim("tts", "a-dead-peer", count=2, block_s=0)
    async with working(bus, handler, concurrency=2):
        while not handler.begun:  # noqa: ASYNC110 - virtual time; the worker waits for new work
            await asyncio.sleep(0.1)
        await post(bus, 2)
        await asyncio.sleep(SETTINGS.lease_s)
        assert [claim.attempt for claim in handler.begun] == [2, 2]


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


async def held_by_peer(bus: MemoryBus) -> Claim:
    """Work that the worker had claimed and that a peer holds now."""
    await post(bus)
    await settle()
    (held,) = await claims_of(bus)
    return held


class LookedAt(MemoryBus):
    """Records the times of checks for expired leases. `stall_s`: an additional delay of the next claim."""

    def __init__(self) -> None:
        super().__init__(Keys("test"), clock=now)
        self.looks: list[float] = []
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
        self, stage: Stage, worker: str, *, idle_s: float, count: int, leave: Sequence[str] = (), of: str = ""
    ) -> Sequence[Claim]:
        if idle_s and worker != "peer":
            self.looks.append(now())
        return await super().take_over(stage, worker, idle_s=idle_s, count=count, leave=leave, of=of)


@pytest.mark.parametrize("moment", [0.0, 0.13, 0.41])
@pytest.mark.parametrize("lease_s", [0.5, 1, 3, 10])
@virtual_time
async def test_work_of_a_stopped_peer_is_taken_over_a_quarter_of_a_second_after_its_lease(
    lease_s: float, moment: float
) -> None:
    bus, handler = make_bus(), ScriptedHandler(forever)
    async with working(bus, handler, settings=settings_of(CommonSettings, lease_s=lease_s, drain_s=0)):
        await asyncio.sleep(3 * lease_s + moment)
        await held_by_peer(bus)
        await asyncio.sleep(lease_s - 0.01)
        assert len(handler.begun) == 1
        await asyncio.sleep(0.01 + 0.25 + 0.01)
        assert len(handler.begun) == 2


@virtual_time
async def test_worker_checks_for_expired_leases_often_only_while_work_is_pending() -> None:
    bus, handler = LookedAt(), ScriptedHandler(forever)
    async with working(bus, handler):
        await asyncio.sleep(30)
        assert len(bus.looks) <= 31
        bus.looks.clear()
        held = await held_by_peer(bus)
        for _ in range(30):
            await asyncio.sleep(1)
            assert await bus.renew("tts", "peer", [held.id]) == set()
        assert 100 <= len(bus.looks) <= 121


@virtual_time
async def test_holders_may_renew_before_a_check_after_a_stall_of_redis() -> None:
    bus, handler = LookedAt(), ScriptedHandler(forever)
    async with working(bus, handler):
        await held_by_peer(bus)
        await asyncio.sleep(SETTINGS.lease_s / 2)
        bus.stall_s = SETTINGS.lease_s
        await bus.stalled.wait()
        bus.looks.clear()
        await asyncio.sleep(SETTINGS.lease_s / 3 - 0.01)
        assert bus.looks == []
        await asyncio.sleep(0.02)
        assert len(handler.begun) == 2


@virtual_time
async def test_work_lost_to_a_peer_is_cancelled_and_left_alone() -> None:
    bus, handler = make_bus(), ScriptedHandler(forever)
    async with working(bus, handler):
        await post(bus)
        await settle()
        (stolen,) = await claims_of(bus)
        await asyncio.sleep(RENEWED_S)
        assert handler.cancelled == [stolen.id]
    assert await bus.renew("tts", "peer", [stolen.id]) == set(), "it is still the peer's"


@virtual_time
async def test_worker_does_not_take_over_its_own_late_work() -> None:
    class Unrenewed(MemoryBus):
        """Refuses renewals, as after a stall of the process: the check for expired leases comes first."""

        async def renew(self, stage: Stage, worker: str, ids: Sequence[str]) -> set[str]:
            raise BusUnavailable("not yet")

    bus, handler = Unrenewed(Keys("test"), clock=now), ScriptedHandler(forever)
    async with working(bus, handler):
        await post(bus)
        await asyncio.sleep(10 * SETTINGS.lease_s)
        assert [claim.attempt for claim in handler.begun] == [1]
        assert handler.running == 1


@virtual_time
async def test_redelivery_to_the_same_worker_cancels_the_older_job() -> None:
    class Forgetful(MemoryBus):
        """A Redis that lost its last second: it delivers the same work again."""

        given: Claim | None = None

        async def claim(self, stage: Stage, worker: str, *, count: int, block_s: float) -> Sequence[Claim]:
            if self.given is not None:
                again, self.given = self.given, None
                return [again]
            return await super().claim(stage, worker, count=count, block_s=block_s)

    bus, handler = Forgetful(Keys("test"), clock=now), ScriptedHandler(forever)
    async with working(bus, handler):
        await post(bus)
        await settle()
        (bus.given,) = handler.begun
        await asyncio.sleep(RENEWED_S)
        assert len(handler.begun) == 2
        assert handler.cancelled == [handler.begun[0].id]
        assert handler.running == 1


@virtual_time
async def test_late_reply_about_lost_work_does_not_cancel_its_new_job() -> None:
    class LateBus(MemoryBus):
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

    bus, handler = LateBus(Keys("test"), clock=now), ScriptedHandler(given_up_at_first)
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


@pytest.mark.parametrize("error", [RetryLater("busy"), BusUnavailable("away"), ValueError("a bug")])
@virtual_time
async def test_failed_attempt_is_retried(error: Exception) -> None:
    bus, handler = make_bus(), ScriptedHandler(raising(error))
    async with working(bus, handler):
        await post(bus)
        await settle()
        assert handler.ended == []
        await asyncio.sleep(2 * SETTINGS.lease_s)
        assert [claim.attempt for claim in handler.begun] == [1, 2]
        assert await bus.open_work("tts") == 0
        assert await dead_letters(bus) == []


@virtual_time
async def test_stale_work_is_finished_silently() -> None:
    bus, handler = make_bus(), ScriptedHandler(raising(Stale("interrupted")))
    async with working(bus, handler):
        await post(bus)
        await settle()
        assert await bus.open_work("tts") == 0
        assert handler.given_up == []


@virtual_time
async def test_work_whose_thing_a_peer_owns_stays_pending() -> None:
    bus, handler = make_bus(), ScriptedHandler(raising(NotOwner("a peer's")))
    async with working(bus, handler):
        await post(bus)
        await settle()
        assert await bus.open_work("tts") == 1
        assert handler.given_up == []


@pytest.mark.parametrize("error", [BadWork("no such thing"), BadEntry("unreadable")])
@virtual_time
async def test_bad_work_is_dead_lettered_and_reported_at_once(error: Exception) -> None:
    bus, handler = make_bus(), ScriptedHandler(raising(error))
    async with working(bus, handler):
        await post(bus)
        await settle()
        assert handler.given_up == [str(error)]
        (letter,) = await dead_letters(bus)
        assert (letter.reason, letter.attempts, letter.stage) == (str(error), 1, "tts")
        assert letter.message_id
        assert await bus.open_work("tts") == 0


@virtual_time
async def test_work_is_given_up_once_with_the_last_failure_after_the_last_attempt() -> None:
    errors = [RetryLater("first"), RetryLater("second"), RetryLater("third"), RetryLater("never seen")]
    bus, handler = make_bus(), ScriptedHandler(raising(*errors))
    async with working(bus, handler):
        await post(bus)
        await asyncio.sleep(10 * SETTINGS.lease_s)
        assert len(handler.begun) == SETTINGS.max_attempts
        assert handler.given_up == ["given up after 3 attempts; last failure: RetryLater: third"]
        assert [letter.reason for letter in await dead_letters(bus)] == handler.given_up
        assert await bus.open_work("tts") == 0


@virtual_time
async def test_failing_give_up_does_not_end_the_worker_and_the_work_is_finished() -> None:
    async def broken(_claim: Claim) -> None:
        raise BadEntry("the event cannot be read")

    bus, handler = make_bus(), ScriptedHandler(raising(BadWork("poison")))
    handler.on_give_up = broken
    async with working(bus, handler):
        await post(bus)
        await settle()
        assert await bus.open_work("tts") == 0
        assert len(await dead_letters(bus)) == 1
        await post(bus)
        await settle()
        assert len(handler.ended) == 1


@pytest.mark.parametrize("turn_id", ["t", None], ids=["a turn", "no turn"])
@virtual_time
async def test_dead_letter_names_the_turn_that_was_given_up(turn_id: str | None) -> None:
    bus, handler = make_bus(), ScriptedHandler(raising(BadWork("poison")))
    handler.turn_id = turn_id
    async with working(bus, handler):
        await post(bus)
        await settle()
        assert [letter.turn_id for letter in await dead_letters(bus)] == [turn_id or ""]


@virtual_time
async def test_dead_work_with_unreadable_fields_is_dead_lettered() -> None:
    bus, handler = make_bus(), ScriptedHandler(raising(BadWork("poison")))
    await bus.prepare("tts")
    outlet = bus.outlet()
    outlet.append(bus.keys.work("tts"), Work("x"), message_id=b"\xff")
    await outlet.flush()
    async with working(bus, handler):
        await settle()
        assert len(await dead_letters(bus)) == 1


@virtual_time
async def test_give_up_waits_while_the_bus_is_unavailable() -> None:
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
async def test_attempt_repeated_after_an_outage_stays_with_its_worker_and_does_not_count(
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
    class Losing(MemoryBus):
        """Delivers work once in a reply that does not arrive."""

        lost = False

        async def claim(self, stage: Stage, worker: str, *, count: int, block_s: float) -> Sequence[Claim]:
            claims = await super().claim(stage, worker, count=count, block_s=block_s)
            if claims and not self.lost:
                self.lost = True
                raise BusUnavailable("cut")
            return claims

    bus, handler = Losing(Keys("test"), clock=now), ScriptedHandler(nothing)
    async with working(bus, handler):
        await post(bus)
        await asyncio.sleep(0.5)
        assert [claim.attempt for claim in handler.begun] == [2]


@pytest.mark.parametrize("refusal", [WriteRefused("WRONGTYPE"), ExceptionGroup("", [WriteRefused("ids used up")])])
@virtual_time
async def test_work_whose_give_up_redis_refuses_is_dead_lettered(refusal: Exception) -> None:
    async def refused(_claim: Claim) -> None:
        raise refusal

    bus, handler = make_bus(), ScriptedHandler(refused)
    handler.on_give_up = refused
    async with working(bus, handler):
        await post(bus)
        await asyncio.sleep(10 * SETTINGS.lease_s)
        assert len(handler.begun) == SETTINGS.max_attempts
        assert len(handler.given_up) == len(await dead_letters(bus)) == 1
        assert await bus.open_work("tts") == 0


@virtual_time
async def test_dead_letter_refused_by_its_stream_goes_to_the_fallback_key() -> None:
    bus, handler = make_bus(), ScriptedHandler(raising(BadWork("ids")))
    spoil: Outlet = bus.outlet()
    spoil.put(bus.keys.dead(), {"not": "a stream"})
    await spoil.flush()
    async with working(bus, handler):
        await post(bus)
        await asyncio.sleep(1)
        assert await bus.open_work("tts") == 0
    (entry,) = await bus.read(bus.keys.dead_aside())
    assert "ids" in decode(DeadLetter, entry.fields).reason


@virtual_time
async def test_give_up_waits_while_redis_refuses_writes() -> None:
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
async def test_bus_outage_does_not_end_the_worker() -> None:
    bus, handler = make_bus(), ScriptedHandler(nothing)
    async with working(bus, handler):
        bus.break_connection()
        await asyncio.sleep(30)
        bus.restore_connection()
        await post(bus)
        await asyncio.sleep(5)
        assert len(handler.ended) == 1


@virtual_time
async def test_stopping_worker_finishes_its_jobs_and_claims_no_more_work() -> None:
    async def a_while(_claim: Claim) -> None:
        await asyncio.sleep(SETTINGS.drain_s / 2)

    bus, handler = make_bus(), ScriptedHandler(a_while)
    async with working(bus, handler, concurrency=1):
        await post(bus, 2)
        await settle()
    assert (len(handler.ended), handler.cancelled) == (1, [])
    assert await bus.open_work("tts") == 1


@virtual_time
async def test_stopping_worker_requeues_work_that_takes_too_long() -> None:
    bus, handler = make_bus(), ScriptedHandler(forever)
    async with working(bus, handler) as worker:
        await post(bus)
        await settle()
        begun = now()
    assert now() - begun == pytest.approx(SETTINGS.drain_s, abs=0.1)
    assert handler.cancelled == [handler.begun[0].id]
    assert handler.given_up == []
    (claim,) = await bus.claim("tts", "peer", count=9, block_s=0)
    assert claim.fields == handler.begun[0].fields
    assert claim.attempt == 1, "a stop is not a failed attempt"
    assert worker.member not in await bus.alive(60)


@virtual_time
async def test_work_of_a_stopping_worker_goes_to_a_waiting_peer_without_a_pause() -> None:
    bus, stopped, peer = make_bus(), ScriptedHandler(forever), ScriptedHandler(nothing)
    hasty = settings_of(CommonSettings, lease_s=3, drain_s=0)
    async with working(bus, stopped, settings=hasty):
        await post(bus)
        await settle()
        starting = working(bus, peer)
        await starting.__aenter__()
        await settle()
        begun = now()
    await settle()
    assert len(peer.ended) == 1
    assert now() - begun < 0.01
    await starting.__aexit__(None, None, None)


@virtual_time
async def test_stopping_workers_one_after_the_other_uses_up_no_attempt() -> None:
    bus = make_bus()
    await bus.prepare("tts")
    await post(bus)
    hasty = settings_of(CommonSettings, drain_s=0, max_attempts=1)
    for _ in range(5):
        handler = ScriptedHandler(forever)
        async with working(bus, handler, settings=hasty):
            pass
        assert handler.begun[0].attempt == 1
    last = ScriptedHandler(nothing)
    async with working(bus, last):
        assert len(last.ended) == 1
    assert await dead_letters(bus) == []


@virtual_time
async def test_work_of_a_worker_that_broke_counts_as_a_failed_attempt() -> None:
    bus, handler = make_bus(), ScriptedHandler(forever)
    async with working(bus, handler) as worker:
        await post(bus)
        await settle()
        worker.broke = True
    (claim,) = await claims_of(bus, idle_s=SETTINGS.lease_s)
    assert (claim.id, claim.attempt) == (handler.begun[0].id, 2)


def newer(version: int = VERSION + 1) -> Act:
    async def act(_claim: Claim) -> None:
        raise UnknownVersion(version)

    return act


@virtual_time
async def test_work_of_a_newer_release_is_given_up_without_a_worker_of_that_release() -> None:
    bus, handler = make_bus(), ScriptedHandler(newer())
    await bus.beat(f"llm:box-1-aaaaaa.v{VERSION + 1}:demo")
    await bus.beat("tts:box-2-bbbbbb:scripted")  # a worker of a release whose names have no version
    async with working(bus, handler):
        await post(bus)
        await settle()
        assert len(handler.given_up) == 1
        assert "newer release" in handler.given_up[0]
        assert "update this worker" in handler.given_up[0]
        (letter,) = await dead_letters(bus)
        assert letter.message_id
        assert await bus.open_work("tts") == 0


@virtual_time
async def test_work_of_a_newer_release_is_left_to_a_live_worker_of_that_release() -> None:
    bus, old, other = make_bus(), ScriptedHandler(newer()), ScriptedHandler(newer())
    member = f"tts:box-1-aaaaaa.v{VERSION + 1}:scripted"
    async with working(bus, old), working(bus, other):
        await bus.beat(member)
        await post(bus)
        for _ in range(30):
            await asyncio.sleep(1)
            await bus.beat(member)
        assert len(old.begun) + len(other.begun) == 2, "each looks at it once"
        assert old.given_up == other.given_up == []
        (claim,) = await claims_of(bus, idle_s=SETTINGS.lease_s)
        assert await bus.nack(claim, "peer")
        await bus.leave(member)
        await asyncio.sleep(SETTINGS.lease_s)
        assert len(old.given_up) + len(other.given_up) == 1, "no worker is left that could"
        assert await bus.open_work("tts") == 0


@virtual_time
async def test_leaving_work_to_a_newer_worker_uses_up_no_attempt() -> None:
    bus = make_bus()
    member = f"tts:box-1-aaaaaa.v{VERSION + 1}:scripted"
    await bus.prepare("tts")
    await post(bus)
    for _ in range(SETTINGS.max_attempts + 2):
        old = ScriptedHandler(newer())
        await bus.beat(member)
        async with working(bus, old):
            await asyncio.sleep(1)
        assert len(old.begun) == 1
        assert old.given_up == []
    able = ScriptedHandler(raising(*[RetryLater("busy")] * (SETTINGS.max_attempts - 1)))
    async with working(bus, able):
        await asyncio.sleep(SETTINGS.max_attempts * 2 * SETTINGS.lease_s)
        assert len(able.begun) == SETTINGS.max_attempts
        assert len(able.ended) == 1
    assert await dead_letters(bus) == []


@virtual_time
async def test_work_left_to_newer_workers_is_given_up_after_its_failed_attempts() -> None:
    bus = make_bus()
    await bus.prepare("tts")
    await post(bus)
    await bus.beat(f"tts:box-1-aaaaaa.v{VERSION + 1}:scripted")
    async with working(bus, ScriptedHandler(newer())):
        await settle()
    able = ScriptedHandler(raising(*[RetryLater("busy")] * 9))
    async with working(bus, able):
        await asyncio.sleep(20 * SETTINGS.lease_s)
    assert len(able.begun) == SETTINGS.max_attempts
    assert able.given_up == [f"given up after {SETTINGS.max_attempts} attempts; last failure: RetryLater: busy"]


@virtual_time
async def test_reason_of_dead_work_is_the_first_error_of_a_group() -> None:
    bus, handler = make_bus(), ScriptedHandler(raising(ExceptionGroup("of tasks", [BadEntry("no text in it")])))
    async with working(bus, handler):
        await post(bus)
        await settle()
        assert handler.given_up == ["no text in it"]


@virtual_time
async def test_job_stopped_before_its_first_step_is_requeued() -> None:
    bus, handler = make_bus(), ScriptedHandler(forever)
    stop = asyncio.Event()
    worker = Worker(bus, "tts", handler, settings_of(CommonSettings, drain_s=0), engine="scripted", concurrency=5)
    run = asyncio.create_task(worker.run(stop))
    await settle()
    await bus.post("tts", Work(new_id(), message_id=new_id()))
    stop.set()
    await run
    left = [*await bus.claim("tts", "peer", count=9, block_s=0), *await claims_of(bus, idle_s=SETTINGS.lease_s)]
    assert len(left) == 1


@virtual_time
async def test_job_cancelled_before_its_first_step_frees_its_slot() -> None:
    bus, handler = make_bus(), ScriptedHandler(nothing)
    async with working(bus, handler, concurrency=1):
        await post(bus)
        while not (begun := [task for task in asyncio.all_tasks() if task.get_name().startswith("work ")]):  # noqa: ASYNC110 - it must be seen before its first step
            await asyncio.sleep(0)
        begun[0].cancel()
        await settle()
        assert handler.begun == []
        await post(bus)
        await settle()
        assert len(handler.ended) == 1


@virtual_time
async def test_worker_is_alive_under_its_name_and_engine() -> None:
    bus = make_bus()
    async with working(bus, ScriptedHandler(nothing)) as worker:
        await settle()
        assert list(await bus.alive(5)) == [f"tts:{worker.name}:scripted"]
    assert list(await bus.alive(5)) == []


@virtual_time
async def test_workers_share_the_work_and_do_each_piece_once() -> None:
    async def a_while(_claim: Claim) -> None:
        await asyncio.sleep(0.2)

    bus = make_bus()
    first, second = ScriptedHandler(a_while), ScriptedHandler(a_while)
    async with working(bus, first, concurrency=2), working(bus, second, concurrency=2):
        await post(bus, 12)
        await asyncio.sleep(5)
        assert max(Counter(first.ended + second.ended).values()) == 1
        assert len(first.ended) + len(second.ended) == 12
        assert first.ended
        assert second.ended
