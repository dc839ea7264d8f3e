"""Runs the attempts at a claimed piece of work, decides how each ends, and gives the work up. `worker` claims it."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from tertulia_shared.bus import Bus, BusError, BusRefused, BusUnavailable, Claim, WriteRefused, WritesPaused
from tertulia_shared.codec import UnknownVersion
from tertulia_shared.dead_letters import write_dead_letter
from tertulia_shared.entries import DeadLetter
from tertulia_shared.exception_groups import first_error
from tertulia_shared.keys import Stage
from tertulia_shared.metrics.work import WorkMetrics
from tertulia_shared.work import Ending, RetryLater, ending_of, log_ids, pointed_at
from tertulia_shared.worker_names import reads

MAX_LEFT = 1_000
"""A worker remembers at most this many pieces of work that it has left to newer workers."""
PEER_ALIVE_S = 5.0
"""A worker counts as alive if its last heartbeat is at most this many seconds old."""
FIRST_BACKOFF_S, MAX_BACKOFF_S = 0.05, 0.25
"""The first and the longest wait between two checks of whether Redis is back."""
MAX_REFUSED_S = 2.0
"""The longest wait between two checks of a Redis that refuses us, and after several interrupted attempts in a row."""
CALM_S = 5.0
"""An interrupted attempt that ran longer than this ends the row: the next wait is short again."""

log = logging.getLogger(__name__)


class Handler(Protocol):
    """A stage's code for a piece of work."""

    async def handle(self, claim: Claim) -> None:
        """Do the work and return when its effect is durable. The worker cancels it if it stops or loses the work."""
        ...

    async def give_up(self, claim: Claim, reason: str) -> str | None:
        """Report the failure to the client and end the turn that waits for the work.

        Returns the id of that turn, if any.
        """
        ...


@dataclass(slots=True)
class Job:
    """A piece of work in progress. `claim`: the current attempt.

    `is_ending`: Redis is being told how the attempt has ended, and may no longer list the work as held.
    """

    claim: Claim
    task: asyncio.Task[None] | None = None
    cancelled_for: Ending | None = None
    is_ending: bool = False

    def cancel(self, ending: Ending) -> None:
        """Cancel the attempt. `ending` is how the work then ends."""
        if self.task is not None and self.cancelled_for is None:
            self.cancelled_for = ending
            self.task.cancel()


def backoff_s(failures: int, longest_s: float = MAX_BACKOFF_S) -> float:
    """The wait, with jitter, after `failures` failed checks of Redis in a row."""
    return min(longest_s, FIRST_BACKOFF_S * 2 ** min(failures, 10)) * random.uniform(0.5, 1.0)  # noqa: S311 - jitter


