"""Versions of a turn when several workers, a given-up turn or an unreadable entry are involved."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Any

import pytest

from tertulia_llm.settings import LLMSettings
from tertulia_llm.turn_rows import PAUSE_S
from tertulia_shared.bus import Append, Owned
from tertulia_shared.codec import UnknownVersion, decode
from tertulia_shared.entries import TURN_VERSION, UserTurn, Work
from tertulia_shared.store import Message
from tertulia_shared.worker_names import reads, worker_name
from tests.harness.llm import LINES
from tests.harness.settings_of import settings_of
from tests.harness.virtual_time import settle, virtual_time
from tests.unit.llm.spoken_turns import WHOLE, WHOLE_ROWS, give_up, spoken, title
from tests.unit.llm.turn_bench import bench_with


@virtual_time
async def test_worker_forgets_its_cached_history_when_another_worker_retracts_the_turn() -> None:
    bench = await bench_with("Sage")
    turn = spoken(bench)
    await turn.accept()
    first = await bench.worker()
    await bench.work()
    await turn.reopen()
    await bench.worker()
    await bench.work()
    bench.handler = first
    await turn.go_on()
    await bench.work()
    prompt = [message["content"] for message in bench.model.requests[-1]]
    assert prompt[1:] == [WHOLE]


@virtual_time
async def test_worker_uses_the_heard_part_of_a_reply_that_another_worker_settled() -> None:
    bench = await bench_with("Luna")
    await bench.say("Hello")
    first = await bench.worker()
    await bench.work()
    message_id = (await bench.client()).order[0]
    await bench.played(message_id, 0, 0)
    await bench.interrupt()
    await bench.worker()
    await bench.work()
    bench.handler = first
    await bench.say("And now?")
    await bench.work()
    rows = await bench.rows()
    assert rows[1][2] == "interrupted"
    assert LINES["Luna"] not in str(bench.model.requests[-1])


@virtual_time
async def test_given_up_tentative_turn_that_is_withdrawn_leaves_no_row() -> None:
    bench = await bench_with("Sage")
    turn = spoken(bench, tentative=True)
    await turn.accept()
    await give_up(bench)
    await turn.reopen()
    await bench.work()
    assert await bench.rows() == []
    await turn.go_on()
    await bench.work()
    assert await bench.rows() == WHOLE_ROWS


@virtual_time
async def test_given_up_tentative_turn_that_is_confirmed_keeps_its_message() -> None:
    bench = await bench_with("Sage")
    turn = spoken(bench, WHOLE, tentative=True)
    await turn.accept()
    await give_up(bench)
    await turn.confirm()
    await bench.say("Sage, and now?")
    await bench.work()
    assert [row[1] for row in await bench.rows()] == [WHOLE, "Sage, and now?", LINES["Sage"]]


@virtual_time
async def test_reply_interrupted_before_a_tentative_turn_was_given_up_keeps_only_what_was_heard() -> None:
    bench = await bench_with("Luna")
    await bench.say("Hello")
    await bench.work()
    await bench.played((await bench.client()).order[0], 0, 0)
    await bench.interrupt()
    turn = spoken(bench, WHOLE, tentative=True)
    await turn.accept()
    await give_up(bench)
    await turn.confirm()
    await bench.say("And now?")
    await bench.work()
    assert (await bench.rows())[1][2] == "interrupted"


@virtual_time
async def test_tentative_turn_accepted_while_the_worker_looks_for_more_waits_for_its_confirmation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = await bench_with("Sage")
    bench.settings = settings_of(LLMSettings, think_ahead="off")
    turn = spoken(bench)
    await turn.accept()
    release = bench.bus.release_turns

    async def release_between_two_versions(*args: Any, **more: Any) -> Owned | None:
        monkeypatch.setattr(bench.bus, "release_turns", release)
        await turn.reopen()
        kept = await release(*args, **more)
        await turn.go_on(tentative=True)
        return kept

    monkeypatch.setattr(bench.bus, "release_turns", release_between_two_versions)
    working = asyncio.create_task(bench.work())
    await asyncio.sleep(5)
    assert turn.turn.version == 1
    assert len(bench.model.requests) == 1
    assert await bench.rows() == []
    await turn.confirm()
    await working
    assert await bench.rows() == WHOLE_ROWS


@virtual_time
async def test_unreadable_entry_of_a_withdrawn_version_is_no_error_for_the_client() -> None:
    bench = await bench_with("Sage")
    turn = spoken(bench)
    await bench.bus.transact(
        bench.conversation_id,
        [Append(bench.bus.keys.turns(bench.conversation_id), turn.turn, extra={"v": ""})],
        then=("llm", Work(bench.conversation_id)),
    )
    await turn.go_on()
    await bench.work()
    client = await bench.client()
    assert client.errors == []
    assert await bench.bus.length(bench.bus.keys.dead()) == 1
    assert await bench.rows() == WHOLE_ROWS


@virtual_time
async def test_lost_version_is_reported_although_the_version_before_it_is_there() -> None:
    bench = await bench_with("Sage")
    turn = spoken(bench)
    await turn.accept()
    await bench.work()
    await turn.reopen()
    await bench.work()
    await turn.go_on()
    turns = bench.bus.keys.turns(bench.conversation_id)
    await bench.bus.remove(turns, [(await bench.bus.read(turns))[-1].id])
    await give_up(bench)
    client = await bench.client()
    assert [(error.code, error.turn_id) for error in client.errors] == [("turn_failed", turn.turn.turn_id)]


@virtual_time
async def test_next_version_is_left_to_a_worker_that_knows_versions() -> None:
    bench = await bench_with("Sage")
    turn = spoken(bench)
    await turn.accept()
    await turn.reopen()
    await turn.go_on()
    first, second = await bench.bus.read(bench.bus.keys.turns(bench.conversation_id))
    assert decode(UserTurn, first.fields).version == 0
    with pytest.raises(UnknownVersion):  # as an older release reads it
        decode(UserTurn, second.fields)
    assert reads([f"llm:{worker_name()}:demo"], "llm", TURN_VERSION)


@virtual_time
async def test_conversation_that_begins_with_a_request_gets_the_title_of_its_first_message() -> None:
    bench = await bench_with("Sage")
    await bench.request()
    await bench.work()
    await bench.say("Sage, hello")
    await bench.work()
    assert await title(bench) == "Sage, hello"


@pytest.mark.parametrize("end", ["finishes the call", "is cancelled"])
@virtual_time
async def test_worker_paused_in_a_call_to_the_store_leaves_no_row_of_a_turn_that_another_worker_retracted(
    monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    bench = await bench_with("Sage")
    await bench.say("Hello")
    await bench.work()
    before = await bench.rows()
    turn = spoken(bench)
    await turn.accept()
    paused = await bench.worker()
    save, in_call, goes_on = bench.store.save_messages, asyncio.Event(), asyncio.Event()

    async def slow_save(messages: Sequence[Message]) -> None:
        in_call.set()
        try:
            await goes_on.wait()
        finally:  # the store's thread also finishes a call whose caller was cancelled
            await save(messages)

    def until_interrupted(*_: object, **__: object) -> contextlib.AbstractAsyncContextManager[None]:
        return contextlib.nullcontext()

    monkeypatch.setattr(bench.store, "save_messages", slow_save)
    with monkeypatch.context() as while_paused:  # the paused worker does not see the withdrawal, and writes nothing
        while_paused.setattr("tertulia_llm.turn_handler.until_interrupted", until_interrupted)
        while_paused.setattr(bench.model, "word_s", 1_000)
        handling = asyncio.create_task(paused.handle(await bench.claimed()))
        await in_call.wait()
        await settle()
    bench.orphaned = True
    await turn.reopen()
    await bench.worker()
    await bench.work()
    await asyncio.sleep(PAUSE_S + 0.1)
    if end == "finishes the call":
        goes_on.set()
        await settle()
    handling.cancel()  # the worker finds that it has lost the work
    await asyncio.wait([handling])
    await bench.drain()
    assert await bench.rows() == before
    await turn.go_on()
    await bench.work()
    assert await bench.rows() == [*before, *WHOLE_ROWS]
