"""More versions are withdrawn than the state names, while no worker answers the conversation."""

from __future__ import annotations

import pytest

from tertulia_shared.conversation_state import MAX_WITHDRAWN
from tests.harness.llm import LLMBench
from tests.harness.virtual_time import virtual_time
from tests.unit.llm.spoken_turns import (
    FIRST,
    WHOLE,
    WHOLE_ROWS,
    assert_last_version_is_answered,
    give_up,
    spoken,
    title,
)
from tests.unit.llm.turn_bench import bench_with

MANY = MAX_WITHDRAWN + 3


async def take_back(bench: LLMBench, *, tentative: bool) -> None:
    """Accept a turn and withdraw it, because the user takes it back."""
    turn = spoken(bench, tentative=tentative)
    await turn.accept()
    await turn.reopen()


async def assert_only_the_whole_turn(bench: LLMBench) -> None:
    """Have another turn answered, and check that it is all that there is."""
    turn = spoken(bench, WHOLE)
    await turn.accept()
    await bench.work()
    assert await bench.rows() == WHOLE_ROWS
    assert await title(bench) == WHOLE
    assert FIRST not in [message["content"] for message in bench.model.requests[-1]]


@pytest.mark.parametrize("tentative", [False, True])
@virtual_time
async def test_many_withdrawn_versions_of_one_turn_leave_no_trace(*, tentative: bool) -> None:
    bench = await bench_with("Sage")
    turn = spoken(bench, tentative=tentative)
    await turn.accept()
    for _ in range(MANY):
        await turn.reopen()
        await turn.go_on(FIRST, tentative=tentative)
    await turn.reopen()
    await assert_last_version_is_answered(turn)


@pytest.mark.parametrize("tentative", [False, True])
@virtual_time
async def test_many_turns_that_were_taken_back_leave_no_trace(*, tentative: bool) -> None:
    bench = await bench_with("Sage")
    for _ in range(MANY):
        await take_back(bench, tentative=tentative)
    await bench.work()
    assert await bench.rows() == []
    assert await title(bench) is None
    await assert_only_the_whole_turn(bench)


@virtual_time
async def test_tentative_turns_that_typed_messages_replaced_leave_no_trace() -> None:
    bench = await bench_with("Sage")
    for number in range(MANY):
        await spoken(bench, tentative=True).accept()
        await bench.say(f"Never mind, and {number}")
        await bench.bus.transact(bench.conversation_id, [], talk=False)
    await bench.work()
    said = [row[1] for row in await bench.rows() if row[0] == "Jay"]
    assert said == [f"Never mind, and {number}" for number in range(MANY)]


@virtual_time
async def test_answered_turn_that_was_withdrawn_long_before_a_worker_settles_it_leaves_no_trace() -> None:
    bench = await bench_with("Sage")
    first = spoken(bench)
    await first.accept()
    await bench.work()
    assert len(await bench.rows()) == 2
    await first.reopen()
    for _ in range(MANY):
        await take_back(bench, tentative=False)
    bench.handler = await bench.worker()
    await bench.work()
    assert await bench.rows() == []
    await assert_only_the_whole_turn(bench)


@virtual_time
async def test_confirmed_turn_that_was_interrupted_before_many_withdrawals_keeps_its_message() -> None:
    bench = await bench_with("Sage")
    turn = spoken(bench, WHOLE, tentative=True)
    await turn.accept()
    await turn.confirm()
    await bench.interrupt()
    for _ in range(MANY):
        await take_back(bench, tentative=False)
    await bench.work()
    assert [row[1] for row in await bench.rows()] == [WHOLE]


@virtual_time
async def test_withdrawn_turn_that_is_given_up_after_many_withdrawals_leaves_no_trace() -> None:
    bench = await bench_with("Sage")
    for _ in range(MANY):
        await take_back(bench, tentative=False)
    await give_up(bench)
    assert await bench.rows() == []
    await bench.work()
    assert await bench.rows() == []


@virtual_time
async def test_history_rebuilt_without_the_store_lacks_the_turns_that_were_taken_back() -> None:
    bench = await bench_with("Sage")
    await bench.worker()
    bench.store.away = True
    for _ in range(MANY):
        await take_back(bench, tentative=False)
    await bench.work()
    bench.handler = await bench.worker()
    await bench.say("Sage, and now?")
    await bench.work()
    prompt = [message["content"] for message in bench.model.requests[-1]]
    assert prompt[1:] == ["Sage, and now?"]
