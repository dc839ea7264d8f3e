"""The life of a worker: claim, renew, finish; take over what others left; drain when told to stop.

One TaskGroup holds the loops, an inner one the jobs, so leases are renewed until the last job has ended. What a job
does with its work is the stage's `Handler`; how it may end is `work.ending_of`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from tertulia_shared.bus import Bus, BusError, Claim
from tertulia_shared.codec import UnknownVersion
from tertulia_shared.entries import DeadLetter
from tertulia_shared.groups import first_error
from tertulia_shared.keys import Stage
from tertulia_shared.metrics import Metrics
from tertulia_shared.metrics.pulse import Pulse
from tertulia_shared.metrics.work import WorkMetrics
from tertulia_shared.presence import reads, worker_name
from tertulia_shared.settings import CommonSettings
from tertulia_shared.work import Ending, ending_of, pointed_at

CLAIM_BLOCK_S = 5.0
RENEWALS_PER_LEASE = 3
BEAT_S = 1.0
MAX_LEFT = 1_000
"""Pieces of work remembered as left to newer workers."""
PEER_ALIVE_S = 5.0
"""A worker that was heard of within so many seconds is alive."""
MAX_BACKOFF_S = 2.0

log = logging.getLogger(__name__)


class Handler(Protocol):
    """What a stage does with a piece of work."""

    async def handle(self, claim: Claim) -> None:
        """Do it; return when its effect is durable. Cancelled when the work is lost or the worker stops."""
        ...

    async def give_up(self, claim: Claim, reason: str) -> str | None:
        """Tell the client, and let nobody wait for what will not come; the id of the turn that this ends, if one."""
        ...


@dataclass(slots=True)
class _Job:
    claim: Claim
    task: asyncio.Task[None] | None = None
    cancelled_for: Ending | None = None


def now() -> float:
    """The loop's monotonic time, in seconds."""
    return asyncio.get_running_loop().time()


