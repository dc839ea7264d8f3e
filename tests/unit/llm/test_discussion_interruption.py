"""Discussions that the user interrupts, and their pace: they stay near the place where the user listens."""

from __future__ import annotations

import asyncio

from tertulia_llm.listening_pace import QUIET_S
from tertulia_shared.answering import AnsweringRules
from tests.harness.virtual_time import now, virtual_time
from tests.unit.llm.discussion_bench import discussing_bench, nth, play
from tests.unit.llm.turn_bench import LUNA, REX, USER

# -- the user interrupts


@virtual_time
async def test_discussion_interrupted_after_any_write_ends_with_what_was_written() -> None:
    writes = 0
    while True:
        writes += 1
        bench = await discussing_bench()
        turn_id = await bench.say(USER[1])
        interruptions: list[asyncio.Task[None]] = []
        bench.writes.after(
            writes, lambda bench=bench, to=interruptions: to.append(asyncio.create_task(bench.interrupt()))
        )
        await bench.work()
        if not interruptions:
            break
        await asyncio.gather(*interruptions)
        await bench.work()
        client = await bench.client()
        try:
            client.check()
            assert client.complete == [turn_id]
            assert set(client.status) == set(client.order), "each reply has ended"
            rows = [row[:2] for row in await bench.rows() if row[2] != "streaming"]
            assert rows == [USER[:2], *(entry[:2] for entry in client.talk())], "only replies that the client saw"
        except AssertionError as error:
            raise AssertionError(f"interrupted at write {writes}") from error
    assert writes > 40


@virtual_time
async def test_message_of_the_user_ends_a_discussion_that_waits_for_playback() -> None:
    bench = await discussing_bench(replies=8)
    first = await bench.say(USER[1])
    handler = await bench.worker()
    claim = await bench.claimed()
    work = asyncio.create_task(handler.handle(claim))
    while (await bench.client()).status.get(await nth(bench, 1)) != "complete":  # noqa: ASYNC110 - another process
        await asyncio.sleep(0.01)
    await bench.set_rules(AnsweringRules())
    second = await bench.say("Rex, what is that?")
    await work
    await bench.bus.finish(claim, "worker")
    await bench.work()
    client = await bench.client()
    client.check()
    assert client.complete == [first, second]
    assert [name for name, _, _ in client.talk()] == ["Luna", "Rex", "Rex"]


@virtual_time
async def test_interrupted_discussion_is_shortened_to_what_was_heard() -> None:
    bench = await discussing_bench()
    await bench.say(USER[1])
    await bench.work()
    luna, rex, *_ = (await bench.client()).order
    await bench.played(luna, 99, 0)
    await bench.played(rex, 0, 0)
    await bench.interrupt()
    await bench.work()
    rows = await bench.rows()
    assert rows[:2] == [USER, LUNA]
    assert rows[2][2] == "interrupted"
    assert REX[1].startswith(rows[2][1])
    assert rows[3:] == [("Luna", "", "interrupted"), ("Rex", "", "interrupted")]


# -- the pace


@virtual_time
async def test_third_reply_begins_only_when_the_user_hears_the_second() -> None:
    bench = await discussing_bench(replies=5)
    await bench.say(USER[1])
    handler = await bench.worker()
    work = asyncio.create_task(handler.handle(await bench.claimed()))
    for number in range(2, 5):
        heard = await nth(bench, number - 2)
        while not await nth(bench, number - 1):
            await asyncio.sleep(0.1)
            heard = heard or await nth(bench, number - 2)
            await play(bench, heard) if heard else None
        for _ in range(8):  # the sound of an earlier reply goes on for longer than `QUIET_S`
            await asyncio.sleep(QUIET_S / 4)
            await play(bench, heard)
            assert not await nth(bench, number)
        await play(bench, await nth(bench, number - 1))
        await asyncio.sleep(1)
        assert await nth(bench, number)
    await work
    assert len((await bench.client()).order) == 5


@virtual_time
async def test_client_that_sends_no_receipts_gets_the_discussion_too() -> None:
    bench = await discussing_bench()
    await bench.say(USER[1])
    began = now()
    await bench.work()
    assert len((await bench.client()).order) == 4
    assert 2 * QUIET_S < now() - began < 3 * QUIET_S


@virtual_time
async def test_takeover_does_not_wait_for_sound_that_was_heard() -> None:
    writes = 0
    while True:
        writes += 1
        bench = await discussing_bench(replies=3)
        await bench.say(USER[1])
        assert await bench.die_after(writes), "the turn ended too early"
        if await nth(bench, 1):
            break
    await play(bench, await nth(bench, 1))
    began = now()
    await bench.work()
    assert len((await bench.client()).order) == 3
    assert now() - began < QUIET_S
