"""Turns whose worker dies after any write: the next worker completes them."""

from __future__ import annotations

import asyncio

import pytest

from tertulia_shared.bus import BusUnavailable
from tests.harness.llm import LINES, LLMBench
from tests.harness.virtual_time import virtual_time
from tests.unit.llm.turn_bench import LUNA, REX, USER, assert_whole, bench_with


@virtual_time
async def test_turn_is_completed_if_its_worker_dies_after_any_write() -> None:
    writes = 0
    while True:
        writes += 1
        bench = await bench_with()
        await bench.say(USER[1])
        died = await bench.die_after(writes)
        if not died:
            break
        await bench.work()
        try:
            assert_whole(await bench.client())
            assert await bench.rows() == [USER, LUNA, REX]
        except AssertionError as error:
            raise AssertionError(f"after a death at write {writes}") from error
    assert writes > 20


@virtual_time
async def test_nothing_is_repeated_if_the_worker_dies_between_its_last_write_and_the_ack() -> None:
    bench = await bench_with()
    await bench.say(USER[1])
    handler = await bench.worker()
    await handler.handle(await bench.claimed())
    before = (await bench.client()).events
    bench.handler, bench.orphaned = None, True
    await bench.work()
    client = await bench.client()
    assert client.events == before
    assert_whole(client)
    assert await bench.rows() == [USER, LUNA, REX]


@virtual_time
async def test_resumed_reply_is_completed_if_the_model_has_nothing_to_add() -> None:
    writes = 0
    while True:
        writes += 1
        # the line end confirms the end of the sentence before the stream ends
        bench = LLMBench({"Luna": "Hello there.\n"})
        await bench.set("Luna")
        await bench.say("Hello")
        if not await bench.die_after(writes):
            break
        await bench.work()
        client = await bench.client()
        client.check()
        assert client.talk() == [("Luna", "Hello there.\n", "complete")], f"after a death at write {writes}"
    assert writes > 5


@virtual_time
async def test_turn_is_completed_after_two_workers_died() -> None:
    for first in range(2, 40, 3):
        for second in range(2, 14, 3):
            bench = await bench_with()
            await bench.say(USER[1])
            if await bench.die_after(first) and await bench.die_after(second):
                await bench.work()
            client = await bench.client()
            client.check()
            assert client.talk() == [LUNA, REX], f"deaths at {first} and then {second}"
            assert len(client.complete) == 1
            assert await bench.rows() == [USER, LUNA, REX]


@virtual_time
async def test_users_message_is_saved_after_the_worker_lost_its_connection() -> None:
    bench = await bench_with("Sage")
    handler = await bench.worker()
    await bench.say("Zero")
    await bench.work()
    await bench.say("Hello")
    claim = await bench.claimed()
    bench.store.delay_s = 1.0
    job = asyncio.create_task(handler.handle(claim))
    await asyncio.sleep(0)
    bench.bus.break_connection()
    with pytest.raises(BusUnavailable):
        await job
    bench.orphaned = True
    bench.bus.restore_connection()
    bench.store.delay_s = 0.0
    await bench.work()  # the same process continues
    assert [row[:2] for row in await bench.rows()][2:] == [("Jay", "Hello"), ("Sage", LINES["Sage"])]
