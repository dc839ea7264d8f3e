from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from tertulia_llm.sweep import AT_ONCE, FULL_EVERY, SWEEP_S, sweep
from tertulia_shared.codec import Fields, decode
from tertulia_shared.entries import UserTurn, Work
from tertulia_shared.ids import new_id
from tertulia_shared.keys import Key, Keys
from tertulia_shared.testing.memory_bus import MemoryBus
from tests.harness.virtual_time import now, settle, virtual_time


@asynccontextmanager
async def sweeping() -> AsyncGenerator[MemoryBus]:
    bus = MemoryBus(Keys("test"), clock=now)
    await bus.prepare("llm")
    task = asyncio.create_task(sweep(bus))
    await settle()
    yield bus
    task.cancel()


async def write_turn(bus: MemoryBus, conversation_id: str) -> str:
    """Write a turn without a pointer, as a gateway that died between the two writes. Returns its entry id."""
    outlet = bus.outlet()
    outlet.append(bus.keys.turns(conversation_id), UserTurn(new_id(), conversation_id, "Hello?", "typed"))
    await outlet.flush()
    return (await bus.read(bus.keys.turns(conversation_id)))[-1].id


async def set_cursor(bus: MemoryBus, conversation_id: str, cursor: str) -> None:
    outlet = bus.outlet()
    outlet.put(bus.keys.state(conversation_id), {"cursor": cursor})
    await outlet.flush()


@virtual_time
async def test_pointer_is_posted_at_the_second_sweep_for_a_turn_that_has_none() -> None:
    async with sweeping() as bus:
        conversation_id = new_id()
        await write_turn(bus, conversation_id)
        await asyncio.sleep(SWEEP_S)
        assert await bus.open_work("llm") == 0, "its writer may be about to post the pointer"
        await asyncio.sleep(SWEEP_S)
        (claim,) = await bus.claim("llm", "worker", count=9, block_s=0)
        assert decode(Work, claim.fields) == Work(conversation_id)


@virtual_time
async def test_no_pointer_is_posted_for_turns_that_are_answered_or_in_progress() -> None:
    async with sweeping() as bus:
        answered, busy = new_id(), new_id()
        await set_cursor(bus, answered, await write_turn(bus, answered))
        for _ in range(4):
            last = await write_turn(bus, busy)
            await asyncio.sleep(SWEEP_S)
            await set_cursor(bus, busy, last)
        assert await bus.open_work("llm") == 0


@virtual_time
async def test_sweep_continues_after_a_redis_outage() -> None:
    async with sweeping() as bus:
        await write_turn(bus, new_id())
        bus.break_connection()
        await asyncio.sleep(3 * SWEEP_S)
        bus.restore_connection()
        await asyncio.sleep(2 * SWEEP_S)
        assert await bus.open_work("llm") >= 1


@virtual_time
async def test_pointer_is_posted_for_a_turn_that_follows_answered_ones() -> None:
    async with sweeping() as bus:
        conversation_id = new_id()
        await set_cursor(bus, conversation_id, await write_turn(bus, conversation_id))
        await asyncio.sleep(3 * SWEEP_S)
        assert await bus.open_work("llm") == 0
        await write_turn(bus, conversation_id)
        await asyncio.sleep(2 * SWEEP_S)
        assert await bus.open_work("llm") >= 1


@virtual_time
async def test_pointers_are_posted_for_the_waiting_turns_of_more_conversations_than_are_read_at_once() -> None:
    async with sweeping() as bus:
        ids = {new_id() for _ in range(2 * AT_ONCE + 1)}
        for conversation_id in ids:
            await write_turn(bus, conversation_id)
        await asyncio.sleep(2 * SWEEP_S)
        claims = await bus.claim("llm", "worker", count=len(ids), block_s=0)
        assert {decode(Work, claim.fields).conversation_id for claim in claims} == ids


class HashCounter(MemoryBus):
    """Counts the hashes that are read."""

    hashes = 0

    async def hash(self, key: Key) -> Fields:
        self.hashes += 1
        return await super().hash(key)


@virtual_time
async def test_state_of_a_conversation_without_new_turns_is_read_in_one_of_several_searches() -> None:
    bus = HashCounter(Keys("test"), clock=now)
    await bus.prepare("llm")
    conversation_id = new_id()
    await set_cursor(bus, conversation_id, await write_turn(bus, conversation_id))
    task = asyncio.create_task(sweep(bus))
    await asyncio.sleep(10 * FULL_EVERY * SWEEP_S - 1)
    assert bus.hashes == 10
    task.cancel()
