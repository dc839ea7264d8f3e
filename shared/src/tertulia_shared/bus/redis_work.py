"""The work queue of the real bus: consumer groups of the work streams."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from tertulia_shared.bus.blocking_connection import BlockingConnection
from tertulia_shared.bus.error_replies import refusal_of
from tertulia_shared.bus.lease_keeper import LeaseKeeper
from tertulia_shared.bus.port.errors import BusUnavailable, WritesPaused
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
from tertulia_shared.bus.redis_connections import RedisConnections, fields_of
from tertulia_shared.bus.replies import ErrorReply
from tertulia_shared.bus.scripts import choosing
from tertulia_shared.bus.scripts import work as scripts
from tertulia_shared.bus.writer import retrieve_error
from tertulia_shared.entries import Work
from tertulia_shared.entry_ids import order
from tertulia_shared.keys import Stage

NACKED_IDLE_MS = 24 * 3600 * 1000
"""Idle time given to nacked work: above any lease."""
FORGOTTEN_MS = 3600 * 1000
"""Idle time after which a consumer without work is deleted from its group."""
END_CLAIM_S = 1.0
"""Time limit for ending a cancelled claim. If that fails, work delivered to the claim waits until its lease expires."""
PENDING_COUNT = 500
"""The number of pending entries per read."""


class RedisWorkQueue(RedisConnections):
    """Implements `port.WorkQueue`. A fifth connection, in a thread, renews leases."""

    async def prepare(self, stage: Stage) -> None:
        key = self.keys.work(stage)
        made, _ = await self._calls.call(
            ("XGROUP", "CREATE", key.name, stage, "0", "MKSTREAM"), ("EXPIRE", key.name, key.ttl_s)
        )
        if isinstance(made, ErrorReply) and not str(made).startswith("BUSYGROUP"):
            raise refusal_of(made, f"to make the consumer group of {key.name}")
        await self._call(scripts.forget_dead(stream_key=key.name, group=stage, max_idle_ms=FORGOTTEN_MS))

    def post(self, stage: Stage, work: Work, *, epoch: int = 0) -> asyncio.Future[list[object]]:
        commands = self._post_commands(stage, work, epoch)
        posted = asyncio.gather(*(self._writer.send(command, work.conversation_id) for command in commands))
        posted.add_done_callback(retrieve_error)
        return posted

    async def claim(self, stage: Stage, worker: str, *, count: int, block_s: float) -> Sequence[Claim]:
        key = self.keys.work(stage).name
        block_ms = int(block_s * 1000)
        block = ("BLOCK", block_ms) if block_ms > 0 else ()  # BLOCK 0 would block for ever
        try:
            (reply,) = await self._claims.call(
                ("XREADGROUP", "GROUP", stage, worker, "COUNT", count, *block, "STREAMS", key, ">"),
                timeout_s=block_s + 5.0,
            )
        except asyncio.CancelledError:
            await self._end_claim()
            raise
        if isinstance(reply, ErrorReply):
            if "NOGROUP" in str(reply) or "UNBLOCKED" in str(reply):  # Redis was flushed: make the group again
                await self.prepare(stage)
                return []
            raise BusUnavailable(f"Redis refused a claim: {reply}")
        if not reply:
            return []
        return [Claim(stage, id.decode(), 1, fields_of(raw)) for id, raw in reply[0][1]]

    async def load(self, stage: Stage) -> QueueLoad:
        name = self.keys.work(stage).name
        stream, groups, pending = await self._calls.call(
            ("XINFO", "STREAM", name), ("XINFO", "GROUPS", name), ("XPENDING", name, stage)
        )
        for reply in (stream, groups, pending):
            if isinstance(reply, ErrorReply):
                if "NOGROUP" in str(reply) or "no such key" in str(reply):
                    return QueueLoad()
                raise refusal_of(reply, "to read the load of a stage")
        about = _by_name(stream)
        group = next(info for info in map(_by_name, groups) if info[b"name"] == stage.encode())
        last = about[b"last-entry"]
        # finished work is deleted, so every entry of the stream is waiting or pending (`lag` of XINFO needs Redis 7)
        waits = last is not None and order(last[0].decode()) > order(group[b"last-delivered-id"].decode())
        return QueueLoad(
            waiting=max(1, about[b"length"] - pending[0]) if waits else 0,
            held={worker.decode(errors="replace"): int(count) for worker, count in pending[3] or ()},
            last_id=about[b"last-generated-id"].decode(),
        )

    async def look(self, stage: Stage) -> QueueView:
        call = choosing.look(
            stream_key=self.keys.work(stage).name, group=stage, unassigned=UNASSIGNED, max_count=VIEW_COUNT
        )
        reply = await self._call(call)
        if reply is None:  # Redis was flushed: make the group again
            await self.prepare(stage)
            return QueueView()
        waiting, held, last_id = reply
        return QueueView(
            [WaitingWork(id.decode(), fields_of(raw), max(0, int(age_ms)) / 1000) for id, age_ms, raw in waiting],
            {worker.decode(errors="replace"): int(count) for worker, count in held},
            last_id.decode(),
        )

    async def pick(self, stage: Stage, worker: str, ids: Sequence[str]) -> Sequence[Claim]:
        if not ids:
            return []
        call = choosing.pick(
            stream_key=self.keys.work(stage).name,
            group=stage,
            worker=worker,
            unassigned=UNASSIGNED,
            idle_ms=NACKED_IDLE_MS,
            work_ids=sorted(ids, key=order),
        )
        return [Claim(stage, id.decode(), int(attempt), fields_of(raw)) for id, attempt, raw in await self._call(call)]

    async def set_aside(self, claim: Claim, worker: str) -> bool:
        call = choosing.set_aside(
            stream_key=self.keys.work(claim.stage).name,
            group=claim.stage,
            worker=worker,
            work_id=claim.id,
            attempt=claim.attempt,
            unassigned=UNASSIGNED,
            idle_ms=NACKED_IDLE_MS,
        )
        return await self._call(call) == 1

    async def wait_for_post(self, stage: Stage, *, after: str, block_s: float) -> bool:
        block_ms = int(block_s * 1000)
        block = ("BLOCK", block_ms) if block_ms > 0 else ()
        (reply,) = await self._claims.call(
            ("XREAD", "COUNT", 1, *block, "STREAMS", self.keys.work(stage).name, after), timeout_s=block_s + 5.0
        )
        if isinstance(reply, ErrorReply):
            raise BusUnavailable(f"Redis refused a read: {reply}")
        return bool(reply)

    async def take_over(
        self, stage: Stage, worker: str, *, idle_s: float, count: int, leave: Sequence[str] = (), of: str = "",
        but_of: str = "",
    ) -> Sequence[Claim]:  # fmt: skip
        (reply,) = await self._calls.call(
            scripts.take_over(
                stream_key=self.keys.work(stage).name,
                group=stage,
                worker=worker,
                idle_ms=int(idle_s * 1000),
                max_count=count,
                from_worker=of,
                skipped_worker=but_of,
                left_out=leave,
            )
        )
        if isinstance(reply, ErrorReply):
            if "NOGROUP" in str(reply):  # Redis was flushed: nothing is pending. Make the group again
                await self.prepare(stage)
                return []
            raise refusal_of(reply, "to take work over")
        return [Claim(stage, id.decode(), int(attempt), fields_of(raw)) for id, attempt, raw in reply]

    async def reclaim(self, claim: Claim, worker: str) -> Claim | None:
        uncounted = self.keys.work_left(claim.stage, claim.id)
        stream_key = self.keys.work(claim.stage).name
        # in one batch: if the connection breaks, Redis has run all three commands or none
        attempt, counted, _ = await self._calls.call(
            scripts.reclaim(stream_key=stream_key, group=claim.stage, worker=worker, work_id=claim.id),
            ("INCR", uncounted.name),
            ("EXPIRE", uncounted.name, uncounted.ttl_s),
        )
        if isinstance(attempt, ErrorReply):
            raise refusal_of(attempt, "to reclaim work")
        error = refusal_of(counted, "INCR") if isinstance(counted, ErrorReply) else None
        if isinstance(error, WritesPaused):  # a permanently broken counter must not stop the work
            raise error
        return replace(claim, attempt=int(attempt)) if attempt else None

    async def holders(self, stage: Stage) -> Sequence[str]:
        (reply,) = await self._calls.call(("XPENDING", self.keys.work(stage).name, stage))
        if isinstance(reply, ErrorReply):
            if "NOGROUP" in str(reply):
                return ()
            raise refusal_of(reply, "XPENDING")
        return [name.decode(errors="replace") for name, _ in reply[3] or ()]

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
        stream_key = self.keys.work(stage).name
        keeper = LeaseKeeper(
            lambda timeout_s: BlockingConnection(self._address, f"{self._label}:leases", timeout_s),
            lambda ids: scripts.renew(stream_key=stream_key, group=stage, worker=worker, work_ids=ids),
            every_s=every_s,
            held=held,
            on_lost=on_lost,
            on_renewed=on_renewed,
        )
        async with keeper.running():
            yield

    async def renew(self, stage: Stage, worker: str, ids: Sequence[str]) -> set[str]:
        if not ids:
            return set()
        stream_key = self.keys.work(stage).name
        reply = await self._call(scripts.renew(stream_key=stream_key, group=stage, worker=worker, work_ids=ids))
        return {id.decode() for id in reply}

    async def finish(self, claim: Claim, worker: str) -> bool:
        stream_key = self.keys.work(claim.stage).name
        call = scripts.finish(
            stream_key=stream_key, group=claim.stage, worker=worker, work_id=claim.id, attempt=claim.attempt
        )
        return await self._call(call) == 1

    async def requeue(self, claim: Claim, worker: str) -> bool:
        stream_key = self.keys.work(claim.stage).name
        call = scripts.requeue(
            stream_key=stream_key, group=claim.stage, worker=worker, work_id=claim.id, attempt=claim.attempt
        )
        return await self._call(call) == 1

    async def requeue_unstarted(self, stage: Stage, worker: str, *, started: Collection[str]) -> int:
        stream_key = self.keys.work(stage).name
        call = scripts.requeue_unstarted(stream_key=stream_key, group=stage, worker=worker, started=list(started))
        return int(await self._call(call))

    async def nack(self, claim: Claim, worker: str) -> bool:
        call = scripts.nack(
            stream_key=self.keys.work(claim.stage).name,
            group=claim.stage,
            worker=worker,
            work_id=claim.id,
            attempt=claim.attempt,
            unassigned=UNASSIGNED,
            idle_ms=NACKED_IDLE_MS,
        )
        return await self._call(call) == 1

    async def deregister(self, stage: Stage, worker: str) -> None:
        stream_key = self.keys.work(stage).name
        await self._call(
            scripts.deregister(
                stream_key=stream_key, group=stage, worker=worker, unassigned=UNASSIGNED, idle_ms=NACKED_IDLE_MS
            )
        )

    async def note_failure(self, claim: Claim, reason: str) -> None:
        key = self.keys.work_failure(claim.stage, claim.id)
        await self._call(("SET", key.name, reason, "EX", key.ttl_s))

    async def last_failure(self, claim: Claim) -> str:
        reason = await self._call(("GET", self.keys.work_failure(claim.stage, claim.id).name))
        return "" if reason is None else reason.decode()

    async def note_uncounted(self, claim: Claim) -> None:
        key = self.keys.work_left(claim.stage, claim.id)
        await self._call_all(("INCR", key.name), ("EXPIRE", key.name, key.ttl_s))

    async def uncounted(self, claim: Claim) -> int:
        count = await self._call(("GET", self.keys.work_left(claim.stage, claim.id).name))
        return int(count) if count and count.isdigit() else 0

    async def open_work(self, stage: Stage) -> int:
        return int(await self._call(("XLEN", self.keys.work(stage).name)))

    async def pending(self, stage: Stage) -> Sequence[PendingWork]:
        found: list[PendingWork] = []
        begin = "-"
        while True:
            command = ("XPENDING", self.keys.work(stage).name, stage, begin, "+", PENDING_COUNT)
            (reply,) = await self._calls.call(command)
            if isinstance(reply, ErrorReply):
                if "NOGROUP" in str(reply):  # no worker of this stage has ever started
                    return found
                raise refusal_of(reply, "XPENDING")
            found += [
                PendingWork(id.decode(), worker.decode(), idle_ms / 1000, deliveries)
                for id, worker, idle_ms, deliveries in reply
            ]
            if len(reply) < PENDING_COUNT:
                return found
            begin = f"({found[-1].id}"

    async def backlog(self, stage: Stage) -> Backlog:
        reply = await self._call(
            scripts.backlog(stream_key=self.keys.work(stage).name, group=stage, unassigned=UNASSIGNED)
        )
        waiting, held, handed_back, *ages_ms = (max(0, int(figure)) for figure in reply)
        return Backlog(waiting, held, handed_back, *(ms / 1000 for ms in ages_ms))

    async def _end_claim(self) -> None:
        # Redis may still count the cancelled claim as blocked, and would deliver the next post to it
        with contextlib.suppress(BusUnavailable, TimeoutError):
            async with asyncio.timeout(END_CLAIM_S):
                await self._calls.call(("CLIENT", "UNBLOCK", self._claims.client_id))


def _by_name(raw: Sequence[Any]) -> dict[bytes, Any]:
    """A flat reply of XINFO: its values by name."""
    return dict(zip(raw[::2], raw[1::2], strict=True))
