"""Turns from the user's message to the saved rows, and entries that are not turns."""

from __future__ import annotations

import asyncio

import pytest

from tertulia_shared.codec import decode
from tertulia_shared.entries import DeadLetter, Work
from tertulia_shared.work import BadWork
from tests.harness.llm import LINES, LLMBench
from tests.harness.scrape import scraped
from tests.harness.virtual_time import virtual_time
from tests.unit.llm.turn_bench import LUNA, REX, USER, assert_whole, bench_with


@virtual_time
async def test_named_characters_answer_in_order_and_all_messages_are_saved() -> None:
    bench = await bench_with("Luna", "Rex", "Sage")
    turn_id = await bench.say(USER[1])
    await bench.work()
    client = await bench.client()
    assert_whole(client)
    assert client.complete == [turn_id]
    assert await bench.rows() == [USER, LUNA, REX]
    assert await bench.bus.open_work("llm") == 0
    assert await bench.bus.open_work("tts") == 2


@virtual_time
async def test_prompt_of_the_second_character_has_the_reply_of_the_first() -> None:
    bench = await bench_with()
    await bench.say(USER[1])
    await bench.work()
    assert f"<Luna>{LINES['Luna']}</Luna>" in bench.model.requests[1][-2]["content"]


@virtual_time
async def test_prompt_has_each_earlier_message_once_and_in_order() -> None:
    bench = await bench_with("Sage")
    for words in ("One?", "Two?"):
        await bench.say(words)
        await bench.work()
    prompt = [message["content"] for message in bench.model.requests[1][1:]]
    assert prompt == ["One?", f"<Sage>{LINES['Sage']}</Sage>", "Two?"]


@virtual_time
async def test_first_text_and_speech_do_not_wait_for_the_store() -> None:
    bench = await bench_with("Luna")
    handler = await bench.worker()
    bench.store.delay_s = 1.5
    await bench.say("Hello")
    answering = asyncio.create_task(handler.handle(await bench.claimed()))
    await asyncio.sleep(1.0)
    client = await bench.client()
    assert [client.names[id] for id in client.order] == ["Luna"]
    assert client.final[client.order[0]] == LINES["Luna"]
    assert await bench.bus.open_work("tts") == 1
    assert not bench.tables.messages
    await answering
    assert await bench.rows() == [("Jay", "Hello", "complete"), LUNA]


@virtual_time
async def test_turn_without_active_characters_ends_with_an_error() -> None:
    bench = LLMBench()
    await bench.set()
    turn_id = await bench.say("Hello?")
    await bench.work()
    client = await bench.client()
    assert [error.code for error in client.errors] == ["no_characters"]
    assert client.complete == [turn_id]
    assert await bench.rows() == [("Jay", "Hello?", "complete")]


@virtual_time
async def test_conversation_that_is_deleted_in_mid_turn_stays_deleted() -> None:
    bench = await bench_with("Luna")
    await bench.say("Hello")
    job = asyncio.create_task(bench.work())
    await asyncio.sleep(0.1)
    await bench.store.delete_conversation(bench.conversation_id)
    await job
    client = await bench.client()
    assert client.talk() == [LUNA]
    assert await bench.rows() == []


@virtual_time
async def test_turns_are_answered_after_the_conversation_is_deleted_before_settling() -> None:
    bench = await bench_with("Luna")
    await bench.say("Hello")
    await bench.work()
    await bench.played((await bench.client()).order[0], 1, 0)
    await bench.store.delete_conversation(bench.conversation_id)
    await bench.interrupt()
    await bench.work()
    await bench.say("Still there?")
    await bench.work()
    assert (await bench.client()).talk()[1] == LUNA


@virtual_time
async def test_unreadable_turn_becomes_a_dead_letter_and_the_next_turn_is_answered() -> None:
    bench = await bench_with("Sage")
    outlet = bench.bus.outlet()
    outlet.append(bench.bus.keys.turns(bench.conversation_id), Work(bench.conversation_id))
    await outlet.flush()
    await bench.say("Hello")
    await bench.work()
    client = await bench.client()
    assert [error.code for error in client.errors] == ["bad_turn"]
    assert client.talk() == [("Sage", LINES["Sage"], "complete")]
    (letter,) = [decode(DeadLetter, entry.fields) for entry in await bench.bus.read(bench.bus.keys.dead())]
    assert (letter.stage, letter.conversation_id, letter.turn_id) == ("llm", bench.conversation_id, "")
    assert scraped(bench.metrics).of("tertulia_dead_letters_total", stage="llm") == 1


@virtual_time
async def test_turn_with_an_invalid_id_becomes_a_dead_letter() -> None:
    bench = await bench_with("Sage")
    await bench.say("Hello", turn_id="not-a-uuid")
    await bench.work()
    assert [error.code for error in (await bench.client()).errors] == ["bad_turn"]
    (letter,) = [decode(DeadLetter, entry.fields) for entry in await bench.bus.read(bench.bus.keys.dead())]
    assert letter.turn_id == "not-a-uuid"


@virtual_time
async def test_pointer_without_a_conversation_raises_bad_work() -> None:
    bench = await bench_with()
    await bench.bus.post("llm", Work("nonsense"))
    with pytest.raises(BadWork, match="UUID"):
        await (await bench.worker()).handle(await bench.claimed())
    assert bench.claim is not None
    assert await (await bench.worker()).give_up(bench.claim, "bad") == ""


@virtual_time
async def test_second_pointer_to_a_conversation_that_is_being_answered_is_ignored() -> None:
    bench = await bench_with("Sage")
    await bench.say("Hello")
    handler = await bench.worker()
    job = asyncio.create_task(handler.handle(await bench.claimed()))
    await asyncio.sleep(0.02)
    await bench.bus.post("llm", Work(bench.conversation_id))
    await handler.handle(await bench.claimed())
    assert not job.done()
    await job
    assert len(bench.model.requests) == 1
