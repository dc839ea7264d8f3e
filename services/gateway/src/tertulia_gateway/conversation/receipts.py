"""WriteStatus the client's receipts into Redis, not more than so many a second, and always the newest."""

from __future__ import annotations

import asyncio

from tertulia_gateway.rate_limit import Clock, TokenBucket
from tertulia_shared.bus import Bus, BusError, Outlet
from tertulia_shared.entries import Receipt

RECEIPTS_PER_S = 20.0
"""Receipts that are written; of those that come faster only the newest is."""


class ReceiptWriter:
    """`run` must run while receipts are added: it writes what `add` could not write at once."""

    def __init__(self, bus: Bus, conversation_id: str, clock: Clock) -> None:
        self._bus = bus
        self._key = bus.keys.receipts(conversation_id)
        self._outlet: Outlet | None = None
        self._rate = TokenBucket(RECEIPTS_PER_S, RECEIPTS_PER_S, clock)
        self._held: Receipt | None = None
        self._added = asyncio.Event()

    def add(self, receipt: Receipt) -> None:
        """The client has played up to here; messages are played in order."""
        if self._held is None and self._rate.take():
            self._write(receipt)
        else:
            self._held = receipt
            self._added.set()

    def add_last(self, receipt: Receipt) -> None:
        """Write a receipt after the end of `run`, whatever the rate."""
        self._write(receipt)

    async def run(self) -> None:
        """Write what is held, until cancelled; the last receipt is written then."""
        try:
            while True:
                await self._added.wait()
                await asyncio.sleep(1 / RECEIPTS_PER_S)
                self._rate.take()
                self._write_held()
        finally:
            self._write_held()

    def _write_held(self) -> None:
        receipt, self._held = self._held, None
        self._added.clear()
        if receipt is not None:
            self._write(receipt)

    def _write(self, receipt: Receipt) -> None:
        try:
            self._outlet = self._outlet or self._bus.outlet()
            self._outlet.append(self._key, receipt)
        except BusError:
            self._outlet = None  # a receipt is not worth more than the next one
