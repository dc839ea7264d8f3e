"""Turns from the user's message to the saved rows, and entries that are not turns."""

from __future__ import annotations

import asyncio

import pytest

from tertulia_shared.codec import decode, decode_event
from tertulia_shared.entries import DeadLetter, Work
from tertulia_shared.events import (
    MessageStarted,
)
from tertulia_shared.work import BadWork
from tests.harness.llm import LINES, Table
from tests.harness.scrape import scraped
from tests.harness.virtual_time import virtual_time
from tests.unit.llm.turn_bench import LUNA, REX, USER, assert_whole, table_with


@virtual_time
async def test_named_characters_answer_in_order_and_all_rows_are_saved() -> None:
    table = await table_with("Luna", "Rex", "Sage")
    turn_id = await table.say(USER[1])
    await table.work()
    client = await table.client()
    assert_whole(client)
    assert client.complete == [turn_id]
    assert await table.rows() == [USER, LUNA, REX]
    assert await table.bus.open_work("llm") == 0
    assert await table.bus.open_work("tts") == 2


@virtual_time
async def test_second_characters_prompt_has_the_first_reply() -> None:
    table = await table_with()
    await table.say(USER[1])
    await table.work()
    assert f"<Luna>{LINES['Luna']}</Luna>" in table.model.requests[1][-2]["content"]


@virtual_time
async def test_prompt_has_earlier_turns_in_order_once() -> None:
    table = await table_with("Sage")
    for words in ("One?", "Two?"):
        await table.say(words)
        await table.work()
    prompt = [message["content"] for message in table.model.requests[1][1:]]
    assert prompt == ["One?", f"<Sage>{LINES['Sage']}</Sage>", "Two?"]


@virtual_time
async def test_message_started_comes_after_the_row_is_saved() -> None:
    table = await table_with()
    handler = await table.worker()
    table.store.delay_s = 1.0
    seen: list[tuple[str, bool]] = []
    events = table.bus.follow(table.bus.keys.events(table.conversation_id))

    async def watch() -> None:
        while True:
            for entry in await events.read():
                event = decode_event(entry.fields)
                if isinstance(event, MessageStarted):
                    seen.append((event.character_name, event.message_id in table.tables.messages))

    await table.say(USER[1])
    watching = asyncio.create_task(watch())
    await handler.handle(await table.claimed())
    watching.cancel()
    assert seen == [("Luna", True), ("Rex", True)]


@virtual_time
async def test_turn_without_active_characters_is_an_error_and_complete() -> None:
    table = Table()
    await table.set()
    turn_id = await table.say("Hello?")
    await table.work()
    client = await table.client()
    assert [error.code for error in client.errors] == ["no_characters"]
    assert client.complete == [turn_id]
    assert await table.rows() == [("Jay", "Hello?", "complete")]


@virtual_time
async def test_conversation_deleted_in_mid_turn_stays_deleted() -> None:
    table = await table_with("Luna")
    await table.say("Hello")
    job = asyncio.create_task(table.work())
    await asyncio.sleep(0.1)
    await table.store.delete_conversation(table.conversation_id)
    await job
    client = await table.client()
    assert client.talk() == [LUNA]
    assert await table.rows() == []


@virtual_time
async def test_turns_continue_after_deletion_before_settling() -> None:
    table = await table_with("Luna")
    await table.say("Hello")
    await table.work()
    await table.played((await table.client()).order[0], 1, 0)
    await table.store.delete_conversation(table.conversation_id)
    await table.interrupt()
    await table.work()
    await table.say("Still there?")
    await table.work()
    assert (await table.client()).talk()[1] == LUNA


@virtual_time
async def test_unreadable_turn_is_dead_lettered_and_the_next_answered() -> None:
    table = await table_with("Sage")
    outlet = table.bus.outlet()
    outlet.append(table.bus.keys.turns(table.conversation_id), Work(table.conversation_id))
    await outlet.flush()
    await table.say("Hello")
    await table.work()
    client = await table.client()
    assert [error.code for error in client.errors] == ["bad_turn"]
    assert client.talk() == [("Sage", LINES["Sage"], "complete")]
    (letter,) = [decode(DeadLetter, entry.fields) for entry in await table.bus.read(table.bus.keys.dead())]
    assert (letter.stage, letter.conversation_id, letter.turn_id) == ("llm", table.conversation_id, "")
    assert scraped(table.metrics).of("tertulia_dead_letters_total", stage="llm") == 1


@virtual_time
async def test_turn_with_an_invalid_id_is_dead_lettered() -> None:
    table = await table_with("Sage")
    await table.say("Hello", turn_id="not-a-uuid")
    await table.work()
    assert [error.code for error in (await table.client()).errors] == ["bad_turn"]
    (letter,) = [decode(DeadLetter, entry.fields) for entry in await table.bus.read(table.bus.keys.dead())]
    assert letter.turn_id == "not-a-uuid"


@virtual_time
async def test_pointer_without_a_conversation_is_bad_work() -> None:
    table = await table_with()
    await table.bus.post("llm", Work("nonsense"))
    with pytest.raises(BadWork, match="UUID"):
        await (await table.worker()).handle(await table.claimed())
    assert table.claim is not None
    assert await (await table.worker()).give_up(table.claim, "bad") == ""


@virtual_time
async def test_second_pointer_to_an_owned_conversation_is_ignored() -> None:
    table = await table_with("Sage")
    await table.say("Hello")
    handler = await table.worker()
    job = asyncio.create_task(handler.handle(await table.claimed()))
    await asyncio.sleep(0.02)
    await table.bus.post("llm", Work(table.conversation_id))
    await handler.handle(await table.claimed())
    assert not job.done()
    await job
    assert len(table.model.requests) == 1