class Worker:
    """Runs one stage's jobs, at most `concurrency` at once."""

    def __init__(
        self, bus: Bus, stage: Stage, handler: Handler, settings: CommonSettings,
        *, engine: str, concurrency: int, metrics: Metrics | None = None,
    ) -> None:  # fmt: skip
        self._bus = bus
        self._stage: Stage = stage
        self._handler = handler
        self._settings = settings
        self._concurrency = concurrency
        self._jobs: dict[str, _Job] = {}
        self._slot_free = asyncio.Event()
        self._left_to_newer: dict[str, int] = {}
        """Work that a newer release has to do: its id, and the schema version it takes."""
        self.broke = False
        """Set before it is stopped because it broke: what it had in hand may be why, so that was a failed attempt."""
        metrics = metrics or Metrics()
        self._pulse = Pulse(metrics)
        self._metrics = WorkMetrics(metrics, stage, slots=concurrency)
        self.name = worker_name()
        self.member = f"{stage}:{self.name}:{engine}"

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; then drain: finish what is begun, hand back what takes longer than `drain_s`."""
        async with asyncio.TaskGroup() as loops:
            upkeep = [loops.create_task(self._beat()), loops.create_task(self._renew())]
            async with asyncio.TaskGroup() as jobs:
                claiming = jobs.create_task(self._claim(jobs))
                await stop.wait()
                log.info("stopping: no new work", extra={"worker": self.name, "count": len(self._jobs)})
                claiming.cancel()
                await asyncio.wait([claiming])  # or it could be given what we pass on
                await self._drain()
            for task in upkeep:
                task.cancel()
        with contextlib.suppress(BusError):
            await self._bus.retire(self._stage, self.name)
            await self._bus.leave(self.member)

    async def _claim(self, jobs: asyncio.TaskGroup) -> None:
        """Start what there is to do: new work, and every third of a lease what others left.

        One loop for both: each asks for as much as there are free slots, and must not count on the same ones.
        """
        failures = 0
        prepared = False
        next_look = now()
        while True:
            free = await self._free_slots()
            try:
                if not prepared:  # here, for Redis may be away just when we start
                    await self._bus.prepare(self._stage)
                    prepared = True
                claims: Sequence[Claim] = ()
                if now() >= next_look:
                    next_look = now() + self._settings.lease_s / RENEWALS_PER_LEASE
                    claims = await self._take_over(free)
                if not claims:
                    block_s = min(CLAIM_BLOCK_S, max(0.0, next_look - now()))
                    claims = await self._bus.claim(self._stage, self.name, count=free, block_s=block_s)
                    self._metrics.claimed(claims)
                failures = 0
            except BusError as error:
                failures += 1
                log.warning("claiming paused: %s", error, extra={"worker": self.name})
                await asyncio.sleep(min(MAX_BACKOFF_S, 0.05 * 2**failures))
                continue
            for claim in claims:
                self._start(jobs, claim)

    async def _take_over(self, free: int) -> Sequence[Claim]:
        await self._look_for_newer()
        # Our own, too: after a stall of this process this look may come before the renewals, and find what we do idle.
        # What we have really lost, the renewals tell, and the next look finds.
        leave = [*self._left_to_newer, *self._jobs]
        claims = await self._bus.take_over(
            self._stage, self.name, idle_s=self._settings.lease_s, count=free, leave=leave
        )
        self._metrics.taken_over(claims)
        for claim in claims:
            log.info("took work over", extra={"work_id": claim.id, "attempt": claim.attempt, "worker": self.name})
        return claims

    async def _look_for_newer(self) -> None:
        """What was left to workers of a newer release is ours again (to give up) when there are none."""
        if self._left_to_newer:
            alive = await self._bus.alive(PEER_ALIVE_S)
            self._left_to_newer = {
                work_id: version
                for work_id, version in self._left_to_newer.items()
                if reads(alive, self._stage, version)
            }

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(self._settings.lease_s / RENEWALS_PER_LEASE)
            asked = dict(self._jobs)
            try:
                lost = await self._bus.renew(self._stage, self.name, list(asked))
            except BusError:
                continue  # the jobs' own writes meet the same trouble
            for work_id in lost:
                job = asked[work_id]
                if self._jobs.get(work_id) is job:  # not if it has come back to us since we asked
                    log.warning("lost work to a peer", extra={"work_id": work_id, "worker": self.name})
                    self._cancel(job, Ending.LOST)

    async def _beat(self) -> None:
        while True:
            with contextlib.suppress(BusError):
                await self._pulse.beat(self._bus.beat(self.member))
            await self._pulse.rest(BEAT_S)

    async def _drain(self) -> None:
        tasks = [job.task for job in self._jobs.values() if job.task is not None]
        if tasks:
            await asyncio.wait(tasks, timeout=self._settings.drain_s)
        for job in list(self._jobs.values()):
            self._cancel(job, Ending.RETRY)

    async def _free_slots(self) -> int:
        while len(self._jobs) >= self._concurrency:
            self._slot_free.clear()
            await self._slot_free.wait()
        return self._concurrency - len(self._jobs)

    def _start(self, jobs: asyncio.TaskGroup, claim: Claim) -> None:
        known = self._jobs.get(claim.id)
        if known is not None:  # delivered again: Redis came back without its last second
            self._cancel(known, Ending.LOST)
        job = _Job(claim)
        self._jobs[claim.id] = job
        self._metrics.jobs(len(self._jobs))
        job.task = jobs.create_task(self._run(job), name=f"work {claim.id}")
        job.task.add_done_callback(lambda _: self._ended(job))  # also called for one that was never begun

    def _ended(self, job: _Job) -> None:
        if self._jobs.get(job.claim.id) is job:
            del self._jobs[job.claim.id]
            self._metrics.jobs(len(self._jobs))
        self._slot_free.set()

    def _cancel(self, job: _Job, ending: Ending) -> None:
        if job.task is not None and job.cancelled_for is None:
            job.cancelled_for = ending
            job.task.cancel()

    async def _run(self, job: _Job) -> None:
        claim = job.claim
        error: Exception | None = None
        try:
            if claim.attempt > self._settings.max_attempts:
                attempts = claim.attempt - await self._bus.times_left(claim)
                if attempts > self._settings.max_attempts:
                    await self._bury(claim, f"given up after {attempts - 1} attempts")
                    return
            try:
                await self._handler.handle(claim)
            except asyncio.CancelledError:
                if job.cancelled_for is None:
                    raise
                ending = job.cancelled_for
            except Exception as raised:  # noqa: BLE001 - whatever it is, it is counted and told
                first = first_error(raised)
                error, ending = first if isinstance(first, Exception) else raised, ending_of(raised)
            else:
                ending = Ending.FINISH
            await self._end(claim, ending, error)
        except BusError as trouble:
            self._metrics.failed(trouble)
            log.warning("work stays pending: %s", trouble, extra={"work_id": claim.id, "attempt": claim.attempt})

    async def _end(self, claim: Claim, ending: Ending, error: Exception | None) -> None:
        ids = {"work_id": claim.id, "attempt": claim.attempt, "worker": self.name}
        match ending:
            case Ending.FINISH:
                if await self._bus.finish(claim, self.name):
                    self._metrics.ended("finished")
                else:
                    self._metrics.ended("lost")
                    log.warning("finished work that a peer owns by now", extra=ids)
            case Ending.LOST:
                self._metrics.ended("lost")
                log.info("left work to its new owner", extra=ids)
            case Ending.NEWER if isinstance(error, UnknownVersion) and await self._is_read_by_a_peer(error.version):
                self._left_to_newer[claim.id] = error.version
                if len(self._left_to_newer) > MAX_LEFT:  # taken by a newer worker long since
                    del self._left_to_newer[next(iter(self._left_to_newer))]
                await self._bus.note_left(claim)  # to look at it is no attempt
                await self._bus.hand_back(claim, self.name)
                self._metrics.ended("handed_back")
                log.warning("left work to a newer worker: %s", error, extra=ids)
            case Ending.NEWER | Ending.DEAD:
                await self._bury(claim, str(error))
            case Ending.RETRY if error is not None:
                log.warning("attempt failed: %s", type(error).__name__, extra=ids, exc_info=error)
                await self._bus.note_failure(claim, f"{type(error).__name__}: {error}")
                self._metrics.failed(error)
            case Ending.RETRY:
                await (self._bus.hand_back if self.broke else self._bus.pass_on)(claim, self.name)
                self._metrics.ended("handed_back" if self.broke else "passed_on")
                log.info("handed work back", extra=ids)

    async def _is_read_by_a_peer(self, version: int) -> bool:
        return reads(await self._bus.alive(PEER_ALIVE_S), self._stage, version)

    async def _bury(self, claim: Claim, reason: str) -> None:
        last = await self._bus.last_failure(claim)
        reason = f"{reason}; last failure: {last}" if last else reason
        log.error("gave work up: %s", reason, extra={"work_id": claim.id, "attempt": claim.attempt})
        turn_id: str | None = None
        try:
            turn_id = await self._handler.give_up(claim, reason)
        except BusError:
            raise
        except Exception:  # work that cannot even be given up properly must not end one worker after the other
            log.exception("giving up failed", extra={"work_id": claim.id, "attempt": claim.attempt})
        work = pointed_at(claim.fields)
        letter = DeadLetter(
            self._stage, claim.id, claim.attempt, reason, work.conversation_id, work.message_id, work.session_id,
            turn_id=turn_id or "",
        )  # fmt: skip
        outlet = self._bus.outlet()
        outlet.append(self._bus.keys.dead(), letter)
        await outlet.flush()
        self._metrics.buried()
        await self._bus.finish(claim, self.name)
