"""Turns without a message: the user asks for a reply, or for a discussion."""

from __future__ import annotations

import pytest

from tertulia_shared.answering import AnsweringRules
from tertulia_shared.events import (
    TurnAccepted,
)
from tests.harness.llm import LINES, Say
from tests.harness.virtual_time import virtual_time
from tests.unit.llm.discussion_bench import discussing_bench
from tests.unit.llm.turn_bench import LUNA, REX, USER, bench_with


@virtual_time
async def test_requested_character_answers_what_was_said() -> None:
    bench = await bench_with()
    await bench.say("Luna, hello")
    await bench.work()
    await bench.request(await bench.character_id("Rex"))
    await bench.work()
    client = await bench.client()
    client.check()
    assert client.talk() == [LUNA, REX]
    assert await bench.rows() == [("Jay", "Luna, hello", "complete"), LUNA, REX]
    assert bench.model.requests[-1][-1]["content"].startswith("[Stage: Jay looks at Rex. It is Rex's turn")
    accepted = [event for _, event in client.events if isinstance(event, TurnAccepted)]
    assert [(event.source, event.text) for event in accepted] == [("typed", "Luna, hello"), ("request", "")]


@virtual_time
async def test_last_speaker_goes_on() -> None:
    bench = await bench_with()
    await bench.say("Luna, hello")
    await bench.work()
    bench.model.acts = [Say("And it is blue.")]
    await bench.request()
    await bench.work()
    client = await bench.client()
    assert client.talk() == [LUNA, ("Luna", "And it is blue.", "complete")]
    assert len(set(client.order)) == 2
    assert "[Stage: Jay waits to hear more. Luna goes on" in bench.model.requests[-1][-1]["content"]
    await bench.say("Rex?")
    await bench.work()
    prompt = "\n".join(message["content"] for message in bench.model.requests[-1])
    assert "waits to hear more" not in prompt, "the note is part of one prompt only"
    assert "<Luna>And it is blue.</Luna>" in prompt


@virtual_time
async def test_character_that_was_heard_last_goes_on_after_an_interruption() -> None:
    bench = await bench_with()
    await bench.say(USER[1])
    await bench.work()
    luna, _ = (await bench.client()).order
    await bench.played(luna, 1, 0)
    await bench.interrupt()
    await bench.request()
    await bench.work()
    assert [name for name, _, _ in (await bench.client()).talk()] == ["Luna", "Rex", "Luna"]


@pytest.mark.parametrize("replies", [0, 4])
@virtual_time
async def test_request_is_completed_if_its_worker_dies_after_any_write(replies: int) -> None:
    writes = 0
    expected = [LUNA, REX, LUNA, REX] if replies else [LUNA]
    while True:
        writes += 1
        bench = await bench_with()
        await bench.request(await bench.character_id("Luna"), replies=replies)
        if not await bench.die_after(writes):
            break
        await bench.work()
        client = await bench.client()
        client.check()
        assert client.talk() == expected, f"after a death at write {writes}"
        assert len(client.complete) == 1
        assert await bench.rows() == expected
    assert writes > 10


@virtual_time
async def test_discussion_begins_on_request_and_takes_the_number_of_the_request() -> None:
    bench = await bench_with()
    await bench.say("Luna, hello")
    await bench.work()
    await bench.request(replies=3)
    await bench.work()
    assert [name for name, _, _ in (await bench.client()).talk()] == ["Luna", "Rex", "Luna", "Rex"]


@virtual_time
async def test_request_for_a_character_that_is_not_active_is_answered_with_an_error() -> None:
    bench = await bench_with()
    turn_id = await bench.request(bench.conversation_id)
    await bench.work()
    client = await bench.client()
    assert (client.talk(), client.complete) == ([], [turn_id])
    assert [error.code for error in client.errors] == ["no_characters"]
    assert await bench.rows() == []


@virtual_time
async def test_worker_without_the_store_rebuilds_the_replies_of_a_discussion_and_of_a_request() -> None:
    bench = await discussing_bench()
    await bench.say(USER[1])
    await bench.work()
    await bench.set_rules(AnsweringRules())
    await bench.request()
    await bench.work()
    await bench.worker()
    bench.store.away = True
    await bench.say("Luna?")
    await bench.work()
    prompt = "\n".join(message["content"] for message in bench.model.requests[-1])
    assert prompt.count(f"<Luna>{LINES['Luna']}</Luna>") == 2
    assert prompt.count(f"<Rex>{LINES['Rex']}</Rex>") == 3
