"""Tentative turns: answered before they are confirmed, or after it if the setting does not allow that."""

from __future__ import annotations

import asyncio

import pytest

from tertulia_llm.settings import LLMSettings
from tertulia_shared.events import MessageComplete, TurnComplete
from tests.harness.llm import LINES, LLMBench
from tests.harness.settings_of import settings_of
from tests.harness.virtual_time import virtual_time
from tests.unit.llm.spoken_turns import (
    FIRST,
    SAGE,
    WHOLE,
    WHOLE_ROWS,
    SpokenTurn,
    assert_no_trace,
    handle_without_draining,
    spoken,
    title,
)
from tests.unit.llm.turn_bench import bench_with


async def tentative(text: str = WHOLE, *, think_ahead: str = "on") -> SpokenTurn:
    bench = await bench_with("Sage")
    bench.settings = settings_of(LLMSettings, llm_retries=2, think_ahead=think_ahead)
    turn = spoken(bench, text, tentative=True)
    await turn.accept()
    return turn


async def settled(bench: LLMBench) -> None:
    """Let the worker do all that it can without further input."""
    await asyncio.sleep(5)


def assert_answered_once(bench: LLMBench, events: list[object]) -> None:
    assert len([event for event in events if isinstance(event, TurnComplete)]) == 1
    assert [event.text for event in events if isinstance(event, MessageComplete)] == [LINES["Sage"]]
    assert len(bench.model.requests) == 1


@virtual_time
async def test_reply_to_a_tentative_turn_is_written_at_once_and_saved_when_the_turn_is_confirmed() -> None:
    turn = await tentative()
    bench = turn.bench
    working = asyncio.create_task(bench.work())
    await settled(bench)
    assert (await bench.client()).talk() == [SAGE]
    assert await bench.rows() == []
    assert not working.done()
    await turn.confirm()
    await working
    assert await bench.rows() == WHOLE_ROWS
    assert await title(bench) == WHOLE
    assert_answered_once(bench, [event for _, event in (await bench.client()).events])


@virtual_time
async def test_turn_confirmed_after_any_write_is_answered_and_saved_once() -> None:
    writes = 0
    while True:
        writes += 1
        turn = await tentative()
        bench, tasks = turn.bench, list[asyncio.Task[object]]()
        bench.writes.after(writes, lambda tasks=tasks, turn=turn: tasks.append(asyncio.create_task(turn.confirm())))
        working = asyncio.create_task(bench.work())
        await settled(bench)
        is_last = not tasks
        if is_last:
            await turn.confirm()
        await working
        assert await bench.rows() == WHOLE_ROWS, f"confirmed at write {writes}"
        assert_answered_once(bench, [event for _, event in (await bench.client()).events])
        if is_last:
            break
    assert writes > 5


@pytest.mark.parametrize("think_ahead", ["on", "off"])
@virtual_time
async def test_worker_misses_no_confirmation_while_it_begins_the_turn(think_ahead: str) -> None:
    for steps in range(60):
        turn = await tentative(think_ahead=think_ahead)
        working = asyncio.create_task(turn.bench.work())
        for _ in range(steps):
            await asyncio.sleep(0)
        await turn.confirm()
        async with asyncio.timeout(60):
            await working
        assert await turn.bench.rows() == WHOLE_ROWS, f"confirmed after {steps} steps"


@pytest.mark.parametrize("think_ahead", ["on", "off"])
@virtual_time
async def test_turn_confirmed_before_a_worker_claims_it_is_answered_like_any_other(think_ahead: str) -> None:
    turn = await tentative(think_ahead=think_ahead)
    await turn.confirm()
    await turn.bench.work()
    assert await turn.bench.rows() == WHOLE_ROWS


@virtual_time
async def test_tentative_turn_whose_worker_dies_after_any_write_is_answered_when_it_is_confirmed() -> None:
    writes = 0
    while True:
        writes += 1
        turn = await tentative()
        bench = turn.bench
        dying = asyncio.create_task(bench.die_after(writes))
        await settled(bench)
        survives = not dying.done()  # it waits for the confirmation
        if survives:
            await turn.confirm()
        await dying
        working = asyncio.create_task(bench.work())
        await settled(bench)
        if not survives:
            assert not working.done()
            assert await bench.rows() == []
            await turn.confirm()
        await working
        assert await bench.rows() == WHOLE_ROWS, f"after a death at write {writes}"
        assert len((await bench.client()).complete) == 1
        if survives:
            break
    assert writes > 5


@pytest.mark.parametrize("think_ahead", ["on", "off"])
@virtual_time
async def test_worker_that_dies_while_it_waits_for_the_confirmation_leaves_the_turn_to_the_next(
    think_ahead: str,
) -> None:
    turn = await tentative(think_ahead=think_ahead)
    bench = turn.bench
    dying = asyncio.create_task(bench.die_after(1000))
    await settled(bench)
    bench.writes.act()
    assert await dying
    working = asyncio.create_task(bench.work())
    await settled(bench)
    assert not working.done()
    assert await bench.rows() == []
    await turn.confirm()
    await working
    assert await bench.rows() == WHOLE_ROWS
    assert_answered_once(bench, [event for _, event in (await bench.client()).events])


