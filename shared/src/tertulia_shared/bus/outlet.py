"""An owner's queue of writes: collects the writes of one tick, merges consecutive tokens, keeps the first failure.

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

MAX_QUEUED = 256
"""While more writes than this wait in an outlet, `room()` makes its owner wait."""
MERGED_TEXT_S = 0.02
"""After `merge_text`, a token waits so long for the next ones. A person does not notice it."""


class Sink(Protocol):
    """Takes queued writes from outlets and sends them to Redis."""

    def wake(self, outlet: QueueOutlet) -> None:
        """Called when `outlet` has queued writes."""
        ...


class QueueOutlet:
    """Implements `port.Outlet`."""

    __slots__ = (
        "_error", "_in_flight", "_merges_text", "_queued", "_sink", "_timer", "_waiters", "epoch", "fence",
        "fresh_until",
    )  # fmt: skip

    def __init__(self, sink: Sink, fence: Fence | None, epoch: int) -> None:
        self._sink = sink
        self.fence = fence
        self.epoch = epoch if fence is None or fence.epoch is None else fence.epoch
        self.fresh_until: dict[str, float] = {}
        """For each key, the monotonic time in seconds up to which its TTL needs no renewal."""
        self._queued: list[Write] = []
        self._in_flight = 0
        self._error: Exception | None = None
        self._waiters: list[asyncio.Future[None]] = []
        self._merges_text = False
        self._timer: asyncio.TimerHandle | None = None

    def append(self, key: Key, entry: object, *, id: str | None = None, **extra: Value) -> None:
        """Queue an XADD; consecutive chunks of one message's text are merged."""
        self._check()
        if isinstance(entry, LLMChunk):
            if self._queued and self._merged(entry):
                return
            if self._merges_text and not self._queued:
                self._queued.append(Append(key, entry, id, extra))
                self._timer = asyncio.get_running_loop().call_later(MERGED_TEXT_S, self._wake)
                return
        self._queue(Append(key, entry, id, extra))

    def put(self, key: Key, fields: Mapping[str, Value | None]) -> None:
        """Queue an HSET."""
        self._check()
        self._queue(Put(key, fields))

    def expire(self, key: Key, ttl_s: int) -> None:
        """Queue an `Expire`."""
        self._check()
        self._queue(Expire(key, ttl_s))

    def merge_text(self) -> None:
        """From now on, let tokens wait up to `MERGED_TEXT_S` for the next ones. Other writes do not wait."""
        self._merges_text = True

    async def flush(self) -> None:
        """Wait until all queued writes are in Redis."""
        self._wake()
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
        self._stop_timer()
        writes, self._queued = self._queued, []
        self._in_flight += len(writes)
        return writes

    def settle(self, count: int, error: Exception | None) -> None:
        """Record Redis' answer to `count` writes in flight."""
        self._in_flight -= count
        if error is not None and self._error is None:
            self._error = error
            self._queued.clear()
            self._stop_timer()
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    def refuse(self, error: Exception) -> None:
        """Drop all queued writes and fail with this error."""
        self.settle(self._in_flight, error)

    @property
    def _busy(self) -> bool:
        return bool(self._queued) or self._in_flight > 0

    def _merged(self, chunk: LLMChunk) -> bool:
        """Join the chunk to the last queued write, if that is text of the same message."""
        last = self._queued[-1]
        if not isinstance(last, Append):
            return False
        text = last.entry
        if not isinstance(text, LLMChunk) or text.message_id != chunk.message_id:
            return False
        merged = replace(
            chunk, text=text.text + chunk.text, sentence_ends=text.sentence_ends + chunk.sentence_ends
        )  # fmt: skip
        self._queued[-1] = replace(last, entry=merged)
        return True

    def _queue(self, write: Write) -> None:
        self._queued.append(write)
        if len(self._queued) == 1:
            self._sink.wake(self)
        else:
            self._wake()

    def _wake(self) -> None:
        """Send text that waits for more text."""
        if self._timer is not None:
            self._stop_timer()
            self._sink.wake(self)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def _settled(self) -> None:
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        await waiter

    def _check(self) -> None:
        if self._error is not None:
            raise self._error
