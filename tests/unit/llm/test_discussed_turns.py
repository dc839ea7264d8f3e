"""Turns in which the characters talk among themselves: how they go on, how they end, and what a takeover does."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from tertulia_llm.discussion import DEFAULT_REPLIES, DISCUSSION
from tertulia_llm.model.failures import ModelFailed
from tertulia_shared.answering import AnsweringRules
from tertulia_shared.events import (
    TurnAccepted,
    TurnComplete,
    TurnExtended,
    TurnStarted,
)
from tests.harness.llm import LINES, BreakAfter, Say
from tests.harness.virtual_time import virtual_time
from tests.unit.llm.discussion_bench import REPLY, discussing_bench, frame
from tests.unit.llm.turn_bench import LUNA, REX, USER, bench_with


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
