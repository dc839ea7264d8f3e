"""The main loop of a worker: claim work, renew its leases, take over the work of dead peers, and drain when stopped.

One TaskGroup holds the loops, an inner one the jobs, so leases are renewed until the last job has ended. `jobs` makes
the attempts at a piece of work.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Mapping, Sequence

from tertulia_shared.bus import UNASSIGNED, Bus, BusError, Claim
from tertulia_shared.chosen_work import ChosenWork, SpeechPresence
from tertulia_shared.jobs import PEER_ALIVE_S, Handler, Job, Jobs, backoff_s, longest_wait_s
from tertulia_shared.keys import Stage
from tertulia_shared.lease_checks import LeaseChecks
from tertulia_shared.metrics import Metrics
from tertulia_shared.metrics.heartbeat import Heartbeat
from tertulia_shared.metrics.work import WorkMetrics
from tertulia_shared.new_work import NewWork
from tertulia_shared.peers import Peers
from tertulia_shared.settings import CommonSettings
from tertulia_shared.ticks import sleep_until_multiple, until_multiple
from tertulia_shared.work import Ending, log_ids
from tertulia_shared.worker_names import name_of, reads, worker_name

CLAIM_BLOCK_S = 5.0
RENEWALS_PER_LEASE = 6
LATE_SHARE = 0.5
"""A renewal is late if it comes after this share of the lease."""
BEAT_S = 1.0
LOOK_S = 1.0
"""Longest time between looks at the peers."""
MAX_STARTED = 1_000
"""The ids of this many started pieces of work are remembered: many more than a worker holds at once."""

log = logging.getLogger(__name__)


def now() -> float:
    """The loop's monotonic time, in seconds."""
    return asyncio.get_running_loop().time()


