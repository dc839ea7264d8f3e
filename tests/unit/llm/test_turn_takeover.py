"""Turns whose worker dies: the next worker completes them, after a death at any write."""

from __future__ import annotations

import asyncio

import pytest

from tertulia_shared.bus import BusUnavailable
from tests.harness.llm import LINES, Table
from tests.harness.virtual_time import virtual_time
from tests.unit.llm.turn_bench import LUNA, REX, USER, assert_whole, table_with


@virtual_time
async def test_turn_is_completed_after_a_worker_dies_at_any_write() -> None:
    writes = 0
    while True:
        writes += 1
        table = await table_with()
        await table.say(USER[1])
        died = await table.die_after(writes)
        if not died:
            break
        await table.work()
        try:
            assert_whole(await table.client())
            assert await table.rows() == [USER, LUNA, REX]
        except AssertionError as error:
            raise AssertionError(f"after a death at write {writes}") from error
    assert writes > 20


@virtual_time
async def test_worker_killed_between_its_last_write_and_the_ack_repeats_nothing() -> None:
    table = await table_with()
    await table.say(USER[1])
    handler = await table.worker()
    await handler.handle(await table.claimed())
    before = (await table.client()).events
    table.handler, table.orphaned = None, True
    await table.work()
    client = await table.client()
    assert client.events == before
    assert_whole(client)
    assert await table.rows() == [USER, LUNA, REX]


@virtual_time
async def test_resumed_reply_is_complete_if_the_model_has_nothing_to_add() -> None:
    writes = 0
    while True:
        writes += 1
        table = Table({"Luna": "Hello there.\n"})  # the line end completes the sentence before the stream ends
        await table.set("Luna")
        await table.say("Hello")
        if not await table.die_after(writes):
            break
        await table.work()
        client = await table.client()
        client.check()
        assert client.talk() == [("Luna", "Hello there.\n", "complete")], f"after a death at write {writes}"
    assert writes > 5


@virtual_time
async def test_turn_is_completed_after_two_deaths() -> None:
    for first in range(2, 40, 3):
        for second in range(2, 14, 3):
            table = await table_with()
            await table.say(USER[1])
            if await table.die_after(first) and await table.die_after(second):
                await table.work()
            client = await table.client()
            client.check()
            assert client.talk() == [LUNA, REX], f"deaths at {first} and then {second}"
            assert len(client.complete) == 1
            assert await table.rows() == [USER, LUNA, REX]


@virtual_time
async def test_user_row_is_saved_after_a_lost_connection() -> None:
    table = await table_with("Sage")
    handler = await table.worker()
    await table.say("Zero")
    await table.work()
    await table.say("Hello")
    claim = await table.claimed()
    table.store.delay_s = 1.0
    job = asyncio.create_task(handler.handle(claim))
    await asyncio.sleep(0)
    table.bus.break_connection()
    with pytest.raises(BusUnavailable):
        await job
    table.orphaned = True
    table.bus.restore_connection()
    table.store.delay_s = 0.0
    await table.work()  # in the same process
    assert [row[:2] for row in await table.rows()][2:] == [("Jay", "Hello"), ("Sage", LINES["Sage"])]
