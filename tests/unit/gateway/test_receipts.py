"""Receipts are written at a bounded rate; the newest receipt of each message is always written."""

from __future__ import annotations

import asyncio

import pytest

from tertulia_gateway.conversation.receipts import MAX_UNWRITTEN, RECEIPTS_PER_S, RETRY_S, ReceiptWriter
from tertulia_gateway.left_receipts import MAX_LEFT, LeftReceipts
from tertulia_gateway.monitoring.writes_probe import WriteStatus
from tertulia_shared.bus import Fence, WriteRefused
from tertulia_shared.bus.outlet import QueueOutlet
from tertulia_shared.entries import Receipt
from tertulia_shared.keys import Keys
from tertulia_shared.receipts import last_receipts
from tertulia_shared.testing.memory_bus import MemoryBus
from tests.harness.virtual_time import now, virtual_time

C = "cccccccc-0000-4000-8000-000000000001"
M = "aaaaaaaa-0000-4000-8000-000000000001"
N = "aaaaaaaa-0000-4000-8000-000000000002"
OOM = "OOM command not allowed when used memory > 'maxmemory'"


class DamagedBus(MemoryBus):
    """A bus whose outlets refuse every write while `is_damaged`. `outlets`: how many were made."""

    is_damaged = True
    outlets = 0

    def outlet(self, fence: Fence | None = None, *, epoch: int = 0) -> QueueOutlet:
        self.outlets += 1
        return super().outlet(fence, epoch=epoch)

    def _check_writes(self) -> None:
        super()._check_writes()
        if self.is_damaged:
            raise WriteRefused("WRONGTYPE Operation against a key holding the wrong kind of value")


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


@virtual_time
@pytest.mark.parametrize("is_probed", [True, False])
async def test_newest_receipt_of_each_message_is_written_when_redis_accepts_writes_again(*, is_probed: bool) -> None:
    bus, writes = MemoryBus(Keys("test"), clock=now), WriteStatus()
    writer = ReceiptWriter(bus, C, now, writes)
    running = asyncio.create_task(writer.run())
    bus.pause_writes(OOM)
    for message, chunk in ((M, 0), (M, 1), (M, 2), (N, 0), (N, 1)):
        writer.add(Receipt(message, 0, chunk, 0))
        await asyncio.sleep(0.2)
    if is_probed:
        writes.set("Redis is full")
        await asyncio.sleep(10 * RETRY_S)
    bus.resume_writes()
    writes.set("")
    await asyncio.sleep(2 * RETRY_S)
    assert await written(bus) == [2, 1]
    await asyncio.sleep(10 * RETRY_S)
    assert await written(bus) == [2, 1], "each is written once"
    writer.add(Receipt(N, 0, 2, 0))
    await asyncio.sleep(0.001)
    assert await written(bus) == [2, 1, 2]
    running.cancel()


@virtual_time
async def test_receipt_is_written_after_redis_was_unavailable() -> None:
    bus = MemoryBus(Keys("test"), clock=now)
    writer = ReceiptWriter(bus, C, now)
    running = asyncio.create_task(writer.run())
    bus.break_connection()
    writer.add(Receipt(M, 0, 1, 0))
    await asyncio.sleep(3 * RETRY_S)
    bus.restore_connection()
    await asyncio.sleep(2 * RETRY_S)
    assert await written(bus) == [1]
    running.cancel()


@virtual_time
async def test_receipts_that_were_refused_are_written_before_the_next_turn() -> None:
    bus = MemoryBus(Keys("test"), clock=now)
    writer = ReceiptWriter(bus, C, now)
    running = asyncio.create_task(writer.run())
    bus.pause_writes(OOM)
    writer.add(Receipt(M, 0, 5, 0))
    await asyncio.sleep(0.1)
    writer.write_deferred()  # before a turn that Redis refuses
    await asyncio.sleep(0.1)
    writer.add(Receipt(M, 0, 3, 0))
    bus.resume_writes()
    writer.write_deferred()
    turn = bus.outlet()
    turn.append(bus.keys.turns(C), Receipt(N, 0, 0, 0))
    await turn.flush()
    assert await written(bus) == [5], "the receipt that is nearer is not written"
    await asyncio.sleep(10 * RETRY_S)
    assert await written(bus) == [5]
    running.cancel()


