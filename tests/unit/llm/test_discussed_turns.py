"""Turns in which the characters talk among themselves: how they go on, how they end, and what a takeover does."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from tertulia_llm.discussion import DEFAULT_REPLIES, DISCUSSION
from tertulia_llm.listening_pace import QUIET_S
from tertulia_llm.model.failures import ModelFailed
from tertulia_shared.answering import AnsweringRules
from tertulia_shared.events import (
    Event,
    MessageComplete,
    MessageStarted,
    TurnAccepted,
    TurnComplete,
    TurnExtended,
    TurnStarted,
)
from tests.harness.llm import LINES, BreakAfter, Client, LLMBench, Say
from tests.harness.virtual_time import now, virtual_time
from tests.unit.llm.turn_bench import LUNA, REX, USER, bench_with

FOUR = AnsweringRules(discussion=4)


async def discussing_bench(*names: str, replies: int = 4) -> LLMBench:
    bench = await bench_with(*names)
    await bench.set_rules(AnsweringRules(discussion=replies))
    return bench


def frame(client: Client) -> list[type[Event]]:
    kinds = (TurnAccepted, TurnStarted, TurnExtended, MessageStarted, MessageComplete, TurnComplete)
    return [type(event) for _, event in client.events if isinstance(event, kinds)]


REPLY: list[type[Event]] = [MessageStarted, MessageComplete]


async def play(bench: LLMBench, message_id: str) -> None:
    await bench.played(message_id, 0, 0)


@virtual_time
async def test_replies_follow_each_other_up_to_the_number_that_the_user_has_set() -> None:
    bench = await discussing_bench()
    await bench.say(USER[1])
    await bench.work()
    client = await bench.client()
    client.check()
    assert client.talk() == [LUNA, REX, LUNA, REX]
    start, extended = [TurnAccepted, TurnStarted], [TurnExtended]
    assert frame(client) == [*start, *REPLY, *REPLY, *extended, *REPLY, *extended, *REPLY, TurnComplete]
    assert await bench.rows() == [USER, LUNA, REX, LUNA, REX]


@virtual_time
async def test_turn_without_a_discussion_is_not_extended() -> None:
    bench = await bench_with()
    await bench.say(USER[1])
    await bench.work()
    assert TurnExtended not in frame(await bench.client())


@virtual_time
async def test_extension_announces_the_reply_that_follows() -> None:
    bench = await discussing_bench(replies=3)
    await bench.say(USER[1])
    await bench.work()
    client = await bench.client()
    (extended,) = [event for _, event in client.events if isinstance(event, TurnExtended)]
    (reply,) = extended.replies
    assert reply["message_id"] == client.order[2]
    assert (reply["character_name"], reply["reason"]) == ("Luna", DISCUSSION)


@virtual_time
async def test_each_character_sees_the_replies_before_its_own() -> None:
    bench = await discussing_bench(replies=3)
    await bench.say(USER[1])
    await bench.work()
    prompt = "\n".join(message["content"] for message in bench.model.requests[-1])
    for name in ("Luna", "Rex"):
        assert f"<{name}>{LINES[name]}</{name}>" in prompt
    assert "the characters talk among themselves while Jay listens" in bench.model.requests[-1][-1]["content"]


@virtual_time
async def test_discussion_is_completed_if_its_worker_dies_after_any_write() -> None:
    writes = 0
    while True:
        writes += 1
        bench = await discussing_bench()
        await bench.say(USER[1])
        died = await bench.die_after(writes)
        if not died:
            break
        await bench.work()
        client = await bench.client()
        try:
            client.check()
            assert client.talk() == [LUNA, REX, LUNA, REX]
            assert [kind for kind in frame(client) if kind not in REPLY] == [
                *(TurnAccepted, TurnStarted, TurnExtended, TurnExtended, TurnComplete)
            ]
            assert await bench.rows() == [USER, LUNA, REX, LUNA, REX]
        except AssertionError as error:
            raise AssertionError(f"after a death at write {writes}") from error
    assert writes > 40


@virtual_time
async def test_takeover_continues_with_the_speaker_that_was_chosen() -> None:
    """The choice is stored: it stays the same even if the characters have changed meanwhile."""
    writes = 0
    while True:
        writes += 1
        bench = await bench_with("Luna", "Rex", "Sage")
        bench.model.acts = [Say("Rex, what do you say?")]
        await bench.request(await bench.character_id("Luna"), replies=2)
        assert await bench.die_after(writes), "the turn ended before it was extended"
        if TurnExtended in frame(await bench.client()):
            break
    bench.store.away = False
    await bench.set("Luna", "Sage")
    await bench.work()
    assert [name for name, _, _ in (await bench.client()).talk()] == ["Luna", "Rex"]


@virtual_time
async def test_discussion_ends_if_a_reply_asks_the_user() -> None:
    bench = await discussing_bench()
    bench.model.acts = [Say("Oh."), Say("I am not sure. What do you think, Jay?")]
    await bench.say(USER[1])
    await bench.work()
    client = await bench.client()
    assert [text for _, text, _ in client.talk()] == ["Oh.", "I am not sure. What do you think, Jay?"]
    assert frame(client)[-1] is TurnComplete


@virtual_time
async def test_discussion_ends_if_the_model_fails() -> None:
    bench = await discussing_bench()
    gone = ModelFailed("llm_auth", "The key is wrong.", retryable=False)
    bench.model.acts = [Say("Oh."), Say("Hm."), BreakAfter(0, gone)]
    turn_id = await bench.say(USER[1])
    await bench.work()
    client = await bench.client()
    assert [(name, text) for name, text, _ in client.talk()] == [("Luna", "Oh."), ("Rex", "Hm.")]
    assert client.complete == [turn_id]
    assert [error.code for error in client.errors] == ["llm_auth"]


@pytest.mark.parametrize(
    ("words", "first", "taking_part"),
    [
        ("Luna, talk about that with Rex.", ["Luna"], {"Luna", "Rex"}),
        ("Luna and Sage, discuss that among yourselves.", ["Luna", "Sage"], {"Luna", "Sage"}),
        ("Talk among yourselves.", ["Luna", "Rex", "Sage"], {"Luna", "Rex", "Sage"}),
    ],
)
@virtual_time
async def test_characters_that_the_user_asks_in_words_discuss(
    words: str, first: list[str], taking_part: set[str]
) -> None:
    bench = await bench_with("Luna", "Rex", "Sage")
    await bench.say(words)
    await bench.work()
    names = [name for name, _, _ in (await bench.client()).talk()]
    assert names[: len(first)] == first
    assert (len(names), set(names)) == (DEFAULT_REPLIES, taking_part)
    assert all(name != before for before, name in pairwise(names))


@virtual_time
async def test_muted_character_does_not_join_and_the_others_go_on() -> None:
    bench = await bench_with("Luna", "Rex", "Sage")
    await bench.set_rules(AnsweringRules(discussion=4, muted=(await bench.character_id("Sage"),)))
    await bench.say(USER[1])
    await bench.work()
    assert [name for name, _, _ in (await bench.client()).talk()] == ["Luna", "Rex", "Luna", "Rex"]


@virtual_time
async def test_character_that_is_muted_during_the_discussion_does_not_speak_again() -> None:
    bench = await discussing_bench("Luna", "Rex")
    await bench.say(USER[1])
    handler = await bench.worker()
    work = asyncio.create_task(handler.handle(await bench.claimed()))
    while TurnExtended not in frame(await bench.client()):  # noqa: ASYNC110 - the worker is another process
        await asyncio.sleep(0.01)
    await bench.set_rules(AnsweringRules(discussion=4, muted=(await bench.character_id("Rex"),)))
    await work
    assert [name for name, _, _ in (await bench.client()).talk()] == ["Luna", "Rex", "Luna"]


@virtual_time
async def test_discussion_needs_two_characters() -> None:
    bench = await discussing_bench("Luna")
    await bench.say("Hello")
    await bench.work()
    assert [name for name, _, _ in (await bench.client()).talk()] == ["Luna"]


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
async def test_word_of_the_user_ends_the_discussion_while_it_waits_for_the_sound() -> None:
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


async def nth(bench: LLMBench, number: int) -> str:
    """The id of the reply with this number; "" as long as it has not begun."""
    order = (await bench.client()).order
    return order[number] if number < len(order) else ""


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


# -- requests without a message


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
async def test_worker_without_the_store_has_the_replies_of_a_discussion_and_of_a_request() -> None:
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
