"""The work queue: pointers that a stage's workers claim, lease, and finish, requeue or nack."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol

from tertulia_shared.codec import Fields
from tertulia_shared.entries import Work
from tertulia_shared.entry_ids import BEGINNING
from tertulia_shared.keys import Stage

UNASSIGNED = "nobody"
"""The name of the consumer to which a group assigns nacked work until a worker takes it over."""
VIEW_COUNT = 256
"""The number of entries that a `QueueView` shows (see there)."""
HUNG_LOOP_S = 30.0
"""An event loop that has not run for this many seconds has hung: its leases are no longer renewed."""
InHand = Callable[[], Mapping[str, int]]
"""Returns the attempt numbers of the work in progress, by work id."""
OnLost = Callable[[str, int], None]
"""Called for work that another worker has taken over, with its id and the attempt that this worker has lost."""
OnRenewed = Callable[[float], None]
"""Called after a renewal, with the seconds since the renewal before it, or since no work was held."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A claimed work entry. `attempt` counts its deliveries, this one included."""

    stage: Stage
    id: str
    attempt: int
    fields: Fields

    @property
    def token(self) -> str:
        """The fencing token: the value of the owner key while this claim's holder may write."""
        return f"{self.id}/{self.attempt}"


@dataclass(frozen=True, slots=True)
class PendingWork:
    """A delivered, unfinished work entry: its worker, the seconds since its last renewal, and its deliveries.

    `worker` is `UNASSIGNED` after a nack, until another worker takes it over.
    """

    id: str
    worker: str
    idle_s: float
    attempt: int


@dataclass(frozen=True, slots=True)
class Backlog:
    """A stage's open work at one moment. Ages are seconds since the post, by the server's clock; 0 without an entry.

    `waiting`: not delivered yet. `held`: delivered to a worker and not finished, also if that worker has died since.
    `handed_back`: nacked by a worker that broke, or that left it to a newer release, and not taken over yet.
    """

    waiting: int = 0
    held: int = 0
    handed_back: int = 0
    oldest_waiting_s: float = 0.0
    oldest_given_out_s: float = 0.0
    """The age of the oldest entry among `held` and `handed_back`."""


@dataclass(frozen=True, slots=True)
class QueueLoad:
    """The entries of a stage that wait for a claim, the number that each worker holds, and the id of the last post.

    Workers that hold nothing are not listed.
    """

    waiting: int = 0
    held: Mapping[str, int] = field(default_factory=dict[str, int])
    last_id: str = BEGINNING


@dataclass(frozen=True, slots=True)
class WaitingWork:
    """A work entry that no worker holds: not delivered yet, returned, or set aside.

    `age_s`: seconds since the post, by the server's clock.
    """

    id: str
    fields: Fields
    age_s: float


@dataclass(frozen=True, slots=True)
class QueueView:
    """What waits in a stage's queue, the number that each worker holds, and the id of the last post.

    `waiting` has, of the entries that were returned or set aside, the newest `VIEW_COUNT` and a quarter as many of the
    oldest: behind many that nobody can speak, a worker still sees its own. Of the entries that were not delivered yet,
    it has the first `VIEW_COUNT`.
    """

    waiting: Sequence[WaitingWork] = ()
    held: Mapping[str, int] = field(default_factory=dict[str, int])
    last_id: str = BEGINNING