@virtual_time
async def test_number_of_receipts_that_wait_for_redis_is_bounded() -> None:
    bus = MemoryBus(Keys("test"), clock=now)
    writer = ReceiptWriter(bus, C, now)
    running = asyncio.create_task(writer.run())
    bus.pause_writes(OOM)
    for message in range(MAX_UNWRITTEN + 3):
        writer.add(Receipt(f"m{message}", 0, message, 0))
    await asyncio.sleep(RETRY_S)
    bus.resume_writes()
    await asyncio.sleep(2 * RETRY_S + MAX_UNWRITTEN / RECEIPTS_PER_S)
    assert await written(bus) == list(range(3, MAX_UNWRITTEN + 3))
    running.cancel()


@virtual_time
async def test_receipts_for_a_damaged_key_are_written_with_the_next_receipt_and_not_retried_before() -> None:
    bus = DamagedBus(Keys("test"), clock=now)
    writer = ReceiptWriter(bus, C, now)
    running = asyncio.create_task(writer.run())
    writer.add(Receipt(M, 0, 1, 0))
    await asyncio.sleep(10 * RETRY_S)
    assert bus.outlets == 1
    bus.is_damaged = False
    writer.add(Receipt(N, 0, 2, 0))
    await asyncio.sleep(RETRY_S)
    assert await written(bus) == [1, 2]
    running.cancel()


@virtual_time
@pytest.mark.parametrize("is_probed", [True, False])
async def test_receipts_of_a_client_that_has_gone_are_written_when_redis_accepts_writes_again(
    *, is_probed: bool
) -> None:
    bus, writes, left = MemoryBus(Keys("test"), clock=now), WriteStatus(), LeftReceipts()
    writer = ReceiptWriter(bus, C, now, writes, left)
    running, finishing = asyncio.create_task(writer.run()), asyncio.create_task(left.run(writes))
    bus.pause_writes(OOM)
    if is_probed:
        writes.set("Redis is full")
    for message, chunk in ((M, 1), (N, 0)):
        writer.add(Receipt(message, 0, chunk, 0))
        await asyncio.sleep(0.2)
    running.cancel()
    await asyncio.wait([running])
    writer.add_last(Receipt(N, 0, 1, 0))  # it was read after the client had disconnected
    await asyncio.sleep(10 * RETRY_S)
    assert await written(bus) == []
    bus.resume_writes()
    writes.set("")
    await asyncio.sleep(2 * RETRY_S)
    assert await written(bus) == [1, 1]
    await asyncio.sleep(10 * RETRY_S)
    assert await written(bus) == [1, 1], "each is written once"
    finishing.cancel()


@virtual_time
async def test_receipts_of_a_client_that_has_gone_are_written_after_redis_was_unavailable() -> None:
    bus, left = MemoryBus(Keys("test"), clock=now), LeftReceipts()
    writer = ReceiptWriter(bus, C, now, left=left)
    finishing = asyncio.create_task(left.run(WriteStatus()))
    bus.break_connection()
    writer.add_last(Receipt(M, 0, 1, 0))
    await asyncio.sleep(3 * RETRY_S)
    bus.restore_connection()
    await asyncio.sleep(2 * RETRY_S)
    assert await written(bus) == [1]
    finishing.cancel()


@virtual_time
async def test_receipts_of_a_client_that_has_gone_are_given_up_if_the_key_is_damaged() -> None:
    bus, left = DamagedBus(Keys("test"), clock=now), LeftReceipts()
    finishing = asyncio.create_task(left.run(WriteStatus()))
    ReceiptWriter(bus, C, now, left=left).add_last(Receipt(M, 0, 1, 0))
    await asyncio.sleep(10 * RETRY_S)
    assert bus.outlets == 1
    bus.is_damaged = False
    ReceiptWriter(bus, C, now, left=left).add_last(Receipt(N, 0, 2, 0))
    await asyncio.sleep(RETRY_S)
    assert await written(bus) == [2]
    finishing.cancel()


@virtual_time
async def test_number_of_clients_that_have_gone_with_receipts_left_is_bounded() -> None:
    bus, left = MemoryBus(Keys("test"), clock=now), LeftReceipts()
    bus.pause_writes(OOM)
    for chunk in range(MAX_LEFT + 3):
        ReceiptWriter(bus, C, now, left=left).add_last(Receipt(M, 0, chunk, 0))
    finishing = asyncio.create_task(left.run(WriteStatus()))
    await asyncio.sleep(RETRY_S)
    bus.resume_writes()
    await asyncio.sleep(RETRY_S)
    assert await written(bus) == list(range(3, MAX_LEFT + 3))
    finishing.cancel()
