"""An owner's queue of writes: merges consecutive tokens, and keeps the first failure.

No I/O: a sink (the writer of the real bus, or the fake) takes the queued writes and settles them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

from tertulia_shared.bus.port.writing import Append, Expire, Fence, Put, Write
from tertulia_shared.codec import Value
from tertulia_shared.events import LLMChunk
from tertulia_shared.keys import Key
from tertulia_shared.ticks import until_tick

MAX_QUEUED = 256
"""While more writes than this wait in an outlet, `room()` makes its owner wait."""


class Sink(Protocol):
    """Takes queued writes from outlets and sends them to Redis."""

    def wake(self, outlet: QueueOutlet) -> None:
        """Called when `outlet` has queued writes."""
        ...


class QueueOutlet:
    """Implements `port.Outlet`."""

    __slots__ = (
        "_error",
        "_in_flight",
        "_is_announced",
        "_queued",
        "_sink",
        "_timer",
        "_waiters",
        "epoch",
        "fence",
        "fresh_until",
        "skipped",
    )

    def __init__(self, sink: Sink, fence: Fence | None, epoch: int) -> None:
        self._sink = sink
        self.fence = fence
        self.epoch = epoch if fence is None or fence.epoch is None else fence.epoch
        self.fresh_until: dict[str, float] = {}
        """For each key, the monotonic time in seconds up to which its TTL needs no renewal."""
        self.skipped = False
        self._queued: list[Write] = []
        self._is_announced = False
        """True if the sink knows of the queued writes; False while they wait for the next tick."""
        self._timer: asyncio.TimerHandle | None = None
        self._in_flight = 0
        self._error: Exception | None = None
        self._waiters: list[asyncio.Future[None]] = []

    @property
    def failed(self) -> bool:
        """True if a write failed."""
        return self._error is not None

    def append(self, key: Key, entry: object, *, id: str | None = None, **extra: Value) -> None:
        """Queue an XADD; consecutive chunks of one message's text are merged."""
        self._append(key, entry, id, extra)
        self._announce()

    def append_by_tick(self, key: Key, entry: object, *, id: str | None = None) -> None:
        """Like `append`, but the entry waits for the next tick, unless another write takes it along."""
        self._append(key, entry, id, {})
        if self._timer is None and not self._is_announced:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(until_tick(loop.time()), self._announce)

    def put(self, key: Key, fields: Mapping[str, Value | None]) -> None:
        """Queue an HSET."""
        self._check()
        self._queued.append(Put(key, fields))
        self._announce()

    def expire(self, key: Key, ttl_s: int) -> None:
        """Queue an `Expire`."""
        self._check()
        self._queued.append(Expire(key, ttl_s))
        self._announce()

    async def flush(self, *, by_tick: bool = False) -> None:
        """Wait until all queued writes are in Redis. `by_tick`: those that wait for a tick are not sent earlier."""
        if not by_tick:
            self._announce()
        while self._busy and self._error is None:
            await self._settled()
        self._check()

    async def room(self) -> None:
        """Wait until at most `MAX_QUEUED` writes are queued."""
        while len(self._queued) + self._in_flight > MAX_QUEUED and self._error is None:
            await self._settled()
        self._check()

    # -- called by the sink

    def take(self) -> list[Write]:
        """Return everything queued; it is now in flight."""
        writes, self._queued = self._queued, []
        self._is_announced = False
        self._in_flight += len(writes)
        return writes

    def settle(self, count: int, error: Exception | None, *, skipped: bool = False) -> None:
        """Record Redis' answer to `count` writes in flight."""
        self._in_flight -= count
        self.skipped = self.skipped or skipped
        if error is not None and self._error is None:
            self._error = error
            self._queued.clear()
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    def refuse(self, error: Exception) -> None:
        """Drop all queued writes and fail with this error."""
        self.settle(self._in_flight, error)

    @property
    def is_in_flight(self) -> bool:
        """True while the sink has taken writes that are not settled."""
        return self._in_flight > 0

    @property
    def first_key(self) -> str:
        """The name of the key of the first queued write; "" if none is queued."""
        return self._queued[0].key.name if self._queued else ""

    @property
    def _busy(self) -> bool:
        return bool(self._queued) or self.is_in_flight

    def _append(self, key: Key, entry: object, id: str | None, extra: Mapping[str, Value]) -> None:
        self._check()
        last = self._queued[-1] if self._queued else None
        if (
            isinstance(entry, LLMChunk)
            and isinstance(last, Append)
            and isinstance(last.entry, LLMChunk)
            and last.entry.message_id == entry.message_id
        ):
            text, ends = last.entry.text + entry.text, last.entry.sentence_ends + entry.sentence_ends
            self._queued[-1] = replace(last, entry=replace(entry, text=text, sentence_ends=ends))
        else:
            self._queued.append(Append(key, entry, id, extra))

    def _announce(self) -> None:
        """Tell the sink of the queued writes, unless it knows of them."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._queued and not self._is_announced:
            self._is_announced = True
            self._sink.wake(self)

    async def _settled(self) -> None:
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        await waiter

    def _check(self) -> None:
        if self._error is not None:
            raise self._error
