"""The bus over a real Redis (one node, 6.2 or later; Redis Cluster is refused, see `fitness`)."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from redis.exceptions import ResponseError

from tertulia_shared.bus import scripts
from tertulia_shared.bus.fitness import fields_of
from tertulia_shared.bus.lease_keeper import LeaseKeeper
from tertulia_shared.bus.link import Link, make_blocking, make_pool
from tertulia_shared.bus.outlet import QueueOutlet
from tertulia_shared.bus.port import (
    MAX_AHEAD_S,
    MAX_FIRST,
    NOBODY,
    Applied,
    Backlog,
    BusUnavailable,
    Claim,
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
    WritesPaused,
)
from tertulia_shared.bus.reader import Reader, StreamFollow
from tertulia_shared.bus.refusals import refusal_of
from tertulia_shared.bus.space import RedisSpace
from tertulia_shared.bus.writer import EPOCH_MARK, Writer, fence_args, fence_keys, operations_of, refusal
from tertulia_shared.clock import wall_ms
from tertulia_shared.codec import encode
from tertulia_shared.entries import Work
from tertulia_shared.entry_ids import BEGINNING
from tertulia_shared.keys import Key, Keys, Stage
from tertulia_shared.tls import Tls

HANDED_BACK_MS = 24 * 3600 * 1000
"""Idle time given to work that is handed back: above any lease."""
FORGOTTEN_MS = 3600 * 1000
"""Idle time after which a consumer without work is removed from its group."""
END_CLAIM_S = 1.0
"""How long the end of a cancelled claim may take; a claim that is not ended costs a lease, not the work."""
PRESENCE_KEPT_S = 600.0
SCAN_COUNT = 1_000
HELD_COUNT = 500
"""Pending entries that are asked for at a time."""


class RedisBus:
    """See `port.Bus`. Four connections: claims (blocks), reads (blocks), writes, and calls; a fifth renews leases."""

    def __init__(
        self,
        url: str,
        keys: Keys,
        *,
        name: str = "tertulia",
        tls: Tls | None = None,
        now_ms: Callable[[], int] = wall_ms,
    ) -> None:
        self.keys = keys
        self._now_ms = now_ms
        self._pool = make_pool(url, tls)
        self._label = label = f"{name}:{os.getpid()}"
        self._claims = Link(self._pool, f"{label}:claims")
        self._calls = Link(self._pool, f"{label}:calls", scripts.CALLING)
        self._writes = Link(self._pool, f"{label}:writes", scripts.WRITING)
        self._reads = Link(self._pool, f"{label}:reads")
        self._writer = Writer(self._writes, now_ms, lambda name: keys.state(keys.conversation_of(name)))
        self._space = RedisSpace(self._calls.call, keys)
        self._reader = Reader(self._reads, self._calls, now_ms)

    async def run(self) -> None:
        """Move what is written and followed, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._writer.run())
            tasks.create_task(self._reader.run())

    async def close(self) -> None:
        """Close all connections; one that is used afterwards is made anew."""
        for link in (self._claims, self._calls, self._writes, self._reads):
            await link.close()

    # -- work

    async def prepare(self, stage: Stage) -> None:
        key = self.keys.work(stage)
        made, _ = await self._calls.call(
            ("XGROUP", "CREATE", key.name, stage, "0", "MKSTREAM"), ("EXPIRE", key.name, key.ttl_s)
        )
        if isinstance(made, ResponseError) and not str(made).startswith("BUSYGROUP"):
            raise refusal_of(made, f"to make the consumer group of {key.name}")
        await self._call(scripts.FORGET_DEAD([key.name], stage, FORGOTTEN_MS))

    async def post(self, stage: Stage, work: Work, *, epoch: int = 0) -> None:
        await asyncio.gather(*(self._writer.send(command) for command in self._post(stage, work, epoch)))

    async def claim(self, stage: Stage, worker: str, *, count: int, block_s: float) -> Sequence[Claim]:
        key = self.keys.work(stage).name
        block_ms = int(block_s * 1000)
        block = ("BLOCK", block_ms) if block_ms > 0 else ()  # BLOCK 0 would be for ever
        try:
            (reply,) = await self._claims.call(
                ("XREADGROUP", "GROUP", stage, worker, "COUNT", count, *block, "STREAMS", key, ">"),
                timeout_s=block_s + 5.0,
            )
        except asyncio.CancelledError:
            await self._end_claim()
            raise
        if isinstance(reply, ResponseError):
            if "NOGROUP" in str(reply) or "UNBLOCKED" in str(reply):  # Redis was flushed: begin anew
                await self.prepare(stage)
                return []
            raise BusUnavailable(f"Redis refused to give out work: {reply}")
        if not reply:
            return []
        return [Claim(stage, id.decode(), 1, _fields(raw)) for id, raw in reply[0][1]]

    async def take_over(
        self, stage: Stage, worker: str, *, idle_s: float, count: int, leave: Sequence[str] = (), of: str = ""
    ) -> Sequence[Claim]:
        reply = await self._call(
            scripts.TAKE_OVER([self.keys.work(stage).name], stage, worker, int(idle_s * 1000), count, of, *leave)
        )
        return [Claim(stage, id.decode(), int(attempt), _fields(raw)) for id, attempt, raw in reply]

    async def reclaim(self, claim: Claim, worker: str) -> Claim | None:
        left = self.keys.work_left(claim.stage, claim.id)
        # one exchange: if the connection breaks here, too, it is either counted as both or as neither
        attempt, counted, _ = await self._calls.call(
            scripts.RECLAIM([self.keys.work(claim.stage).name], claim.stage, worker, claim.id),
            ("INCR", left.name),
            ("EXPIRE", left.name, left.ttl_s),
        )
        if isinstance(attempt, ResponseError):
            raise refusal_of(attempt, "to take work up again")
        error = refusal_of(counted, "INCR") if isinstance(counted, ResponseError) else None
        if isinstance(error, WritesPaused):  # a counter that is broken for good must not stop the work
            raise error
        return replace(claim, attempt=int(attempt)) if attempt else None

    async def holders(self, stage: Stage) -> Sequence[str]:
        (reply,) = await self._calls.call(("XPENDING", self.keys.work(stage).name, stage))
        if isinstance(reply, ResponseError):
            if "NOGROUP" in str(reply):
                return ()
            raise refusal_of(reply, "XPENDING")
        return [name.decode(errors="replace") for name, _ in reply[3] or ()]

    @asynccontextmanager
    async def keep_leases(
        self, stage: Stage, worker: str, *, every_s: float, held: InHand, on_lost: OnLost
    ) -> AsyncGenerator[None]:
        keeper = LeaseKeeper(
            lambda timeout_s: make_blocking(self._pool, f"{self._label}:leases", timeout_s),
            lambda ids: scripts.RENEW([self.keys.work(stage).name], stage, worker, *ids),
            every_s=every_s, held=held, on_lost=on_lost,
        )  # fmt: skip
        async with keeper.running():
            yield

    async def renew(self, stage: Stage, worker: str, ids: Sequence[str]) -> set[str]:
        if not ids:
            return set()
        reply = await self._call(scripts.RENEW([self.keys.work(stage).name], stage, worker, *ids))
        return {id.decode() for id in reply}

    async def finish(self, claim: Claim, worker: str) -> bool:
        key = self.keys.work(claim.stage).name
        return await self._call(scripts.FINISH([key], claim.stage, worker, claim.id, claim.attempt)) == 1

    async def pass_on(self, claim: Claim, worker: str) -> bool:
        key = self.keys.work(claim.stage).name
        return await self._call(scripts.PASS_ON([key], claim.stage, worker, claim.id, claim.attempt)) == 1

    async def hand_back(self, claim: Claim, worker: str) -> bool:
        key = self.keys.work(claim.stage).name
        call = scripts.HAND_BACK([key], claim.stage, worker, claim.id, claim.attempt, NOBODY, HANDED_BACK_MS)
        return await self._call(call) == 1

    async def retire(self, stage: Stage, worker: str) -> None:
        await self._call(scripts.RETIRE([self.keys.work(stage).name], stage, worker, NOBODY, HANDED_BACK_MS))

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

    async def held(self, stage: Stage) -> Sequence[Held]:
        found: list[Held] = []
        begin = "-"
        while True:
            command = ("XPENDING", self.keys.work(stage).name, stage, begin, "+", HELD_COUNT)
            (reply,) = await self._calls.call(command)
            if isinstance(reply, ResponseError):
                if "NOGROUP" in str(reply):  # no worker of this stage has ever been there
                    return found
                raise refusal_of(reply, "XPENDING")
            found += [Held(id.decode(), who.decode(), idle_ms / 1000, times) for id, who, idle_ms, times in reply]
            if len(reply) < HELD_COUNT:
                return found
            begin = f"({found[-1].id}"

    async def backlog(self, stage: Stage) -> Backlog:
        reply = await self._call(scripts.BACKLOG([self.keys.work(stage).name], stage, NOBODY))
        waiting, held, handed_back, *ages_ms = (max(0, int(figure)) for figure in reply)
        return Backlog(waiting, held, handed_back, *(ms / 1000 for ms in ages_ms))

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
        owner, state = self.keys.owner(conversation_id, thing), self.keys.state(conversation_id)
        # named only where they are read: not everybody who owns something may touch the turns
        turns = [self.keys.turns(conversation_id).name] if waiting else []
        call = scripts.OWN([owner.name, state.name, *turns], claim.id, claim.attempt, owner.ttl_s, waiting)
        beside = [] if last is None else [("XREVRANGE", last.name, "+", "-", "COUNT", 1)]
        beside += [] if first is None else [("XRANGE", first.name, "-", "+", "COUNT", MAX_FIRST)]
        while True:
            (answer, detail, *more), *streams = await self._call_all(call, *beside)
            if answer == b"own":
                found = [_entries(reply) for reply in (more[0], *streams)]
                ends = found.pop(1) if last is not None else ()
                return Owned(
                    owner,
                    claim.token,
                    _fields(detail),
                    found[0],
                    ends[0] if ends else None,
                    found[1] if first is not None else (),
                )
            holder = detail.decode(errors="replace")
            if answer == b"later" or await self._is_held(claim.stage, holder):
                return Refused(holder, later_attempt=answer == b"later")
            # The holder died between finishing its work entry and releasing; or it was stalled between its claim and
            # this call, and owns through an attempt that a peer has taken over since. Neither may keep this claim out.
            await self._call(scripts.DISOWN([owner.name], holder))

    async def owner(self, conversation_id: str, thing: str) -> str:
        token = await self._call(("GET", self.keys.owner(conversation_id, thing).name))
        return "" if token is None else token.decode()

    async def release_turns(self, owned: Owned, conversation_id: str, cursor: str, *, cut: int = 0) -> bool:
        turns, state = self.keys.turns(conversation_id), self.keys.state(conversation_id)
        reply = await self._call(
            scripts.RELEASE_TURNS([owned.owner.name, turns.name, state.name], owned.token, cursor, cut, state.ttl_s)
        )
        error = refusal([reply, 0]) if reply == scripts.FENCED else None
        if error is not None:
            raise error
        return reply == 1

    # -- writing

    def outlet(self, fence: Fence | None = None, *, epoch: int = 0) -> QueueOutlet:
        return QueueOutlet(self._writer, fence, epoch)

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
        state = self.keys.state(conversation_id)
        ts, epoch = self._now_ms(), EPOCH_MARK
        first = 4
        keys, operations = operations_of(writes, first=first, ts=ts, epoch=epoch)
        more_keys, before = operations_of(if_talking, first=first + len(keys), ts=ts, epoch=epoch)
        call = scripts.TRANSACT(
            [fence_keys(fence, state, lambda _: state)[0], state.name, (once or state).name, *keys, *more_keys],
            *fence_args(fence),
            operations,
            before,
            "1" if raise_epoch else "",
            "" if talk is None else str(int(talk)),
            "" if once is None else once.ttl_s,
            state.ttl_s,
        )
        # the pointer carries no epoch: who claims it reads the conversation's
        posts = [] if then is None else self._post(then[0], then[1], 0)
        futures = [self._writer.send(command) for command in (call, *posts)]
        reply, *_ = await asyncio.gather(*futures)
        error = refusal(reply)
        if error is not None:
            raise error
        return Applied(new=reply[0] == scripts.OK, epoch=int(reply[1]))

    # -- reading

    def follow(self, key: Key, after: str = BEGINNING, *, tell_loss: bool = False) -> StreamFollow:
        return self._reader.follow(key, after, tell_loss=tell_loss)

    async def read(self, key: Key, after: str = BEGINNING, *, count: int | None = None) -> Sequence[Entry]:
        limit = () if count is None else ("COUNT", count)
        reply = await self._call(("XRANGE", key.name, f"({after}", "+", *limit))
        return [Entry(id.decode(), _fields(raw)) for id, raw in reply]

    async def last(self, key: Key) -> Entry | None:
        reply = await self._call(("XREVRANGE", key.name, "+", "-", "COUNT", 1))
        return Entry(reply[0][0].decode(), _fields(reply[0][1])) if reply else None

    async def hash(self, key: Key) -> dict[bytes, bytes]:
        return _fields(await self._call(("HGETALL", key.name)))

    async def conversations_with_turns(self) -> AsyncIterator[str]:
        cursor = b"0"
        pattern = self.keys.every_turns().replace("[", "\\[")
        while True:
            cursor, names = await self._call(("SCAN", cursor, "MATCH", pattern, "COUNT", SCAN_COUNT, "TYPE", "stream"))
            for name in names:
                yield self.keys.conversation_of(name.decode())
            if cursor == b"0":
                return

    async def length(self, key: Key) -> int:
        return int(await self._call(("XLEN", key.name)))

    async def remove(self, key: Key, ids: Sequence[str]) -> None:
        if ids:
            await self._call(("XDEL", key.name, *ids))

    async def delete(self, keys: Sequence[Key]) -> None:
        if keys:
            await self._call(("UNLINK", *(key.name for key in keys)))

    async def move(self, key: Key, entries: Sequence[Entry], to: Key) -> None:
        if entries:
            bound = [] if to.max_len is None else ["MAXLEN", "~", to.max_len]
            raw = [[part for field in entry.fields.items() for part in field] for entry in entries]
            await self._call_all(
                *(("XADD", to.name, *bound, "*", *fields) for fields in raw), ("EXPIRE", to.name, to.ttl_s)
            )
            await self.remove(key, [entry.id for entry in entries])

    async def reopen(self, key: Key, final_id: str) -> bool:
        return await self._call(scripts.REOPEN([key.name], final_id, key.ttl_s)) == 1

    async def mend(self, conversation_id: str, *, owner: bool = False) -> Sequence[str]:
        keys, id = self.keys, conversation_id
        state = keys.state(id)
        streams = (keys.turns(id), keys.events(id), keys.control(id), keys.receipts(id))
        # named only where it is asked for: not every service may touch it
        names = [state.name, *(key.name for key in streams), *([keys.owner(id, "turns").name] if owner else [])]
        reply = await self._call(scripts.MEND(names, state.ttl_s, *(key.ttl_s for key in streams)))
        return [name.decode() for name in reply]

    # -- leases

    async def hold(self, key: Key, holder: str) -> bool:
        return await self._call(scripts.HOLD([key.name], holder, key.ttl_s)) == 1

    async def let_go(self, key: Key, holder: str) -> None:
        await self._call(scripts.DISOWN([key.name], holder))

    # -- presence

    async def beat(self, member: str) -> None:
        key, now = self.keys.workers(), time.time()
        await self._call_all(
            ("ZADD", key.name, now, member),
            ("ZREMRANGEBYSCORE", key.name, "-inf", now - PRESENCE_KEPT_S),
            ("EXPIRE", key.name, key.ttl_s),
        )

    async def leave(self, member: str) -> None:
        await self._call(("ZREM", self.keys.workers().name, member))

    async def alive(self, within_s: float) -> Sequence[str]:
        now = time.time()
        reply = await self._call(
            ("ZRANGEBYSCORE", self.keys.workers().name, now - within_s, now + MAX_AHEAD_S)
        )  # fmt: skip
        return [member.decode(errors="replace") for member in reply]

    async def info(self) -> Mapping[str, str]:
        return fields_of(await self._call(("INFO",)))

    async def ping(self) -> float:
        begun = time.perf_counter()
        await self._call(("PING",))
        return time.perf_counter() - begun

    async def probe_writes(self) -> None:
        key = self.keys.probe()
        await self._call(("SET", key.name, "1", "EX", key.ttl_s))

    # -- memory

    async def space(self) -> Space:
        return await self._space.space()

    async def probe_age(self) -> float | None:
        return await self._space.probe_age()

    def sounds(self) -> AsyncIterator[Sound]:
        return self._space.sounds()

    def sizes(self) -> AsyncIterator[Sized]:
        return self._space.sizes()

    async def free(self, names: Sequence[str], *, keep_end: bool) -> None:
        if names:
            await self._space.free(names, keep_end=keep_end)

    # --

    def _post(self, stage: Stage, work: Work, epoch: int) -> list[tuple[str | bytes | int | float, ...]]:
        key = self.keys.work(stage)
        fields = encode(work, ts=self._now_ms(), epoch=epoch)
        return [
            ("XADD", key.name, "MAXLEN", "~", key.max_len or 0, "*", *fields),
            ("EXPIRE", key.name, key.ttl_s),
        ]

    async def _end_claim(self) -> None:
        # Redis may not have noticed yet that nobody waits there any more, and would give it what is posted next
        with contextlib.suppress(BusUnavailable, TimeoutError):
            async with asyncio.timeout(END_CLAIM_S):
                await self._calls.call(("CLIENT", "UNBLOCK", self._claims.client_id))

    async def _is_held(self, stage: Stage, token: str) -> bool:
        """Whether the work entry of an owner's token is pending, and the token's attempt is its last one."""
        entry_id, _, attempt = token.partition("/")
        command = ("XPENDING", self.keys.work(stage).name, stage, entry_id, entry_id, 1)
        (reply,) = await self._calls.call(command)
        if isinstance(reply, ResponseError):
            if "NOGROUP" in str(reply):  # someone flushed Redis: no work is pending
                return False
            raise refusal_of(reply, "XPENDING")
        return bool(reply) and str(reply[0][3]) == attempt

    async def _call(self, command: Sequence[str | bytes | int | float]) -> Any:
        (reply,) = await self._call_all(command)
        return reply

    async def _call_all(self, *commands: Sequence[str | bytes | int | float]) -> list[Any]:
        replies = await self._calls.call(*commands)
        for command, reply in zip(commands, replies, strict=True):
            if isinstance(reply, ResponseError):
                raise refusal_of(reply, str(command[0]))
        return replies


@asynccontextmanager
async def open_bus(url: str, keys: Keys, *, name: str = "tertulia", tls: Tls | None = None) -> AsyncGenerator[RedisBus]:
    """A bus that runs as long as the block does. What the block raises comes out in a group, as of any TaskGroup.

    Raises:
        BusUnavailable: Redis does not answer (`BusRefused`: it does not let us in).
        ValueError: the URL cannot be read, or one of the TLS files.
    """
    bus = RedisBus(url, keys, name=name, tls=tls)
    try:
        await bus.ping()
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(bus.run())
            try:
                yield bus
            finally:
                running.cancel()
    finally:
        await bus.close()


def _entries(raw: Sequence[tuple[bytes, Sequence[bytes]]]) -> tuple[Entry, ...]:
    return tuple(Entry(id.decode(), _fields(fields)) for id, fields in raw)


def _fields(raw: Sequence[bytes]) -> dict[bytes, bytes]:
    return dict(zip(raw[::2], raw[1::2], strict=True))