class WorkQueue(Protocol):
    """The work streams with their consumer groups, one per stage."""

    async def prepare(self, stage: Stage) -> None:
        """Create the stage's consumer group if it does not exist."""
        ...

    def post(self, stage: Stage, work: Work, *, epoch: int = 0) -> Awaitable[object]:
        """Post a pointer for a stage to claim. It is queued at once, behind earlier writes of this process, and is in
        Redis when the result was awaited.
        """
        ...

    async def claim(self, stage: Stage, worker: str, *, count: int, block_s: float) -> Sequence[Claim]:
        """Claim up to `count` new pieces of work; waits up to `block_s` for the first."""
        ...

    async def load(self, stage: Stage) -> QueueLoad:
        """How much work waits and how much each worker holds; nothing if the stage has no group yet."""
        ...

    async def wait_for_post(self, stage: Stage, *, after: str, block_s: float) -> bool:
        """Wait up to `block_s` for unfinished work that was posted after the entry `after`; claims nothing.

        Returns False if there is none.
        """
        ...

    async def look(self, stage: Stage) -> QueueView:
        """What waits in the stage's queue, for workers that choose.

        If the stage has no group (Redis has lost it), this makes the group, and returns nothing.
        """
        ...

    async def pick(self, stage: Stage, worker: str, ids: Sequence[str]) -> Sequence[Claim]:
        """Claim these entries of a `QueueView`, without those that a peer has claimed meanwhile.

        What waits before them is set aside (see `set_aside`).
        """
        ...

    async def set_aside(self, claim: Claim, worker: str) -> bool:
        """Give work that was not begun to `UNASSIGNED`, if this worker still holds it; this attempt does not count.

        `pick` claims it again, and `take_over`, unless it leaves out the work of `UNASSIGNED`.
        """
        ...

    async def take_over(
        self, stage: Stage, worker: str, *, idle_s: float, count: int, leave: Sequence[str] = (), of: str = "",
        but_of: str = "",
    ) -> Sequence[Claim]:  # fmt: skip
        """Take over up to `count` pieces of work whose lease was not renewed for `idle_s`.

        Args:
            stage: the stage of the work. worker: the worker that takes it over.
            idle_s: how long ago the last renewal or delivery must be.
            count: the most to take.
            leave: ids to skip. of: take only the work of this worker ("": of any worker). but_of: skip the work of
            this worker.
        """
        ...

    async def reclaim(self, claim: Claim, worker: str) -> Claim | None:
        """Begin a new attempt at work that this worker still holds; None if it no longer does.

        For an attempt that a broken connection (or a Redis that takes no writes) interrupted. The new attempt has a new
        token, so a late write of the old one, whose outcome is unknown, is refused. `note_uncounted` is called for it:
        the repeat is not a failed attempt.
        """
        ...

    async def holders(self, stage: Stage) -> Sequence[str]:
        """The names of the consumers that hold unfinished work of the stage (one may be `UNASSIGNED`)."""
        ...

    def keep_leases(
        self,
        stage: Stage,
        worker: str,
        *,
        every_s: float,
        held: InHand,
        on_lost: OnLost,
        on_renewed: OnRenewed | None = None,
    ) -> AbstractAsyncContextManager[None]:
        """Renew the leases of the work that `held` returns while the block runs.

        The real bus renews from a thread with a connection of its own, so a busy event loop loses no work. It stops
        renewing when the event loop has not run for `HUNG_LOOP_S`: a hung worker must not hold work for ever.

        Args:
            stage: whose work.
            worker: the worker that holds it.
            every_s: seconds between renewals. held: returns the attempts in progress, by work id. Called from the
            thread.
            on_lost: called on the event loop for work that another worker has taken over (see `OnLost`).
            on_renewed: called after each renewal, from any thread (see `OnRenewed`).
        """
        ...

    async def renew(self, stage: Stage, worker: str, ids: Sequence[str]) -> set[str]:
        """Reset the idle time of the work that this worker still holds; returns the ids that it no longer holds."""
        ...

    async def finish(self, claim: Claim, worker: str) -> bool:
        """Acknowledge and delete the work, if this worker still holds it and this is its last attempt."""
        ...

    async def requeue(self, claim: Claim, worker: str) -> bool:
        """Finish the work and post it again, if this worker still holds it. A waiting worker claims it at once.

        It is a new piece of work with the same fields, so its attempts count from 1: stopping a worker is not a
        failure.
        """
        ...

    async def requeue_unstarted(self, stage: Stage, worker: str, *, started: Collection[str]) -> int:
        """Requeue work that was delivered to this worker once and is not among the ids in `started`.

        A claim that is cancelled may lose the reply in which Redis delivered work. Returns the number of requeued
        entries.
        """
        ...

    async def nack(self, claim: Claim, worker: str) -> bool:
        """Give the work to `UNASSIGNED`, if this worker still holds it. The next takeover gets it, as the next
        attempt."""
        ...

    async def deregister(self, stage: Stage, worker: str) -> None:
        """Nack all work that this worker still holds, and delete the worker from the stage's group."""
        ...

    async def note_failure(self, claim: Claim, reason: str) -> None:
        """Store the reason of a failed attempt, for the worker that gives the work up."""
        ...

    async def last_failure(self, claim: Claim) -> str:
        """The reason why the last attempt failed; "" if it is not known."""
        ...

    async def note_uncounted(self, claim: Claim) -> None:
        """Record that this attempt did not fail: the work was left to a newer release, or Redis was unavailable."""
        ...

    async def uncounted(self, claim: Claim) -> int:
        """The number of attempts at this work so far that do not count towards `max_attempts`."""
        ...

    async def open_work(self, stage: Stage) -> int:
        """The number of entries of the stage that are waiting or being worked on."""
        ...

    async def pending(self, stage: Stage) -> Sequence[PendingWork]:
        """The delivered, unfinished entries of the stage, in order."""
        ...

    async def backlog(self, stage: Stage) -> Backlog:
        """The stage's open work and its ages; all 0 if the stage has no group yet."""
        ...
