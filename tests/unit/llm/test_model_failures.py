"""Replies that the model breaks off, refuses or returns empty."""

from __future__ import annotations

import pytest

from tertulia_llm.generation import MAX_ROUNDS
from tertulia_llm.model.failures import ModelFailed
from tertulia_llm.reply_writer import MAX_REPLY_CHARS
from tertulia_llm.settings import LLMSettings
from tests.harness.llm import LINES, BreakAfter, Say
from tests.harness.settings_of import settings_of
from tests.harness.virtual_time import virtual_time
from tests.unit.llm.turn_bench import LUNA, REX, USER, assert_answers, assert_whole, table_with

FATAL = ModelFailed("llm_auth", "The model server refused the key.", retryable=False)


@virtual_time
async def test_request_that_was_changed_is_sent_again_without_counting_as_a_retry() -> None:
    table = await table_with()
    table.settings = settings_of(LLMSettings, llm_retries=0)
    refused = ModelFailed("llm_bad_request", "The model server refused the request.", retryable=True)
    refused.is_adapted = True
    table.model.acts = [BreakAfter(0, refused), BreakAfter(0, refused)]
    await table.say(USER[1])
    await table.work()
    assert_whole(await table.client())


@virtual_time
async def test_failure_before_the_first_token_is_retried_unseen() -> None:
    table = await table_with()
    table.model.acts = [BreakAfter(0), BreakAfter(0)]
    await table.say(USER[1])
    await table.work()
    assert_whole(await table.client())


@pytest.mark.parametrize("words", [1, 3, 4, 10, 17, 18])
@virtual_time
async def test_broken_stream_is_continued_after_the_last_sentence(words: int) -> None:
    table = await table_with()
    table.model.acts = [BreakAfter(words)]
    await table.say(USER[1])
    await table.work()
    assert_whole(await table.client())
    assert await table.rows() == [USER, LUNA, REX]


@virtual_time
async def test_progress_between_failures_resets_the_retry_count() -> None:
    table = await table_with("Luna")
    table.model.acts = [BreakAfter(7) for _ in range(3)]  # one sentence per request
    await table.say("Hello")
    await table.work()
    assert (await table.client()).talk() == [LUNA]


@virtual_time
async def test_model_failure_ends_the_turn_and_the_next_is_answered() -> None:
    table = await table_with()
    table.model.acts = [BreakAfter(0, FATAL)]
    turn_id = await table.say(USER[1])
    await table.work()
    client = await table.client()
    assert [(error.code, error.turn_id, error.message_id) for error in client.errors] == [("llm_auth", turn_id, "")]
    assert (client.order, client.complete) == ([], [turn_id])
    await table.say(USER[1])
    await table.work()
    assert (await table.client()).talk() == [LUNA, REX]


@virtual_time
async def test_model_failure_in_mid_reply_keeps_the_text_and_ends_speech() -> None:
    table = await table_with()
    table.model.acts = [BreakAfter(6, FATAL)]
    turn_id = await table.say(USER[1])
    await table.work()
    client = await table.client()
    client.check()
    said = "Hello there, Jay. "
    assert client.talk() == [("Luna", said, "failed")]
    assert client.errors[0].message_id == client.order[0]
    assert client.complete == [turn_id]
    assert await table.rows() == [USER, ("Luna", said, "failed")]


@pytest.mark.parametrize("words", [0, 6])
@virtual_time
async def test_failed_turn_stays_failed_after_a_takeover(words: int) -> None:
    writes, expected = 0, None
    while True:
        writes += 1
        table = await table_with()
        table.model.acts = [BreakAfter(words, FATAL), BreakAfter(0, FATAL)]
        await table.say(USER[1])
        died = await table.die_after(writes)
        if died:
            await table.work()
        client = await table.client()
        client.check()
        ends = ([status for _, _, status in client.talk()], [row[2] for row in await table.rows()])
        if not client.errors:
            continue
        assert len(client.complete) >= 1
        assert "complete" not in ends[0]
        assert ends[1] == ["complete", "failed"], f"after a death at write {writes}"
        expected = ends
        if not died:
            break
    assert expected is not None


@pytest.mark.parametrize("text", ["", "   ", "<Luna></Luna>", "<Rex>It is my turn!</Rex>"])
@virtual_time
async def test_empty_reply_is_retried(text: str) -> None:
    table = await table_with()
    table.model.acts = [Say(text)]
    await table.say(USER[1])
    await table.work()
    assert_whole(await table.client())


@virtual_time
async def test_reply_that_equals_the_speakers_name_is_kept() -> None:
    table = await table_with("Luna")
    table.model.acts = [Say("Luna")]
    await table.say("What is your name?")
    await table.work()
    assert (await table.client()).talk() == [("Luna", "Luna", "complete")]
    assert len(table.model.requests) == 1


@virtual_time
async def test_repeated_empty_replies_fail_the_turn() -> None:
    table = await table_with("Luna")
    table.model.acts = [Say("") for _ in range(3)]
    await table.say("Hello")
    await table.work()
    client = await table.client()
    assert [error.code for error in client.errors] == ["llm_unavailable"]
    assert await table.rows() == [("Jay", "Hello", "complete"), ("Luna", "", "failed")]


@virtual_time
async def test_text_for_another_character_is_cut() -> None:
    table = await table_with()
    table.model.acts = [Say(f"{LINES['Luna']} <Rex>Woof, says the model.</Rex>")]
    await table.say(USER[1])
    await table.work()
    client = await table.client()
    client.check()
    assert "model" not in "".join(text for _, text, _ in client.talk())


@virtual_time
async def test_endless_reply_is_cut_at_its_last_whole_sentence() -> None:
    table = await table_with()
    table.model.word_s = 0.0
    table.model.acts = [Say("One more sentence follows here. " * 1_000)]
    await table.say("Hello, Luna")
    await table.work()
    client = await table.client()
    client.check()
    ((_, text, status),) = client.talk()
    assert (status, [warning.code for warning in client.warnings]) == ("complete", ["reply_cut"])
    assert MAX_REPLY_CHARS - 100 < len(text) <= MAX_REPLY_CHARS
    assert text.rstrip().endswith("here.")
    await assert_answers(table)


@virtual_time
async def test_server_that_breaks_off_after_every_sentence_gets_limited_requests() -> None:
    table = await table_with()
    table.model.lines["Luna"] = "One more sentence. " * 500
    table.model.acts = [BreakAfter(7) for _ in range(100)]
    await table.say("Hello, Luna")
    await table.work()
    client = await table.client()
    client.check()
    assert [status for _, _, status in client.talk()] == ["failed"]
    assert len(table.model.requests) == MAX_ROUNDS * (table.settings.llm_retries + 1)
