"""Spoken turns that the user continues. The withdrawn version leaves no trace, at any moment and after any crash."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from tests.harness.llm import LINES, LLMBench
from tests.harness.virtual_time import virtual_time
from tests.unit.llm.spoken_turns import (
    FIRST,
    WHOLE,
    WHOLE_ROWS,
    SpokenTurn,
    assert_last_version_is_answered,
    assert_no_trace,
    give_up,
    handle_without_draining,
    spoken,
    title,
)
from tests.unit.llm.turn_bench import bench_with

MANY = 10
"""More than the versions that the state names as withdrawn."""


async def begun() -> SpokenTurn:
    turn = spoken(await bench_with("Sage"))
    await turn.accept()
    return turn


def later(writes: int, turn: SpokenTurn) -> list[asyncio.Task[object]]:
    """Reopen the turn after so many writes. Returns the list that gets the task then."""
    tasks: list[asyncio.Task[object]] = []
    turn.bench.writes.after(writes, lambda: tasks.append(asyncio.create_task(turn.reopen())))
    return tasks


@virtual_time
async def test_turn_reopened_before_a_worker_claims_it_is_not_answered() -> None:
    turn = await begun()
    await turn.reopen()
    await turn.bench.work()
    assert turn.bench.model.requests == []
    assert await turn.bench.rows() == []
    assert await title(turn.bench) is None
    await assert_last_version_is_answered(turn)


@virtual_time
async def test_turn_reopened_after_any_write_leaves_no_trace() -> None:
    writes = 0
    while True:
        writes += 1
        turn = await begun()
        reopened = later(writes, turn)
        await turn.bench.work()
        if not reopened:
            break
        await asyncio.gather(*reopened)
        await turn.bench.work()
        assert await turn.bench.rows() == [], f"reopened at write {writes}"
        assert await title(turn.bench) is None
        await assert_last_version_is_answered(turn)
    assert writes > 10


@virtual_time
async def test_turn_reopened_after_any_write_and_continued_at_once_leaves_no_trace() -> None:
    writes = 0
    while True:
        writes += 1
        turn = await begun()

        async def reopen_and_go_on(turn: SpokenTurn = turn) -> None:
            await turn.reopen()
            await turn.go_on()

        tasks: list[asyncio.Task[None]] = []
        turn.bench.writes.after(
            writes, lambda tasks=tasks, go_on=reopen_and_go_on: tasks.append(asyncio.create_task(go_on()))
        )
        await turn.bench.work()
        if not tasks:
            break
        await asyncio.gather(*tasks)
        await turn.bench.work()
        await assert_no_trace(turn)
    assert writes > 10


@pytest.mark.parametrize("redis_latency_s", [0.0, 0.1])
@virtual_time
async def test_turn_reopened_after_its_worker_died_leaves_no_trace(redis_latency_s: float) -> None:
    writes = 0
    while True:
        writes += 1
        turn = await begun()
        turn.bench.bus.latency_s = redis_latency_s
        died = await turn.bench.die_after(writes)
        await turn.reopen()
        await turn.bench.work()
        assert await turn.bench.rows() == [], f"after a death at write {writes}"
        await assert_last_version_is_answered(turn)
        if not died:
            break
    assert writes > 4


@pytest.mark.parametrize("written", [8, 99])
@virtual_time
async def test_worker_that_dies_while_it_retracts_a_turn_leaves_the_rest_to_the_next(written: int) -> None:
    writes = 0
    while True:
        writes += 1
        turn = await begun()
        await turn.bench.die_after(written)
        await turn.reopen()
        died = await turn.bench.die_after(writes)
        await assert_last_version_is_answered(turn)
        if not died:
            break
    assert writes > 2


@pytest.mark.parametrize("talks", [True, False])
@virtual_time
async def test_turn_reopened_after_its_text_is_complete_leaves_no_trace(
    talks: bool,  # noqa: FBT001 - pytest passes it by name
) -> None:
    turn = await begun()
    await turn.bench.work()
    if not talks:  # the replies have no sound, so the gateway has cleared the mark
        await turn.bench.bus.transact(turn.bench.conversation_id, [], talk=False)
    await turn.reopen()
    await turn.bench.work()
    assert await turn.bench.rows() == []
    await assert_last_version_is_answered(turn)


@virtual_time
async def test_complete_turn_is_retracted_before_a_typed_turn_is_answered() -> None:
    turn = await begun()
    await turn.bench.work()
    await turn.reopen()
    await turn.bench.say("Sage, hello")
    await turn.bench.work()
    assert [row[1] for row in await turn.bench.rows()] == ["Sage, hello", LINES["Sage"]]
    assert await title(turn.bench) == "Sage, hello"
    assert FIRST not in str(turn.bench.model.requests[-1])


@pytest.mark.parametrize("is_answered", [False, True])
@virtual_time
async def test_turn_may_be_reopened_more_often_than_the_state_remembers(
    is_answered: bool,  # noqa: FBT001 - pytest passes it by name
) -> None:
    turn = await begun()
    if is_answered:
        await turn.bench.work()
    for _ in range(MANY):
        await turn.reopen()
        await turn.go_on()
    await turn.bench.work()
    assert len(turn.bench.model.requests) == 1 + is_answered
    await assert_no_trace(turn)


@virtual_time
async def test_reopened_turn_keeps_the_earlier_turns_and_the_title() -> None:
    bench = await bench_with("Sage")
    await bench.say("Sage, good evening")
    await bench.work()
    turn = spoken(bench)
    await turn.accept()
    await bench.work()
    await turn.reopen()
    await bench.work()
    assert [row[1] for row in await bench.rows()] == ["Sage, good evening", LINES["Sage"]]
    await turn.go_on()
    await bench.work()
    assert (await bench.rows())[2:] == WHOLE_ROWS
    assert await title(bench) == "Sage, good evening"


@virtual_time
async def test_conversation_with_settings_stays_when_its_only_turn_is_withdrawn() -> None:
    turn = await begun()
    await turn.bench.work()
    await turn.bench.store.save_model_settings(turn.bench.conversation_id, {"top_k": 7})
    await turn.reopen()
    await turn.bench.work()
    assert await turn.bench.rows() == []
    assert await turn.bench.store.model_settings(turn.bench.conversation_id) == {"top_k": 7}
    await turn.go_on()
    await turn.bench.work()
    assert await turn.bench.rows() == WHOLE_ROWS


def away_from_the_start(bench: LLMBench) -> None:
    bench.store.away = True


def away_after_the_first_row(bench: LLMBench) -> None:
    def lose() -> None:
        bench.store.away = True

    bench.writes.after(6, lose)


@pytest.mark.parametrize("lose", [away_from_the_start, away_after_the_first_row])
@pytest.mark.parametrize("is_back", ["before the reopening", "before the next version", "after it"])
@pytest.mark.parametrize("other_worker", [True, False])
@virtual_time
async def test_version_withdrawn_while_the_store_is_unavailable_leaves_no_trace(
    lose: Callable[[LLMBench], None],
    is_back: str,
    other_worker: bool,  # noqa: FBT001 - pytest passes it by name
) -> None:
    turn = await begun()
    bench = turn.bench
    await bench.worker()
    lose(bench)
    await handle_without_draining(bench)
    assert bench.store.away
    bench.store.away = is_back != "before the reopening"
    await turn.reopen()
    await handle_without_draining(bench)
    if other_worker:
        was_away = bench.store.away
        await bench.worker()
        bench.store.away = was_away
    bench.store.away = is_back == "after it"
    await turn.go_on()
    await handle_without_draining(bench)
    prompt = bench.model.requests[-1]
    assert [message["content"] for message in prompt[1:]] == [WHOLE]
    bench.store.away = False
    await bench.drain()
    await assert_no_trace(turn)


@virtual_time
async def test_history_from_the_streams_lacks_withdrawn_versions() -> None:
    turn = await begun()
    await turn.bench.work()
    await turn.reopen()
    await turn.bench.work()
    await turn.bench.worker()
    turn.bench.store.away = True
    await turn.bench.say("Sage, hello")
    await handle_without_draining(turn.bench)
    assert [message["content"] for message in turn.bench.model.requests[-1][1:]] == ["Sage, hello"]


@virtual_time
async def test_request_to_the_model_is_cancelled_when_the_turn_is_reopened() -> None:
    turn = await begun()
    turn.bench.model.word_s = 5.0
    answering = asyncio.create_task(turn.bench.work())
    await asyncio.sleep(6.0)
    assert len(turn.bench.model.requests) == 1
    await turn.reopen()
    async with asyncio.timeout(0.1):
        await answering


@virtual_time
async def test_withdrawn_turn_that_cannot_be_answered_is_given_up_without_an_error() -> None:
    turn = await begun()
    assert await turn.bench.die_after(7)
    await turn.reopen()
    await give_up(turn.bench)
    client = await turn.bench.client()
    assert client.errors == []
    assert client.complete == []
    await assert_last_version_is_answered(turn)
