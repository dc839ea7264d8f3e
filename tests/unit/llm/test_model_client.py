"""The model client, against a scripted server."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

import pytest

from tertulia_llm.model.client import Model
from tertulia_llm.model.failures import MAX_RETRY_DELAY_S, ModelFailed, error_in_stream, jitter, retry_delay_s
from tertulia_llm.model.stream import DISCARD, THINKING, Marker
from tertulia_llm.settings import LLMSettings
from tertulia_shared.entries import ModelSettings
from tertulia_shared.usage import added
from tests.fakes.model_server import Act, Break, ErrorInStream, Fail, Hold, Raw, Reply, ScriptedModel
from tests.fakes.model_sse import chunk
from tests.harness.settings_of import settings_of

ASKED = [{"role": "system", "content": "You are Luna."}, {"role": "user", "content": "Hello"}]


@asynccontextmanager
async def talking(
    *script: Act, fixed_model: bool = False, **settings: object
) -> AsyncGenerator[tuple[ScriptedModel, Model]]:
    async with ScriptedModel(script) as server:
        given = {"llm_base_url": server.base_url, "openrouter_api_key": "sk-test", "llm_model": "default/model"}
        model = Model(settings_of(LLMSettings, **{**given, **settings}), fixed_model=fixed_model)
        try:
            yield server, model
        finally:
            await model.close()


async def said(model: Model, settings: ModelSettings | None = None, seed: int | None = None) -> list[str]:
    async with model.reply(ASKED, settings or ModelSettings(), seed=seed) as stream:
        return [piece async for piece in stream if isinstance(piece, str)]


async def failure_of(model: Model) -> tuple[list[str], ModelFailed]:
    """The texts that came before the failure; and the failure."""
    texts: list[str] = []
    try:
        async with model.reply(ASKED, ModelSettings()) as stream:
            async for piece in stream:
                if isinstance(piece, str):
                    texts.append(piece)  # noqa: PERF401 - what came before the failure counts
    except ModelFailed as failure:
        return texts, failure
    raise AssertionError("the model did not fail")


async def test_comments_and_empty_chunks_in_a_reply_are_skipped() -> None:
    act = Reply(["Hel", "lo", " there"], keep_alives=3, empty_choices=True, null_content=True, usage=True)
    async with talking(act) as (_, model):
        assert "".join(await said(model)) == "Hello there"


async def test_connection_of_a_reply_is_known_and_can_be_used_again_after_its_text_was_merged() -> None:
    holds = Hold(after_tokens=1), Hold(after_tokens=1)
    async with talking(*(Reply([" Hello", " there"], token_delay_s=0.01, hold=hold) for hold in holds)) as (_, model):
        for hold in holds:
            async with model.reply(ASKED, ModelSettings()) as stream:
                assert stream.connection is not None
                stream.merge_text(1)
                hold.event.set()
                assert "".join([piece async for piece in stream if isinstance(piece, str)]) == " Hello there"


async def test_very_long_reply_is_read_completely() -> None:
    words = [f"word{number} " for number in range(20_000)]
    async with talking(Reply(words)) as (_, model):
        assert "".join(await said(model)) == "".join(words)


async def test_generators_of_a_reply_are_closed_without_tasks_of_their_own() -> None:
    hooks, left = sys.get_asyncgen_hooks(), list[str]()

    def finalize(generator: AsyncGenerator[object]) -> None:  # Python calls it for a generator that is still open
        left.append(repr(generator))
        if hooks.finalizer is not None:
            hooks.finalizer(generator)

    async with talking(Reply(["Hi."]), Reply(["Hi."])) as (_, model):
        await said(model)  # the SDK's first request
        sys.set_asyncgen_hooks(hooks.firstiter, finalize)
        try:
            assert await said(model) == ["Hi."]
        finally:
            sys.set_asyncgen_hooks(*hooks)
    assert left == []


async def test_usage_is_added_up_over_all_requests_for_a_reply() -> None:
    async with talking(Reply(["Hel", "lo"], usage=True)) as (_, model):
        async with model.reply(ASKED, ModelSettings()) as stream:
            assert "".join([piece async for piece in stream if isinstance(piece, str)]) == "Hello"
        taken = added({}, stream.usage)
        assert taken["completion_tokens"] == 2
        again = added(taken, {"completion_tokens": 3, "cost": 0.5, "prompt_tokens": None, "native": {"x": 1}})
        assert again == {**taken, "completion_tokens": 5, "cost": 0.5}


async def test_request_has_only_the_fields_that_are_set() -> None:
    async with talking(Reply(["Hi"]), Reply(["Hi"])) as (server, model):
        await said(model)
        await said(model, ModelSettings(model="some/model", temperature=0.5, min_p=0.1, top_k=3), seed=7)
        plain, rich = (request.body for request in server.requests)
    assert plain["messages"] == ASKED
    assert (plain["model"], plain["stream"], plain["max_tokens"]) == ("default/model", True, 1024)
    assert {"temperature", "min_p", "top_k", "seed", "frequency_penalty"}.isdisjoint(plain)
    assert [rich[name] for name in ("model", "temperature", "min_p", "top_k", "seed")] == ["some/model", 0.5, 0.1, 3, 7]


async def test_model_chosen_by_the_client_is_ignored_if_the_server_has_only_one() -> None:
    async with talking(Reply(["Hi"]), fixed_model=True) as (server, model):
        await said(model, ModelSettings(model="some/model"))
        assert server.requests[0].body["model"] == "default/model"


@pytest.mark.parametrize(
    ("status", "code", "retryable"),
    [
        (400, "llm_bad_request", False),
        (401, "llm_auth", False),
        (402, "llm_credit", False),
        (403, "llm_auth", False),
        (404, "llm_model", False),
        (422, "llm_bad_request", False),
        (408, "llm_unavailable", True),
        (429, "llm_rate", True),
        (500, "llm_unavailable", True),
        (503, "llm_unavailable", True),
    ],
)
async def test_each_refusal_has_its_code_and_is_retryable_or_not(status: int, code: str, retryable: bool) -> None:  # noqa: FBT001 - a parameter of the test
    async with talking(Fail(status)) as (server, model):
        texts, failure = await failure_of(model)
        assert (texts, failure.code, failure.retryable) == ([], code, retryable)
        assert "sk-test" not in str(failure)
        assert len(server.requests) == 1, "retries are the caller's decision"


async def test_response_with_unreadable_headers_is_retryable() -> None:
    async with talking(Fail(500, headers={"x-long": "x" * 20_000})) as (_, model):
        texts, failure = await failure_of(model)
        assert (texts, failure.code, failure.retryable) == ([], "llm_unavailable", True)
        assert "cannot be read" in str(failure)


async def test_retry_after_header_is_respected() -> None:
    acts = [Fail(429, headers={"retry-after": value}) for value in ("7", "soon", "-3")]
    async with talking(*acts) as (_, model):
        waits = [(await failure_of(model))[1].retry_after_s for _ in acts]
    assert waits == [7.0, None, 0.0]


async def test_broken_stream_yields_its_text_before_it_fails() -> None:
    async with talking(Break(2), ErrorInStream(2)) as (_, model):
        for _ in range(2):
            texts, failure = await failure_of(model)
            assert "".join(texts) == "One. Two. "
            assert (failure.code, failure.retryable) == ("llm_unavailable", True)


async def test_stalled_model_fails_after_the_timeout() -> None:
    hold = Hold(after_tokens=1)
    async with talking(Reply(["One. ", "Two."], hold=hold), llm_stall_s=0.05) as (_, model):
        texts, failure = await failure_of(model)
        assert texts == ["One. "]
        assert "said nothing for 0.05 seconds" in str(failure)
        hold.event.set()


async def test_keep_alives_do_not_extend_the_first_token_timeout() -> None:
    hold = Hold(after_tokens=0)
    async with talking(Reply(["One."], keep_alives=5, hold=hold), llm_first_token_s=0.05) as (_, model):
        texts, failure = await failure_of(model)
        assert (texts, failure.retryable) == ([], True)
        hold.event.set()


async def pieces_of(model: Model) -> list[str | Marker]:
    async with model.reply(ASKED, ModelSettings()) as stream:
        return [piece async for piece in stream]


async def test_after_reasoning_without_an_opening_tag_later_streams_delay_text_until_the_closing_tag() -> None:
    thought, closing, answer = (
        chunk({"content": "Jay says hello."}),
        chunk({"content": "\n</think>\n"}),
        chunk({"content": "Hi"}),
    )
    act = Raw([thought, closing, answer, chunk({}, "stop")])
    async with talking(act, act) as (_, model):
        assert DISCARD in await pieces_of(model)
        assert await pieces_of(model) == [THINKING, "Hi"]


@pytest.mark.parametrize("content_type", ["application/json", "text/event-stream", "text/plain"])
async def test_whole_response_to_a_streamed_request_is_read(content_type: str) -> None:
    body = b'{\n  "choices": [\n    {"message": {"content": "Hi"}, "finish_reason": "stop"}\n  ]\n}'
    async with talking(Raw([body], content_type)) as (_, model):
        assert await said(model) == ["Hi"]


async def test_web_page_in_place_of_a_stream_is_reported_with_its_text() -> None:
    async with talking(Raw([b"<html><title>Sign in</title></html>"], "text/html")) as (_, model):
        texts, failure = await failure_of(model)
        assert (texts, failure.code) == ([], "llm_address")
        assert "Sign in" in str(failure)


async def test_connection_is_closed_when_the_reply_is_abandoned() -> None:
    async with talking(Reply(["word "] * 1000, token_delay_s=0.01)) as (server, model):
        async with model.reply(ASKED, ModelSettings()) as stream:
            async for _ in stream:
                break
        await server.until_broken_off(1)


async def test_error_for_an_unreachable_server_names_the_setting() -> None:
    model = Model(settings_of(LLMSettings, llm_base_url="http://127.0.0.1:9/v1"))
    try:
        _, failure = await failure_of(model)
    finally:
        await model.close()
    assert failure.retryable
    assert "TERTULIA_LLM_BASE_URL" in str(failure)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ({"code": 429, "message": "slow down"}, "llm_rate"),
        ({"code": "server_error", "message": "x"}, "llm_unavailable"),
        ({}, "llm_unavailable"),
    ],
)
def test_error_in_the_stream_is_handled_like_an_http_status(error: dict[str, object], code: str) -> None:
    assert error_in_stream(error).code == code
    assert error_in_stream(error).retryable


def test_retry_delays_double_up_to_a_maximum_and_are_random() -> None:
    failure = ModelFailed("x", "x", retryable=True)
    waits: Sequence[float] = [retry_delay_s(n, failure, 1.0) for n in range(1, 12)]
    assert waits[:4] == [0.5, 1.0, 2.0, 4.0]
    assert max(waits) == MAX_RETRY_DELAY_S
    assert retry_delay_s(1, failure, 0.0) == 0.25
    assert retry_delay_s(1, ModelFailed("x", "x", retryable=True, retry_after_s=500), 0.0) == MAX_RETRY_DELAY_S
    assert 0 <= jitter() <= 1


@pytest.mark.parametrize("figure", ["many", float("nan"), float("inf"), 2**63, True, [1]])
def test_invalid_token_count_is_skipped(figure: object) -> None:
    assert added({"cost": 1}, {"cost": figure, "prompt_tokens": 2}) == {"cost": 1, "prompt_tokens": 2}
