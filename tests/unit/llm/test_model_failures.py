"""Replies that break off, and requests that the model refuses or answers with no text."""

from __future__ import annotations

import pytest

from tertulia_llm.generation import MAX_ROUNDS
from tertulia_llm.model.failures import ModelFailed
from tertulia_llm.reply_writer import MAX_REPLY_CHARS
from tertulia_llm.settings import LLMSettings
from tests.harness.llm import LINES, BreakAfter, Say
from tests.harness.settings_of import settings_of
from tests.harness.virtual_time import virtual_time
from tests.unit.llm.turn_bench import LUNA, REX, USER, assert_answers, assert_whole, bench_with

FATAL = ModelFailed("llm_auth", "The model server refused the key.", retryable=False)


@virtual_time
async def test_changed_request_does_not_count_as_a_retry() -> None:
    bench = await bench_with()
    bench.settings = settings_of(LLMSettings, llm_retries=0)
    refused = ModelFailed("llm_bad_request", "The model server refused the request.", retryable=True)
    refused.is_adapted = True
    bench.model.acts = [BreakAfter(0, refused), BreakAfter(0, refused)]
    await bench.say(USER[1])
    await bench.work()
    assert_whole(await bench.client())


@virtual_time
async def test_failure_before_the_first_token_is_retried_without_the_client_noticing() -> None:
    bench = await bench_with()
    bench.model.acts = [BreakAfter(0), BreakAfter(0)]
    await bench.say(USER[1])
    await bench.work()
    assert_whole(await bench.client())


@pytest.mark.parametrize("words", [1, 3, 4, 10, 17, 18])
@virtual_time
async def test_reply_of_a_broken_stream_continues_after_its_last_sentence(words: int) -> None:
    bench = await bench_with()
    bench.model.acts = [BreakAfter(words)]
    await bench.say(USER[1])
    await bench.work()
    assert_whole(await bench.client())
    assert await bench.rows() == [USER, LUNA, REX]


@virtual_time
async def test_failure_after_a_new_sentence_resets_the_retry_count() -> None:
    bench = await bench_with("Luna")
    bench.model.acts = [BreakAfter(7) for _ in range(3)]  # each request brings one sentence
    await bench.say("Hello")
    await bench.work()
    assert (await bench.client()).talk() == [LUNA]


@virtual_time
async def test_model_failure_ends_the_turn_and_the_next_turn_is_answered() -> None:
    bench = await bench_with()
    bench.model.acts = [BreakAfter(0, FATAL)]
    turn_id = await bench.say(USER[1])
    await bench.work()
    client = await bench.client()
    assert [(error.code, error.turn_id, error.message_id) for error in client.errors] == [("llm_auth", turn_id, "")]
    assert (client.order, client.complete) == ([], [turn_id])
    await bench.say(USER[1])
    await bench.work()
    assert (await bench.client()).talk() == [LUNA, REX]


@virtual_time
async def test_model_failure_in_mid_reply_keeps_the_text_and_ends_the_speech() -> None:
    bench = await bench_with()
    bench.model.acts = [BreakAfter(6, FATAL)]
    turn_id = await bench.say(USER[1])
    await bench.work()
    client = await bench.client()
    client.check()
    said = "Hello there, Jay. "
    assert client.talk() == [("Luna", said, "failed")]
    assert client.errors[0].message_id == client.order[0]
    assert client.complete == [turn_id]
    assert await bench.rows() == [USER, ("Luna", said, "failed")]


@pytest.mark.parametrize("words", [0, 6])
@virtual_time
async def test_failed_turn_stays_failed_after_a_takeover(words: int) -> None:
    writes, expected = 0, None
    while True:
        writes += 1
        bench = await bench_with()
        bench.model.acts = [BreakAfter(words, FATAL), BreakAfter(0, FATAL)]
        await bench.say(USER[1])
        died = await bench.die_after(writes)
        if died:
            await bench.work()
        client = await bench.client()
        client.check()
        ends = ([status for _, _, status in client.talk()], [row[2] for row in await bench.rows()])
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
    bench = await bench_with()
    bench.model.acts = [Say(text)]
    await bench.say(USER[1])
    await bench.work()
    assert_whole(await bench.client())


@virtual_time
async def test_reply_that_is_only_the_name_of_the_speaker_is_kept() -> None:
    bench = await bench_with("Luna")
    bench.model.acts = [Say("Luna")]
    await bench.say("What is your name?")
    await bench.work()
    assert (await bench.client()).talk() == [("Luna", "Luna", "complete")]
    assert len(bench.model.requests) == 1


@virtual_time
async def test_repeated_empty_replies_end_the_turn_with_an_error() -> None:
    bench = await bench_with("Luna")
    bench.model.acts = [Say("") for _ in range(3)]
    await bench.say("Hello")
    await bench.work()
    client = await bench.client()
    assert [error.code for error in client.errors] == ["llm_unavailable"]
    assert await bench.rows() == [("Jay", "Hello", "complete"), ("Luna", "", "failed")]


@virtual_time
async def test_text_that_the_model_writes_for_another_character_is_dropped() -> None:
    bench = await bench_with()
    bench.model.acts = [Say(f"{LINES['Luna']} <Rex>Woof, says the model.</Rex>")]
    await bench.say(USER[1])
    await bench.work()
    client = await bench.client()
    client.check()
    assert "model" not in "".join(text for _, text, _ in client.talk())


@virtual_time
async def test_reply_above_the_maximum_length_ends_after_its_last_complete_sentence() -> None:
    bench = await bench_with()
    bench.model.word_s = 0.0
    bench.model.acts = [Say("One more sentence follows here. " * 1_000)]
    await bench.say("Hello, Luna")
    await bench.work()
    client = await bench.client()
    client.check()
    ((_, text, status),) = client.talk()
    assert (status, [warning.code for warning in client.warnings]) == ("complete", ["reply_cut"])
    assert MAX_REPLY_CHARS - 100 < len(text) <= MAX_REPLY_CHARS
    assert text.rstrip().endswith("here.")
    await assert_answers(bench)


@virtual_time
async def test_server_that_breaks_off_after_every_sentence_gets_a_limited_number_of_requests() -> None:
    bench = await bench_with()
    bench.model.lines["Luna"] = "One more sentence. " * 500
    bench.model.acts = [BreakAfter(7) for _ in range(100)]
    await bench.say("Hello, Luna")
    await bench.work()
    client = await bench.client()
    client.check()
    assert [status for _, _, status in client.talk()] == ["failed"]
    assert len(bench.model.requests) == MAX_ROUNDS * (bench.settings.llm_retries + 1)