class Worker:
    """Runs one stage's jobs, at most `concurrency` at once.

    `slots`: the number that it begins without delay; beyond it, a peer with a free slot gets new work first.
    `presence`: of a tts worker, which chooses the work that its engine can speak.
    """

    def __init__(
        self, bus: Bus, stage: Stage, handler: Handler, settings: CommonSettings,
        *, engine: str, concurrency: int, slots: int | None = None, metrics: Metrics | None = None,
        presence: SpeechPresence | None = None,
    ) -> None:  # fmt: skip
        self._bus = bus
        self._stage: Stage = stage
        self._settings = settings
        self._concurrency = concurrency
        self._jobs: dict[str, Job] = {}
        self._started = deque[str](maxlen=MAX_STARTED)
        """The ids of the newest pieces of work that jobs were started for."""
        self._slot_free = asyncio.Event()
        self.broke = False
        """Set before the worker stops because it broke: its work may be the cause, so the attempt counts as failed."""
        metrics = metrics or Metrics()
        self._heartbeat = Heartbeat(metrics)
        self._metrics = WorkMetrics(metrics, stage, slots=concurrency)
        self.name = worker_name()
        self.member = f"{stage}:{self.name}:{engine}"
        self._run = Jobs(
            bus, stage, handler, worker=self.name, member=self.member, max_attempts=settings.max_attempts,
            metrics=self._metrics, broke=lambda: self.broke,
        )  # fmt: skip
        bounds = {"slots": slots or concurrency, "limit": concurrency}
        self._new_work = (
            NewWork(bus, stage, self.name, **bounds)
            if presence is None
            else ChosenWork(bus, self.name, presence, **bounds)
        )
        self._new_work.left = self._run.left_to_newer
        self._peers = Peers(self.name, self._peer_ended)
        self._ended_peers: set[str] = set()
        """Peers whose process has ended: they died, or stopped in order."""
        self._has_peer_ended = asyncio.Event()
        self._dead: set[str] = set()
        """Peers that died and may still hold work; `UNASSIGNED` if work was handed back."""
        self._reply_lost = False
        """True if claiming failed, or a claim's reply was lost: Redis may have delivered work to this worker."""
        self._checks = LeaseChecks(settings.lease_s)
        self._waiting: asyncio.Timeout | None = None
        """Ends the wait for new work early."""
        self._waits_until = 0.0
        """When that wait ends by itself."""

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; then drain: finish the jobs in progress, requeue those that exceed `drain_s`."""
        leases = self._bus.keep_leases(
            self._stage, self.name, every_s=self._settings.lease_s / RENEWALS_PER_LEASE,
            held=self._held, on_lost=self._lost, on_renewed=self._renewed,
        )  # fmt: skip
        async with leases, asyncio.TaskGroup() as loops:
            upkeep = [loops.create_task(each) for each in (self._beat(), self._watch_peers(), self._watch_for_deaths())]
            async with asyncio.TaskGroup() as jobs:
                claiming = jobs.create_task(self._claim(jobs))
                await stop.wait()
                log.info("stopping: no new work", extra={"worker": self.name, "count": len(self._jobs)})
                claiming.cancel()
                await asyncio.wait([claiming])  # stop claiming first: it could claim the work that we requeue
                await self._requeue_unstarted()
                await self._drain()
            for task in upkeep:
                task.cancel()
        with contextlib.suppress(BusError):
            await self._bus.deregister(self._stage, self.name)
            await self._bus.leave(self.member)

    async def change_engine(self, engine: str) -> None:
        """Register with another engine."""
        old = self.member
        self.member = self._run.member = f"{self._stage}:{self.name}:{engine}"
        if old != self.member:
            with contextlib.suppress(BusError):  # the next heartbeat registers it; the old entry becomes too old
                await self._bus.beat(self.member)
                await self._bus.leave(old)

    # -- getting work

    async def _claim(self, jobs: asyncio.TaskGroup) -> None:
        """Start jobs: new work, work of dead peers, and at intervals work whose lease has expired.

        One loop for all three, because each claims as much as there are free slots.
        """
        failures = 0
        prepared = False
        while True:
            free = await self._free_slots()
            try:
                if not prepared:  # called here, because Redis may be unavailable at the start
                    await self._bus.prepare(self._stage)
                    await self._new_work.refresh(await self._bus.alive(PEER_ALIVE_S), ())
                    prepared = True
                free = min(free, max(1, self._new_work.slots - len(self._jobs)))  # peers take over the rest
                claims = await self._work_of_dead_peers(free)
                if not claims and self._checks.begin_check(now()):
                    claims = await self._expired(free)
                if not claims:
                    block_s = min(CLAIM_BLOCK_S, self._checks.until_due(now()))
                    self._waits_until = now() + block_s
                    claims = await self._new(block_s)
                    if now() - self._waits_until > self._checks.look_interval_s:
                        self._checks.stalled(now())
                claims = await self._new_work.keep(claims)
                failures = 0
            except BusError as error:
                self._reply_lost = True
                failures += 1
                log.warning("claiming paused: %s", error, extra={"worker": self.name})
                await asyncio.sleep(backoff_s(failures, longest_wait_s(error)))
                self._checks.stalled(now())
                continue
            for claim in claims:
                self._start(jobs, claim)

    async def _new(self, block_s: float) -> Sequence[Claim]:
        try:
            async with asyncio.timeout(None) as self._waiting:
                if self._dead:  # a peer died since the last check
                    return ()
                claims = await self._new_work.claim(len(self._jobs), block_s)
        except TimeoutError:  # a peer died: take its work first. Work in a lost reply is claimed again
            self._reply_lost = True
            return ()
        finally:
            self._waiting = None
        self._metrics.claimed(claims)
        return claims

    async def _work_of_dead_peers(self, free: int) -> Sequence[Claim]:
        """Take over the work of dead peers, and claim our own work of a lost reply again."""
        while self._dead:
            name = next(iter(self._dead))
            claims = await self._take_over(free, idle_s=0, of=name)
            if len(claims) < free:
                self._dead.discard(name)
            if claims:
                return claims
        if self._reply_lost:
            claims = await self._take_over(free, idle_s=0, of=self.name)
            self._reply_lost = len(claims) == free
            return claims
        return ()

    async def _expired(self, free: int) -> Sequence[Claim]:
        await self._claim_left_work()
        return await self._take_over(free, idle_s=self._settings.lease_s)

    async def _take_over(self, free: int, *, idle_s: float, of: str = "") -> Sequence[Claim]:
        # Leave out our own work, too: after a stall of this process this check may come before the renewals, and our
        # work then looks idle. If it is really lost, the renewals report it, and the next check finds it.
        leave = [*self._run.left_to_newer, *self._jobs]
        claims = await self._bus.take_over(
            self._stage, self.name, idle_s=idle_s, count=free, leave=leave, of=of,
            but_of=self._new_work.not_taken_over_from,
        )  # fmt: skip
        self._metrics.taken_over(claims)
        for claim in claims:
            log.info("took work over", extra=log_ids(claim, self.name))
        return claims

    async def _claim_left_work(self) -> None:
        """If no worker of the newer release is alive, claim the work left for it again, in order to give it up."""
        left = self._run.left_to_newer
        if left:
            alive = await self._bus.alive(PEER_ALIVE_S)
            for work_id in [work_id for work_id, version in left.items() if not reads(alive, self._stage, version)]:
                del left[work_id]

    # -- leases and presence

    def _held(self) -> Mapping[str, int]:
        """The attempts in progress, by work id. Called from the thread that renews them: `list` copies in one step."""
        return {job.claim.id: job.claim.attempt for job in list(self._jobs.values())}

    def _lost(self, work_id: str, attempt: int) -> None:
        job = self._jobs.get(work_id)
        if job is None or job.is_ending:  # Redis may know of the end already; if the work is lost, its reply says so
            return
        if job.claim.attempt == attempt:  # skip it if this worker has claimed it again meanwhile
            log.warning("lost work to a peer", extra=log_ids(job.claim, self.name))
            job.cancel(Ending.LOST)

    def _renewed(self, since_s: float) -> None:
        if since_s > LATE_SHARE * self._settings.lease_s:
            self._metrics.renewal_late()

    async def _beat(self) -> None:
        while True:
            with contextlib.suppress(BusError):
                await self._heartbeat.beat(self._bus.beat(self.member, slots=self._new_work.slots))
            await self._heartbeat.rest(until_multiple(now(), BEAT_S))

    async def _watch_peers(self) -> None:
        try:
            while True:
                with contextlib.suppress(BusError):
                    await self._look()
                # often enough to see pending work before its lease ends
                await sleep_until_multiple(min(LOOK_S, self._checks.look_interval_s))
        finally:
            self._peers.close()

    async def _look(self) -> None:
        """Look which peers are alive, and who holds work."""
        self._checks.begin_look(now())
        is_pending: bool | None = None
        try:
            members, holders, slots = await asyncio.gather(
                self._bus.alive(PEER_ALIVE_S),
                self._bus.holders(self._stage),
                self._bus.slots(self._stage, PEER_ALIVE_S),
            )
            is_pending = bool(holders)
        finally:
            self._checks.end_look(now(), is_pending=is_pending)
        alive = [name_of(each) for each in members if self._is_peer(each)]
        self._peers.watch(alive, holders)
        if await self._new_work.refresh([each for each in members if not self._has_ended(each)], holders):
            self._end_wait()  # a blocked claim would take work that is no longer its own
        self._share_with({name: slots[name] for name in alive if name in slots})
        if UNASSIGNED in holders and self._waits_until - now() > self._checks.interval_s:
            self._dead.add(UNASSIGNED)  # work was handed back: it has no lease to wait for
            self._end_wait()

    def _share_with(self, slots: Mapping[str, int]) -> None:
        """Share new work with the live workers of the stage. `slots`: how many jobs each begins without delay."""
        peers = {name: count for name, count in slots.items() if name != self.name and not self._peers.has_ended(name)}
        if self._new_work.share_with(peers):
            log.info("sharing new work with peers", extra={"worker": self.name, "count": len(peers)})

    async def _watch_for_deaths(self) -> None:
        while True:
            await self._has_peer_ended.wait()
            self._has_peer_ended.clear()
            with contextlib.suppress(BusError):
                await self._look_for_work_of_ended_peers()

    async def _look_for_work_of_ended_peers(self) -> None:
        """A peer that ended and still holds work has died: one that stops in order hands its work back."""
        ended = set(self._ended_peers)
        died = ended.intersection(await self._bus.holders(self._stage))
        self._ended_peers -= ended
        for name in died:
            log.warning("a peer on this machine died", extra={"peer": name, "worker": self.name})
        self._dead |= died
        if died:
            self._end_wait()

    def _end_wait(self) -> None:
        if self._waiting is not None and not self._waiting.expired():
            self._waiting.reschedule(now())

    def _has_ended(self, member: str) -> bool:
        return self._peers.has_ended(name_of(member))

    def _is_peer(self, member: str) -> bool:
        return member.startswith(f"{self._stage}:")

    def _peer_ended(self, name: str) -> None:
        self._ended_peers.add(name)
        self._new_work.forget(name)
        self._has_peer_ended.set()

    # -- the jobs

    async def _requeue_unstarted(self) -> None:
        """Requeue work that Redis delivered to the claim that was cancelled: otherwise it would wait for the drain."""
        with contextlib.suppress(BusError):
            count = await self._bus.requeue_unstarted(self._stage, self.name, started=self._started)
            if count:
                log.info("handed work back", extra={"worker": self.name, "count": count})

    async def _drain(self) -> None:
        tasks = [job.task for job in self._jobs.values() if job.task is not None]
        if tasks:
            await asyncio.wait(tasks, timeout=self._settings.drain_s)
        for job in list(self._jobs.values()):
            job.cancel(Ending.RETRY)

    async def _free_slots(self) -> int:
        while len(self._jobs) >= self._concurrency:
            self._slot_free.clear()
            await self._slot_free.wait()
        return self._concurrency - len(self._jobs)

    def _start(self, jobs: asyncio.TaskGroup, claim: Claim) -> None:
        known = self._jobs.get(claim.id)
        if known is not None:  # the work was delivered again: Redis has lost its last second
            known.cancel(Ending.LOST)
        job = Job(claim)
        self._jobs[claim.id] = job
        self._started.append(claim.id)
        self._metrics.jobs(len(self._jobs))
        job.task = jobs.create_task(self._run.run(job), name=f"work {claim.id}")
        job.task.add_done_callback(lambda _: self._ended(job))  # also called for a task that never started

    def _ended(self, job: Job) -> None:
        if self._jobs.get(job.claim.id) is job:
            del self._jobs[job.claim.id]
            self._metrics.jobs(len(self._jobs))
        self._slot_free.set()
