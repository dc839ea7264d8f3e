"""Writes the client's playback receipts into Redis at a bounded rate. The newest receipt is always written."""

from __future__ import annotations

import asyncio

from tertulia_gateway.rate_limit import Clock, TokenBucket
from tertulia_shared.bus import Bus, BusError, Outlet
from tertulia_shared.entries import Receipt

RECEIPTS_PER_S = 20.0
"""Maximum number of receipts written per second. If receipts arrive faster, only the newest is written."""


class ReceiptWriter:
    """Writes receipts. `run` must be running: it writes the receipts that `add` has deferred."""

    def __init__(self, bus: Bus, conversation_id: str, clock: Clock) -> None:
        self._bus = bus
        self._key = bus.keys.receipts(conversation_id)
        self._outlet: Outlet | None = None
        self._rate = TokenBucket(RECEIPTS_PER_S, RECEIPTS_PER_S, clock)
        self._deferred: Receipt | None = None
        self._added = asyncio.Event()

    def add(self, receipt: Receipt) -> None:
        """Write a receipt now, or defer it if the rate is reached. A deferred receipt that is not written yet is
        replaced, because messages are played in order.
        """
        if self._deferred is None and self._rate.take():
            self._write(receipt)
        else:
            self._deferred = receipt
            self._added.set()

    def add_last(self, receipt: Receipt) -> None:
        """Write a receipt at once, without the rate limit. For use after `run` has ended."""
        self._write(receipt)

    async def run(self) -> None:
        """Write deferred receipts until cancelled. On cancellation, a receipt that is still deferred is written."""
        try:
            while True:
                await self._added.wait()
                await asyncio.sleep(1 / RECEIPTS_PER_S)
                self._rate.take()
                self._write_deferred()
        finally:
            self._write_deferred()

    def _write_deferred(self) -> None:
        receipt, self._deferred = self._deferred, None
        self._added.clear()
        if receipt is not None:
            self._write(receipt)

    def _write(self, receipt: Receipt) -> None:
        try:
            self._outlet = self._outlet or self._bus.outlet()
            self._outlet.append(self._key, receipt)
        except BusError:
            self._outlet = None  # no retry: the next receipt includes this one
