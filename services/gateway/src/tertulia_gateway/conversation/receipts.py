"""Writes the client's playback receipts into Redis at a bounded rate.

The writer writes the furthest receipt of each message. If Redis refuses it or is unavailable, the writer tries again
later, for at most `MAX_UNWRITTEN` messages.
"""

from __future__ import annotations

import asyncio

from tertulia_gateway.left_receipts import LeftReceipts
from tertulia_gateway.monitoring.writes_probe import WriteStatus
from tertulia_gateway.rate_limit import Clock, TokenBucket
from tertulia_shared.bus import Bus, BusError, BusUnavailable, Outlet, WritesPaused
from tertulia_shared.entries import Receipt
from tertulia_shared.receipts import furthest

RECEIPTS_PER_S = 20.0
"""Maximum number of receipts written per second. If receipts arrive faster, only the newest is written."""
RETRY_S = 0.5
"""Minimum time between two attempts to write receipts that Redis did not take."""
MAX_UNWRITTEN = 64
"""Maximum number of messages whose receipts wait for Redis; beyond it, the receipt that is oldest is dropped."""


class ReceiptWriter:
    """Writes receipts. `run` must be running: it writes the receipts that `add` has deferred, and those that Redis did
    not take.
    """

    def __init__(
        self,
        bus: Bus,
        conversation_id: str,
        clock: Clock,
        writes: WriteStatus | None = None,
        left: LeftReceipts | None = None,
    ) -> None:
        """`left` writes what Redis has not confirmed when `run` ends."""
        self._bus = bus
        self._key = bus.keys.receipts(conversation_id)
        self._writes = writes or WriteStatus()
        self._left = left or LeftReceipts()
        self._outlet: Outlet | None = None
        self._rate = TokenBucket(RECEIPTS_PER_S, RECEIPTS_PER_S, clock)
        self._deferred: dict[str, Receipt] = {}
        """The furthest receipt of each message that is still to be written; the last one is the newest."""
        self._unconfirmed: dict[str, Receipt] = {}
        """The furthest receipt of each message that was sent to Redis, which has not confirmed it."""
        self._added = asyncio.Event()

    def add(self, receipt: Receipt) -> None:
        """Write a receipt now, or defer it if the rate is reached or earlier receipts wait. It replaces a deferred
        receipt of the same message.
        """
        is_due = not self._deferred and self._rate.take()
        self._defer(receipt)
        if is_due:
            self.write_deferred()
        self._added.set()

    def write_deferred(self) -> None:
        """Write all deferred receipts at once, without the rate limit. Redis gets them before all later writes."""
        if self._outlet is not None and self._outlet.failed:
            self._take_back()
        while self._deferred:
            self._write_oldest()

    def add_last(self, receipt: Receipt) -> None:
        """Write a receipt at once, without the rate limit. For use after `run` has ended."""
        self._defer(receipt)
        self._end()

    async def finish(self) -> bool:
        """Write what is left after `run` has ended. Returns False if Redis did not take it, so that it has to be tried
        again.
        """
        self.write_deferred()
        outlet = self._outlet
        if outlet is None:
            return True
        try:
            await outlet.flush()
        except (WritesPaused, BusUnavailable):
            return False
        except BusError:  # the key is damaged, and no turn of this connection will repair it
            return True
        self._unconfirmed.clear()
        return True

    async def run(self) -> None:
        """Write receipts until cancelled. On cancellation, the receipts that are still deferred are written."""
        try:
            while True:
                await self._added.wait()
                self._added.clear()
                if self._deferred:
                    await asyncio.sleep(1 / RECEIPTS_PER_S)
                    self._rate.take()
                    self._write_oldest()
                await self._confirm()
        finally:
            self._end()

    def _end(self) -> None:
        self.write_deferred()
        if self._unconfirmed:
            self._left.keep(self)

    def _write_oldest(self) -> None:
        if self._outlet is not None and self._outlet.failed:
            self._take_back()
        if not self._deferred:
            return
        receipt = self._deferred.pop(next(iter(self._deferred)))
        self._outlet = self._outlet or self._bus.outlet()
        self._outlet.append(self._key, receipt)
        known = self._unconfirmed.pop(receipt.message_id, receipt)
        self._unconfirmed.update(furthest((known, receipt)))

    async def _confirm(self) -> None:
        """Wait until Redis has the receipts that were sent. If it did not take them, they are deferred again."""
        outlet = self._outlet
        if outlet is None:
            return
        try:
            await outlet.flush()
        except BusError as error:
            if outlet is not self._outlet:  # `write_deferred` has written these receipts again meanwhile
                self._added.set()
                return
            self._take_back()
            if isinstance(error, WritesPaused | BusUnavailable):
                await asyncio.sleep(RETRY_S)
                await self._writes.until(paused=False)
                self._added.set()
            # else the key is damaged: the next receipt or turn writes these receipts too, and a turn repairs the key
        else:
            if outlet is self._outlet:
                self._unconfirmed.clear()
            if self._deferred:
                self._added.set()

    def _defer(self, receipt: Receipt) -> None:
        known = self._deferred.pop(receipt.message_id, receipt)
        self._deferred.update(furthest((known, receipt)))
        while len(self._deferred) > MAX_UNWRITTEN:
            self._deferred.pop(next(iter(self._deferred)))

    def _take_back(self) -> None:
        """Defer the receipts again that a failed outlet may not have written."""
        self._outlet = None
        newer, self._deferred, unconfirmed = self._deferred, {}, self._unconfirmed
        self._unconfirmed = {}
        for receipt in (*unconfirmed.values(), *newer.values()):
            self._defer(receipt)
