"""The whole bus in one process's memory: the fake that ships, held to the real one by the contract suite.

All parties share one `MemoryBus` on one event loop. Idle times and presence run on the clock that is passed in, so a
test decides when a lease is over; only `claim` waits in the loop's own time. Keys don't expire: nothing outlives the
process.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import TypeVar

from tertulia_shared.bus.outlet import QueueOutlet
from tertulia_shared.bus.port import (
    MAX_FIRST,
    NOBODY,
    Append,
    Applied,
    Backlog,
    BusError,
    BusUnavailable,
    Claim,
    EntriesLost,
    Entry,
    Fence,
    Held,
    InHand,
    OnLost,
    Owned,
    Refused,
    Sized,
    Sound,
    Space,
    Write,
    WriteRefused,
    WritesPaused,
)
from tertulia_shared.clock import wall_ms
from tertulia_shared.entries import Work
from tertulia_shared.entry_ids import BEGINNING, order
from tertulia_shared.keys import Key, Keys, Stage
from tertulia_shared.testing.memory_mend import mend
from tertulia_shared.testing.memory_server import MemoryServer
from tertulia_shared.testing.memory_streams import Delivery, EntryId, Group

HANDED_BACK_MS = 24 * 3600 * 1000
"""Idle time given to work that is handed back: above any lease."""
PRESENCE_KEPT_S = 600.0
MAX_PER_READ = 512
"""Entries that a follower is given at a time."""

T = TypeVar("T")


class MemoryBus:
    """See `port.Bus`.

    Args:
        keys: the namespace.
        clock: seconds from any beginning, for idle times and presence.
        now_ms: milliseconds since 1970, for what entries carry and the ids that the server chooses.
    """

    def __init__(
        self, keys: Keys, *, clock: Callable[[], float] = time.monotonic, now_ms: Callable[[], int] = wall_ms
    ) -> None:
        self.keys = keys
        self._clock = clock
        self._now_ms = now_ms
        self._server = MemoryServer(keys, now_ms, self._arrived, clock)
        self._beats: dict[str, float] = {}
        self._leases: dict[str, tuple[str, float]] = {}
        self._failures: dict[tuple[Stage, str], str] = {}
        self._uncounted: Counter[tuple[Stage, str]] = Counter()
        self._arrivals: dict[str, set[asyncio.Future[None]]] = {}
        self._waiting: list[Callable[[], None]] = []
        self._away = False
        self._paused = ""
        self._probed = float("-inf")
        self.limit_bytes = 0
        """What `space` says of the limit; it is not enforced."""

    def break_connection(self) -> None:
        """From now on it is as if Redis were away: calls raise `BusUnavailable`, followers get nothing."""
        self._away = True
        for name in list(self._arrivals):  # who waits to claim is to find out
            self._arrived(name)

    def restore_connection(self) -> None:
        """Redis is back, with everything it had."""
        self._away = False
        for name in list(self._arrivals):
            self._arrived(name)

    def pause_writes(self, why: str) -> None:
        """From now on writes are refused with this error of Redis', such as "OOM …"; reads go on."""
        self._paused = why

    def resume_writes(self) -> None:
        """Writes are taken again."""
        self._paused = ""

    # -- work

    async def prepare(self, stage: Stage) -> None:
        self._check()
        self._server.prepare(stage)

    async def post(self, stage: Stage, work: Work, *, epoch: int = 0) -> None:
        await self._in_turn(lambda: self._post(stage, work, epoch))

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

    async def take_over(
        self, stage: Stage, worker: str, *, idle_s: float, count: int, leave: Sequence[str] = (), of: str = ""
    ) -> Sequence[Claim]:
        taken = self._group(stage).take_over(worker, int(idle_s * 1000), count, self._clock_ms(), leave=leave, of=of)
        return _claims(stage, taken)

    async def reclaim(self, claim: Claim, worker: str) -> Claim | None:
        attempt = self._group(claim.stage).reclaim(worker, claim.id, self._clock_ms())
        self._uncounted[claim.stage, claim.id] += 1
        return replace(claim, attempt=attempt) if attempt else None

    async def holders(self, stage: Stage) -> Sequence[str]:
        self._check()
        return sorted({held.worker for held in self._server.held(stage, self._clock_ms())})

    @asynccontextmanager
    async def keep_leases(
        self, stage: Stage, worker: str, *, every_s: float, held: InHand, on_lost: OnLost
    ) -> AsyncGenerator[None]:
        async def renew() -> None:
            while True:
                await asyncio.sleep(every_s)
                asked = held()
                with suppress(BusError):
                    for work_id in await self.renew(stage, worker, list(asked)):
                        on_lost(work_id, asked[work_id])

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

    async def pass_on(self, claim: Claim, worker: str) -> bool:
        group = self._group(claim.stage)
        if not group.finish(worker, claim.id, claim.attempt):
            return False
        self._server.post_again(claim.stage, claim.fields)
        return True

    async def hand_back(self, claim: Claim, worker: str) -> bool:
        return self._group(claim.stage).hand_back(
            worker, claim.id, claim.attempt, to=NOBODY, now_ms=self._clock_ms(), idle_ms=HANDED_BACK_MS
        )

    async def retire(self, stage: Stage, worker: str) -> None:
        self._group(stage).retire(worker, NOBODY, self._clock_ms(), HANDED_BACK_MS)

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

    async def held(self, stage: Stage) -> Sequence[Held]:
        self._check()
        return self._server.held(stage, self._clock_ms())

    async def backlog(self, stage: Stage) -> Backlog:
        self._check()
        return self._server.backlog(stage, NOBODY)

    # -- ownership

    async def own(
        self,
        claim: Claim,
        conversation_id: str,
        thing: str,
        *,
        waiting: int = 0,
        last: Key | None = None,
        first: Key | None = None,
    ) -> Owned | Refused:
        self._check()
        owned = self._server.own(claim, conversation_id, thing, waiting)
        if isinstance(owned, Refused):
            return owned
        if last is not None:
            owned = replace(owned, last=await self.last(last))
        if first is not None:
            owned = replace(owned, first=tuple(await self.read(first, count=MAX_FIRST)))
        return owned

    async def owner(self, conversation_id: str, thing: str) -> str:
        self._check()
        return self._server.string(self.keys.owner(conversation_id, thing))

    async def release_turns(self, owned: Owned, conversation_id: str, cursor: str, *, cut: int = 0) -> bool:
        self._check()
        turns = self._server.stream(self.keys.turns(conversation_id))
        state = self.keys.state(conversation_id)
        return self._server.release_turns(owned, state, cursor, cut, lambda: turns.has_after(order(cursor)))

    # -- writing

    def outlet(self, fence: Fence | None = None, *, epoch: int = 0) -> QueueOutlet:
        return QueueOutlet(self, fence, epoch)

    async def transact(
        self,
        conversation_id: str,
        writes: Sequence[Write],
        *,
        fence: Fence | None = None,
        raise_epoch: bool = False,
        talk: bool | None = None,
        if_talking: Sequence[Write] = (),
        once: Key | None = None,
        then: tuple[Stage, Work] | None = None,
    ) -> Applied:
        applied = self._in_turn(
            lambda: self._server.transact(
                conversation_id,
                writes,
                fence=fence,
                raise_epoch=raise_epoch,
                talk=talk,
                if_talking=if_talking,
                once=once,
            )
        )
        if then is None:
            return await applied
        stage, work = then
        # queued before anything is awaited: the pointer is posted whatever becomes of the writes
        posted = self._in_turn(lambda: self._post(stage, work, 0))
        return (await asyncio.gather(applied, posted))[0]

    def wake(self, outlet: QueueOutlet) -> None:
        """For outlets: apply what is queued there, in its turn."""
        self._schedule(lambda: self._settle(outlet))

    # -- reading

    def follow(self, key: Key, after: str = BEGINNING, *, tell_loss: bool = False) -> MemoryFollow:
        return MemoryFollow(self, key, order(after), tell_loss=tell_loss)

    def is_lost(self, key: Key, entry: EntryId) -> bool:
        """For followers: whether that very entry is gone before its time."""
        return (
            not self._away
            and self._server.stream(key).get(entry) is None
            and self._now_ms() - entry[0] < key.ttl_s * 1000
        )

    def has(self, key: Key, entry: EntryId) -> bool:
        """For followers: whether that very entry is there."""
        return self._server.stream(key).get(entry) is not None

    async def read(self, key: Key, after: str = BEGINNING, *, count: int | None = None) -> Sequence[Entry]:
        self._check()
        return self._server.stream(key).after(order(after), count)

    async def last(self, key: Key) -> Entry | None:
        self._check()
        return self._server.stream(key).last()

    async def hash(self, key: Key) -> Mapping[bytes, bytes]:
        self._check()
        return self._server.hash(key)

    async def conversations_with_turns(self) -> AsyncIterator[str]:
        self._check()
        for name in self._server.names_of_streams():
            conversation_id = self.keys.conversation_of(name)
            if name == self.keys.turns(conversation_id).name:
                yield conversation_id

    def behind(self, key: Key, after: EntryId) -> Sequence[Entry]:
        """For followers: what they can read now behind an id; nothing while the connection is broken."""
        return () if self._away else self._server.stream(key).after(after, MAX_PER_READ)

    async def arrival(self, key: Key) -> None:
        """For followers: wait until there may be something new in the stream."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiters = self._arrivals.setdefault(key.name, set())
        waiters.add(waiter)
        try:
            await waiter
        finally:
            waiters.discard(waiter)

    async def length(self, key: Key) -> int:
        self._check()
        return len(self._server.stream(key))

    async def remove(self, key: Key, ids: Sequence[str]) -> None:
        self._check()
        self._server.remove(key, ids)
        self._arrived(key.name)  # a follower is to find out that it has lost what it read

    async def delete(self, keys: Sequence[Key]) -> None:
        self._check()
        self._server.delete(keys)

    async def move(self, key: Key, entries: Sequence[Entry], to: Key) -> None:
        self._check()
        for entry in entries:
            self._server.add(to, entry.fields)
        await self.remove(key, [entry.id for entry in entries])

    async def reopen(self, key: Key, final_id: str) -> bool:
        self._check()
        return self._server.stream(key).reopen(order(final_id))

    async def mend(self, conversation_id: str, *, owner: bool = False) -> Sequence[str]:
        self._check()
        return mend(self._server, self.keys, conversation_id, self._now_ms(), with_owner=owner)

    # -- leases

    async def hold(self, key: Key, holder: str) -> bool:
        self._check_writes()
        now = self._clock()
        held, until = self._leases.get(key.name, (holder, now))
        if held != holder and until > now:
            return False
        self._leases[key.name] = (holder, now + key.ttl_s)
        return True

    async def let_go(self, key: Key, holder: str) -> None:
        self._check()
        if self._leases.get(key.name, ("", 0.0))[0] == holder:
            del self._leases[key.name]
        if self._server.string(key) == holder:
            self._server.drop(key.name)

    # -- presence

    async def beat(self, member: str) -> None:
        self._check()
        now = self._clock()
        self._beats[member] = now
        self._beats = {other: at for other, at in self._beats.items() if at > now - PRESENCE_KEPT_S}

    async def leave(self, member: str) -> None:
        self._check()
        self._beats.pop(member, None)

    async def alive(self, within_s: float) -> Sequence[str]:
        self._check()
        since = self._clock() - within_s
        return [member for at, member in sorted((at, member) for member, at in self._beats.items()) if at >= since]

    async def info(self) -> Mapping[str, str]:
        self._check()
        return {}

    async def ping(self) -> float:
        self._check()
        return 0.0

    # -- what is written waits for the loop's next tick, in order, as it waits for the real one's pipeline

    def _in_turn(self, work: Callable[[], T]) -> asyncio.Future[T]:
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()

        def run() -> None:
            if future.cancelled():  # it was sent before it was cancelled: it happens, and nobody hears of it
                with suppress(Exception):
                    work()
                return
            try:
                self._check_writes()
                future.set_result(work())
            except Exception as error:  # noqa: BLE001 - it belongs to whoever awaits the future
                future.set_exception(error)

        self._schedule(run)
        return future

    def _settle(self, outlet: QueueOutlet) -> None:
        writes = outlet.take()
        error: Exception | None = None
        try:
            self._check_writes()
            self._server.write(writes, fence=outlet.fence, epoch=outlet.epoch)
        except Exception as met:  # noqa: BLE001 - it belongs to the outlet's owner
            error = met
        outlet.settle(len(writes), error)

    def _schedule(self, run: Callable[[], None]) -> None:
        self._waiting.append(run)
        if len(self._waiting) == 1:
            asyncio.get_running_loop().call_soon(self._run_waiting)

    def _run_waiting(self) -> None:
        waiting, self._waiting = self._waiting, []
        for run in waiting:
            run()

    def _post(self, stage: Stage, work: Work, epoch: int) -> None:
        self._server.apply(Append(self.keys.work(stage), work), epoch)

    def _arrived(self, name: str) -> None:
        for waiter in self._arrivals.pop(name, ()):
            if not waiter.done():
                waiter.set_result(None)

    def _group(self, stage: Stage) -> Group:
        self._check()
        return self._server.group(stage)

    def _clock_ms(self) -> int:
        return round(self._clock() * 1000)

    async def space(self) -> Space:
        self._check()
        return Space(sum(sized.size for sized in self._server.sizes()), self.limit_bytes, "noeviction")

    async def probe_age(self) -> float | None:
        self._check()
        age_s = self._clock() - self._probed
        return age_s if age_s < self.keys.probe().ttl_s else None

    async def sounds(self) -> AsyncIterator[Sound]:
        self._check()
        for sound in list(self._server.sounds()):
            yield sound

    async def sizes(self) -> AsyncIterator[Sized]:
        self._check()
        for sized in list(self._server.sizes()):
            yield sized

    async def free(self, names: Sequence[str], *, keep_end: bool) -> None:
        self._check()
        for name in names:
            self._server.free(name, keep_end=keep_end)

    async def probe_writes(self) -> None:
        self._check_writes()
        self._probed = self._clock()

    def _check_writes(self) -> None:
        self._check()
        if self._paused:
            raise WritesPaused(f"Redis refused a write: {self._paused}")

    def _check(self) -> None:
        if self._away:
            raise BusUnavailable("Redis is not answering: the connection was broken on purpose")


class MemoryFollow:
    """See `port.Follow`. It holds nothing: what is unread stays in the stream."""

    def __init__(self, bus: MemoryBus, key: Key, after: EntryId, *, tell_loss: bool) -> None:
        self._bus = bus
        self._key = key
        self._cursor = after
        self._tell_loss = tell_loss
        self._is_known = False
        """Whether the entry at the cursor has been there."""
        with suppress(WriteRefused):  # a key that is no stream: `read` says so
            self._is_known = bus.has(key, self._cursor)
        self._told_at: EntryId | None = None
        """The cursor at the last loss."""
        self._closed = False

    async def read(self) -> Sequence[Entry]:
        """The next entries, at least one."""
        while True:
            self._raise_if_lost()
            if entries := self.take():
                break
            await self._bus.arrival(self._key)
        return entries

    def take(self) -> Sequence[Entry]:
        """What is here already."""
        if self._closed:
            return ()
        entries = self._bus.behind(self._key, self._cursor)
        if entries:
            self._cursor = order(entries[-1].id)
            self._is_known = True
        return entries

    def _raise_if_lost(self) -> None:
        if not self._tell_loss or not self._is_known or self._cursor == self._told_at:
            return
        if self._bus.is_lost(self._key, self._cursor):
            self._told_at = self._cursor
            raise EntriesLost(f"{self._key} no longer has the entry that was read from it last")

    def close(self) -> None:
        """Stop following."""
        self._closed = True


def _claims(stage: Stage, delivered: Sequence[Delivery]) -> Sequence[Claim]:
    return [Claim(stage, delivery.entry.id, delivery.attempt, delivery.entry.fields) for delivery in delivered]
