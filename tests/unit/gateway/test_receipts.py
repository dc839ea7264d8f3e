"""Receipts are written at a bounded rate, and the newest receipt is always written."""

from __future__ import annotations

import asyncio

from tertulia_gateway.conversation.receipts import RECEIPTS_PER_S, ReceiptWriter
from tertulia_shared.entries import Receipt
from tertulia_shared.receipts import last_receipts
from tertulia_shared.testing.memory_bus import MemoryBus

C = "cccccccc-0000-4000-8000-000000000001"
M = "aaaaaaaa-0000-4000-8000-000000000001"


async def written(bus: MemoryBus) -> list[int]:
    """The chunk indexes of the receipts in Redis."""
    entries = await bus.read(bus.keys.receipts(C))
    return [int(entry.fields[b"chunk_index"]) for entry in entries]


async def test_newest_receipt_above_the_rate_limit_is_written_after_a_delay(bus: MemoryBus) -> None:
    writer = ReceiptWriter(bus, C, asyncio.get_running_loop().time)
    running = asyncio.create_task(writer.run())
    for chunk in range(200):
        writer.add(Receipt(M, 0, chunk, 0))
    await asyncio.sleep(2 / RECEIPTS_PER_S)
    chunks = await written(bus)
    assert chunks == [*range(int(RECEIPTS_PER_S)), 199]
    running.cancel()


async def test_deferred_receipt_is_written_when_the_writer_is_cancelled(bus: MemoryBus) -> None:
    writer = ReceiptWriter(bus, C, asyncio.get_running_loop().time)
    running = asyncio.create_task(writer.run())
    await asyncio.sleep(0)
    for chunk in range(50):
        writer.add(Receipt(M, 0, chunk, 0))
    running.cancel()
    await asyncio.wait([running])
    await asyncio.sleep(0.001)
    assert last_receipts(await bus.read(bus.keys.receipts(C)))[M].chunk_index == 49