@pytest.mark.parametrize("think_ahead", ["on", "off"])
@pytest.mark.parametrize("cause", ["reopened", "interrupted", "typed turn"])
@virtual_time
async def test_tentative_turn_withdrawn_after_any_time_never_reaches_the_store(cause: str, think_ahead: str) -> None:
    for steps in range(40):
        turn = await tentative(FIRST, think_ahead=think_ahead)
        bench = turn.bench
        working = asyncio.create_task(bench.work())
        for _ in range(steps):
            await asyncio.sleep(0.004)
        saved = bench.store.calls
        if cause == "reopened":
            assert (await turn.reopen()).new
        elif cause == "interrupted":
            await bench.interrupt()
        else:
            await bench.say("Sage, hello")
        assert not (await turn.confirm()).new
        await working
        if cause != "typed turn":
            assert await bench.rows() == []
            assert await title(bench) is None
            assert bench.store.calls == saved, "nothing has to be deleted"
        else:
            assert [row[1] for row in await bench.rows()] == ["Sage, hello", LINES["Sage"]]
            assert await title(bench) == "Sage, hello"
            assert FIRST not in str(bench.model.requests[-1])
        if think_ahead == "off":
            assert FIRST not in str(bench.model.requests)
        if cause == "reopened":
            await turn.go_on(tentative=True)
            working = asyncio.create_task(bench.work())
            await settled(bench)
            await turn.confirm()
            await working
            await assert_no_trace(turn)


@virtual_time
async def test_withdrawn_tentative_turn_ends_at_once_even_without_the_talk_mark() -> None:
    turn = await tentative(FIRST)
    bench = turn.bench
    working = asyncio.create_task(bench.work())
    await settled(bench)
    await bench.bus.transact(bench.conversation_id, [], talk=False)
    await bench.interrupt()
    async with asyncio.timeout(0.1):
        await working
    assert await bench.rows() == []


@virtual_time
async def test_confirmed_turn_can_still_be_reopened_and_leaves_no_trace() -> None:
    for steps in range(30):
        turn = await tentative(FIRST)
        bench = turn.bench
        working = asyncio.create_task(bench.work())
        await asyncio.sleep(0.02)
        await turn.confirm()
        await asyncio.sleep(0.004 * steps)
        await turn.reopen()
        await working
        await bench.work()
        assert await bench.rows() == [], f"{steps} steps after the confirmation"
        await turn.go_on()
        await bench.work()
        await assert_no_trace(turn)


@virtual_time
async def test_confirmed_turn_that_is_interrupted_is_saved() -> None:
    turn = await tentative()
    bench = turn.bench
    working = asyncio.create_task(bench.work())
    await asyncio.sleep(0.04)
    # both are written before the worker sees the first
    await asyncio.gather(turn.confirm(), bench.interrupt())
    await working
    await bench.work()
    assert (await bench.rows())[0] == ("Jay", WHOLE, "complete")
    assert (await bench.client()).complete == [turn.turn.turn_id]


@virtual_time
async def test_rows_of_a_confirmed_turn_wait_in_the_outbox_while_the_store_is_unavailable() -> None:
    turn = await tentative()
    bench = turn.bench
    await bench.worker()
    bench.store.away = True
    working = asyncio.create_task(handle_without_draining(bench))
    await settled(bench)
    assert await bench.waiting() == []
    await turn.confirm()
    await working
    assert [kind for kind, _ in await bench.waiting()] == ["conversation", "message", "message"]
    bench.store.away = False
    await bench.drain()
    assert await bench.rows() == WHOLE_ROWS


@virtual_time
async def test_model_is_not_asked_before_the_confirmation_if_the_setting_is_off() -> None:
    turn = await tentative(think_ahead="off")
    bench = turn.bench
    working = asyncio.create_task(bench.work())
    await settled(bench)
    assert bench.model.requests == []
    assert len((await bench.client()).events) == 1, "only `turn_accepted`"
    await turn.confirm()
    await working
    assert await bench.rows() == WHOLE_ROWS


@pytest.mark.parametrize(
    ("think_ahead", "key", "expected"),
    [
        ("auto", "", True),
        ("auto", "sk-or-v1-abc", False),
        ("on", "sk-or-v1-abc", True),
        ("off", "", False),
    ],
)
def test_auto_allows_thinking_ahead_only_without_a_key(think_ahead: str, key: str, expected: bool) -> None:  # noqa: FBT001
    settings = settings_of(LLMSettings, think_ahead=think_ahead, OPENROUTER_API_KEY=key)
    assert settings.thinks_ahead is expected