class Jobs:
    """Runs the jobs of one worker.

    Args:
        bus: the bus that has the work. stage: the stage of the work.
        handler: the stage's code for the work.
        worker: this worker's name in the group.
        member: its name among the live workers.
        max_attempts: failed attempts before a piece of work is given up.
        metrics: counts how attempts end.
        broke: returns True if the worker stops because it broke.
    """

    def __init__(
        self, bus: Bus, stage: Stage, handler: Handler,
        *, worker: str, member: str, max_attempts: int, metrics: WorkMetrics, broke: Callable[[], bool],
    ) -> None:  # fmt: skip
        self._bus = bus
        self._stage: Stage = stage
        self._handler = handler
        self._worker = worker
        self.member = member
        self._max_attempts = max_attempts
        self._metrics = metrics
        self._broke = broke
        self._probing = asyncio.Lock()
        """Held by the job that checks whether Redis is back."""
        self.left_to_newer: dict[str, int] = {}
        """Work that needs a newer release: its id, and the schema version."""

    async def run(self, job: Job) -> None:
        """Make attempts at the work until it has ended.

        An attempt that ends because Redis is unavailable, or takes no writes, is repeated as soon as Redis is back:
        peers take the work over only when the lease has expired.
        """
        clock = asyncio.get_running_loop().time
        interruptions = 0
        try:
            while True:
                begun = clock()
                try:
                    return await self._attempt(job)
                except (BusUnavailable, WritesPaused) as trouble:
                    self._metrics.failed(trouble)
                    log.warning("work is interrupted: %s", trouble, extra=self._ids(job.claim))
                interruptions = 0 if clock() - begun > CALM_S else interruptions + 1
                await self._wait_for_redis(interruptions)
                again = await self._reclaimed(job)
                if again is None:
                    return await self._end(job, Ending.LOST, None)
                job.claim = again
                log.info("continued interrupted work", extra=self._ids(again))
        except asyncio.CancelledError:
            if job.cancelled_for is None:
                raise
            await self._leave(job)
        except BusError as trouble:
            self._metrics.failed(trouble)
            log.warning("work stays pending: %s", trouble, extra=self._ids(job.claim))

    async def _leave(self, job: Job) -> None:
        try:
            await self._end(job, job.cancelled_for or Ending.LOST, None)
        except BusError as trouble:
            log.warning("work stays pending: %s", trouble, extra=self._ids(job.claim))

    async def _wait_for_redis(self, interruptions: int) -> None:
        """Wait until Redis takes writes again; longer after several interrupted attempts in a row (`interruptions`)."""
        await asyncio.sleep(backoff_s(interruptions, MAX_REFUSED_S))
        async with self._probing:
            failures = 0
            while True:
                try:
                    return await self._bus.beat(self.member)
                except (BusUnavailable, WritesPaused) as trouble:
                    failures += 1
                    await asyncio.sleep(backoff_s(failures, longest_wait_s(trouble)))
                except WriteRefused:  # Redis answers again; it only refuses this heartbeat, which is no reason to wait
                    return None

    async def _reclaimed(self, job: Job) -> Claim | None:
        failures = 0
        while True:
            try:
                return await self._bus.reclaim(job.claim, self._worker)
            except (BusUnavailable, WritesPaused):
                failures += 1
                await asyncio.sleep(backoff_s(failures))

    async def _attempt(self, job: Job) -> None:
        claim = job.claim
        job.is_ending = False
        if claim.attempt > self._max_attempts:
            attempts = claim.attempt - await self._uncounted(claim)
            if attempts > self._max_attempts:
                await self._dead_letter(job, f"given up after {attempts - 1} attempts")
                return
        error: Exception | None = None
        try:
            await self._handler.handle(claim)
        except asyncio.CancelledError:
            if job.cancelled_for is None:
                raise
            ending = job.cancelled_for
        except Exception as raised:
            first = first_error(raised)
            error, ending = first if isinstance(first, Exception) else raised, ending_of(raised)
            if ending is Ending.INTERRUPTED:
                raise error from raised
        else:
            ending = Ending.FINISH
        await self._end(job, ending, error)

    async def _uncounted(self, claim: Claim) -> int:
        try:
            return await self._bus.uncounted(claim)
        except (BusUnavailable, WritesPaused):
            raise
        except WriteRefused:  # if the attempt counter cannot be read, still give the work up
            return 0

    async def _end(self, job: Job, ending: Ending, error: Exception | None) -> None:
        claim, ids = job.claim, self._ids(job.claim)
        match ending:
            case Ending.FINISH:
                job.is_ending = True
                if await self._bus.finish(claim, self._worker):
                    self._metrics.ended("finished")
                else:
                    self._metrics.ended("lost")
                    log.warning("a peer has already taken over the finished work", extra=ids)
            case Ending.LOST:
                self._metrics.ended("lost")
                log.info("stopped: another worker owns this work now", extra=ids)
            case Ending.NEWER if isinstance(error, UnknownVersion) and await self._is_read_by_a_peer(error.version):
                self.left_to_newer[claim.id] = error.version
                if len(self.left_to_newer) > MAX_LEFT:  # a newer worker has taken it over meanwhile
                    del self.left_to_newer[next(iter(self.left_to_newer))]
                await self._bus.note_uncounted(claim)  # not a failed attempt
                job.is_ending = True
                await self._bus.nack(claim, self._worker)
                self._metrics.ended("handed_back")
                log.warning("returned the work for a worker of a newer release: %s", error, extra=ids)
            case Ending.FOR_ANOTHER:
                await self._bus.note_uncounted(claim)
                job.is_ending = True
                await self._bus.nack(claim, self._worker)
                self._metrics.ended("handed_back")
                log.info("returned work: %s", error, extra=ids)
            case Ending.NEWER | Ending.DEAD:
                await self._dead_letter(job, str(error))
            case Ending.RETRY if error is not None:
                expected = isinstance(error, BusError | RetryLater)  # the text is enough, without a traceback
                log.warning(
                    "attempt failed: %s", f"{type(error).__name__}: {error}" if expected else type(error).__name__,
                    extra=ids, exc_info=None if expected else error,
                )  # fmt: skip
                await self._bus.note_failure(claim, f"{type(error).__name__}: {error}")
                self._metrics.failed(error)
            case Ending.RETRY | Ending.INTERRUPTED:
                broke = self._broke()
                job.is_ending = True
                await (self._bus.nack if broke else self._bus.requeue)(claim, self._worker)
                self._metrics.ended("handed_back" if broke else "passed_on")
                log.info("requeued work", extra=ids)

    async def _is_read_by_a_peer(self, version: int) -> bool:
        return reads(await self._bus.alive(PEER_ALIVE_S), self._stage, version)

    # -- giving up

    async def _dead_letter(self, job: Job, reason: str) -> None:
        """Dead-letter the work. This is postponed only if Redis is unavailable or takes no writes now."""
        claim = job.claim
        last = await self._last_failure(claim)
        reason = f"{reason}; last failure: {last}" if last else reason
        log.error("gave up work: %s", reason, extra=self._ids(claim))
        turn_id: str | None = None
        try:
            turn_id = await self._handler.give_up(claim, reason)
        except Exception as raised:  # dead-letter the work anyway: it would break every worker that claims it
            error = first_error(raised)
            if isinstance(error, BusUnavailable | WritesPaused):
                raise error from raised
            if isinstance(error, BusError):
                log.error("the error event could not be written: %s", error, extra=self._ids(claim))  # noqa: TRY400 - the message says it all
            else:
                log.exception("giving up failed", extra=self._ids(claim))
        work = pointed_at(claim.fields)
        letter = DeadLetter(
            self._stage,
            claim.id,
            claim.attempt,
            reason,
            work.conversation_id,
            work.message_id,
            work.session_id,
            turn_id=turn_id or "",
        )
        await write_dead_letter(self._bus, letter)
        self._metrics.given_up()
        job.is_ending = True
        await self._bus.finish(claim, self._worker)

    async def _last_failure(self, claim: Claim) -> str:
        try:
            return await self._bus.last_failure(claim)
        except (BusUnavailable, WritesPaused):
            raise
        except WriteRefused as error:
            return f"unknown ({error})"

    def _ids(self, claim: Claim) -> dict[str, object]:
        return log_ids(claim, self._worker)


def longest_wait_s(error: BusError) -> float:
    """The longest wait before the next check of Redis: frequent checks do not help if it refuses us."""
    return MAX_REFUSED_S if isinstance(error, BusRefused) else MAX_BACKOFF_S
