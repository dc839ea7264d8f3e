"""The work queue of the memory bus."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

from tertulia_shared.bus.port.errors import BusError
from tertulia_shared.bus.port.work import (
    UNASSIGNED,
    VIEW_COUNT,
    Backlog,
    Claim,
    InHand,
    OnLost,
    OnRenewed,
    PendingWork,
    QueueLoad,
    QueueView,
    WaitingWork,
)
from tertulia_shared.bus.writer import retrieve_error
from tertulia_shared.entries import Work
from tertulia_shared.entry_ids import order
from tertulia_shared.keys import Stage
from tertulia_shared.testing.memory_base import MemoryBase
from tertulia_shared.testing.memory_streams import Delivery, Group, id_text

NACKED_IDLE_MS = 24 * 3600 * 1000
"""Idle time given to nacked work: above any lease."""


class MemoryWorkQueue(MemoryBase):
    """Implements `port.WorkQueue`."""

    async def prepare(self, stage: Stage) -> None:
        self._check()
        self._server.prepare(stage)

    def post(self, stage: Stage, work: Work, *, epoch: int = 0) -> asyncio.Future[None]:
        posted = self._in_turn(lambda: self._post(stage, work, epoch))
        posted.add_done_callback(retrieve_error)
        return posted

    async def claim(self, stage: Stage, worker: str, *, count: int, block_s: float) -> Sequence[Claim]:
        self._check()
        if self._server.prepare(stage):
            return []
        delivered: Sequence[Delivery] = []
        with suppress(TimeoutError):
            async with asyncio.timeout(max(block_s, 0)):
                while not (delivered := self._group(stage).claim(worker, count, self._clock_ms())):
                    await self.arrival(self.keys.work(stage))
        return _claims(stage, delivered)

    async def load(self, stage: Stage) -> QueueLoad:
        self._check()
        if not self._server.has_group(stage):
            return QueueLoad()
        group = self._group(stage)
        held = Counter(group.given_out().values())
        return QueueLoad(len(group.waiting()), held, id_text(self._server.stream(self.keys.work(stage)).last_id))

    async def look(self, stage: Stage) -> QueueView:
        self._check()
        if self._server.prepare(stage):
            return QueueView()
        group = self._group(stage)
        aside = group.held_by(UNASSIGNED)
        newest = max(VIEW_COUNT // 4, len(aside) - VIEW_COUNT)
        entries = [*aside[: VIEW_COUNT // 4], *aside[newest:], *group.waiting()[:VIEW_COUNT]]
        waiting = [WaitingWork(entry.id, entry.fields, self._server.age_s(entry.id)) for entry in entries]
        held = Counter(group.given_out().values())
        return QueueView(waiting, held, id_text(self._server.stream(self.keys.work(stage)).last_id))

    async def pick(self, stage: Stage, worker: str, ids: Sequence[str]) -> Sequence[Claim]:
        if not ids:
            return []
        picked = self._group(stage).pick(worker, ids, self._clock_ms(), aside=UNASSIGNED, idle_ms=NACKED_IDLE_MS)
        return _claims(stage, picked)

    async def set_aside(self, claim: Claim, worker: str) -> bool:
        return self._group(claim.stage).set_aside(
            worker, claim.id, claim.attempt, to=UNASSIGNED, now_ms=self._clock_ms(), idle_ms=NACKED_IDLE_MS
        )

    async def wait_for_post(self, stage: Stage, *, after: str, block_s: float) -> bool:
        key = self.keys.work(stage)
        with suppress(TimeoutError):
            async with asyncio.timeout(max(block_s, 0)):
                while True:
                    self._check()
                    if self._server.stream(key).has_after(order(after)):
                        return True
                    await self.arrival(key)
        return False

    async def take_over(
        self, stage: Stage, worker: str, *, idle_s: float, count: int, leave: Sequence[str] = (), of: str = "",
        but_of: str = "",
    ) -> Sequence[Claim]:  # fmt: skip
        taken = self._group(stage).take_over(
            worker, int(idle_s * 1000), count, self._clock_ms(), leave=leave, of=of, but_of=but_of
        )
        return _claims(stage, taken)

    async def reclaim(self, claim: Claim, worker: str) -> Claim | None:
        attempt = self._group(claim.stage).reclaim(worker, claim.id, self._clock_ms())
        self._uncounted[claim.stage, claim.id] += 1
        return replace(claim, attempt=attempt) if attempt else None

    async def holders(self, stage: Stage) -> Sequence[str]:
        self._check()
        return sorted({work.worker for work in self._server.pending(stage, self._clock_ms())})

    @asynccontextmanager
    async def keep_leases(
        self,
        stage: Stage,
        worker: str,
        *,
        every_s: float,
        held: InHand,
        on_lost: OnLost,
        on_renewed: OnRenewed | None = None,
    ) -> AsyncGenerator[None]:
        async def renew() -> None:
            while True:
                await asyncio.sleep(every_s)
                asked = held()
                with suppress(BusError):
                    for work_id in await self.renew(stage, worker, list(asked)):
                        on_lost(work_id, asked[work_id])
                    if asked and on_renewed is not None:
                        on_renewed(every_s)

        async with asyncio.TaskGroup() as tasks:
            renewing = tasks.create_task(renew())
            try:
                yield
            finally:
                renewing.cancel()

    async def renew(self, stage: Stage, worker: str, ids: Sequence[str]) -> set[str]:
        return self._group(stage).renew(worker, ids, self._clock_ms()) if ids else set()

    async def finish(self, claim: Claim, worker: str) -> bool:
        return self._group(claim.stage).finish(worker, claim.id, claim.attempt)

    async def requeue(self, claim: Claim, worker: str) -> bool:
        group = self._group(claim.stage)
        if not group.finish(worker, claim.id, claim.attempt):
            return False
        self._server.post_again(claim.stage, claim.fields)
        return True

    async def requeue_unstarted(self, stage: Stage, worker: str, *, started: Collection[str]) -> int:
        entries = self._server.stream(self.keys.work(stage)).after((0, 0))
        fields = {entry.id: entry.fields for entry in entries}
        unstarted = [
            Claim(stage, pending.id, 1, fields.get(pending.id, {}))
            for pending in self._group(stage).pending(self._clock_ms())
            if pending.worker == worker and pending.attempt == 1 and pending.id not in started
        ]
        return sum([await self.requeue(claim, worker) for claim in unstarted])

    async def nack(self, claim: Claim, worker: str) -> bool:
        return self._group(claim.stage).nack(
            worker, claim.id, claim.attempt, to=UNASSIGNED, now_ms=self._clock_ms(), idle_ms=NACKED_IDLE_MS
        )

    async def deregister(self, stage: Stage, worker: str) -> None:
        self._group(stage).deregister(worker, UNASSIGNED, self._clock_ms(), NACKED_IDLE_MS)

    async def note_failure(self, claim: Claim, reason: str) -> None:
        self._check()
        self._failures[claim.stage, claim.id] = reason

    async def last_failure(self, claim: Claim) -> str:
        self._check()
        return self._failures.get((claim.stage, claim.id), "")

    async def note_uncounted(self, claim: Claim) -> None:
        self._check()
        self._uncounted[claim.stage, claim.id] += 1

    async def uncounted(self, claim: Claim) -> int:
        self._check()
        return self._uncounted[claim.stage, claim.id]

    async def open_work(self, stage: Stage) -> int:
        self._check()
        return len(self._server.stream(self.keys.work(stage)))

    async def pending(self, stage: Stage) -> Sequence[PendingWork]:
        self._check()
        return self._server.pending(stage, self._clock_ms())

    async def backlog(self, stage: Stage) -> Backlog:
        self._check()
        return self._server.backlog(stage, UNASSIGNED)

    def _group(self, stage: Stage) -> Group:
        self._check()
        return self._server.group(stage)


def _claims(stage: Stage, delivered: Sequence[Delivery]) -> Sequence[Claim]:
    return [Claim(stage, delivery.entry.id, delivery.attempt, delivery.entry.fields) for delivery in delivered]
