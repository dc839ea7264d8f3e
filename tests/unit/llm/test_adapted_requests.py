"""A refused request is changed and sent again for the same reply, over HTTP."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tertulia_llm.model.client import MAX_CHANGES, Model
from tertulia_llm.model.failures import ModelFailed
from tertulia_llm.settings import LLMSettings
from tertulia_shared.entries import ModelSettings
from tests.fakes.model_server import Act, ErrorInStream, Fail, Reply, ScriptedModel
from tests.fakes.model_sse import DONE
from tests.fakes.server_kinds.server import WINDOW_TOKENS, Body, KindServer, Refusal, ServerKind, delta, over_window
from tests.harness.settings_of import settings_of

SYSTEM = {"role": "system", "content": "You are Luna."}
QUESTION = {"role": "user", "content": "And now?"}
PROMPT = [SYSTEM, {"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi."}, QUESTION]
HI = Reply(["Hi."])
CONVERSATIONS = 8


def refused(message: str, param: str | None = None, status: int = 400) -> Fail:
    return Fail(status, {"error": {"message": message, "param": param}})


@asynccontextmanager
async def model_with(
    *script: Act, default: Act | None = HI, **settings: object
) -> AsyncGenerator[tuple[ScriptedModel, Model]]:
    async with ScriptedModel(script, default=default) as server:
        given: dict[str, object] = {
            "llm_base_url": server.base_url,
            "llm_model": "house",
            "openrouter_api_key": "sk-test",
        }
        model = Model(settings_of(LLMSettings, **{**given, **settings}))
        try:
            yield server, model
        finally:
            await model.close()


async def ask(
    model: Model, settings: ModelSettings | None = None, messages: list[dict[str, str]] | None = None
) -> tuple[str, list[str]]:
    """The text of the reply, and the notices."""
    async with model.reply(messages or PROMPT, settings or ModelSettings(), seed=7) as stream:
        pieces: list[object] = [piece async for piece in stream]
        return "".join(piece for piece in pieces if isinstance(piece, str)), list(stream.dropped)


def bodies(server: ScriptedModel) -> list[Mapping[str, Any]]:
    return [request.body for request in server.requests]


async def test_refused_parameter_is_left_out_of_this_request_and_later_ones(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with model_with(refused("Unknown parameter: 'seed'.", "seed")) as (server, model):
        with caplog.at_level(logging.WARNING):
            assert await ask(model) == ("Hi.", [])
            assert await ask(model) == ("Hi.", [])
        assert ["seed" in body for body in bodies(server)] == [True, False, False]
        assert [
            record.getMessage() for record in caplog.records if "leaves out seed" in record.getMessage()
        ].__len__() == 1


@asynccontextmanager
async def model_at(kind: ServerKind) -> AsyncGenerator[tuple[KindServer, Model]]:
    async with KindServer(kind, ["Hi."] * CONVERSATIONS).running() as server:
        model = Model(settings_of(LLMSettings, llm_base_url=server.base_url, llm_model="house"))
        try:
            yield server, model
        finally:
            await model.close()


def one_reply(text: str, _: Body) -> list[bytes]:
    return [delta({"content": text}), delta({}, "stop"), DONE]


def seed_refused(body: Body) -> Refusal | None:
    return Refusal(400, {"error": "Unknown parameters: seed, stream_options"}) if "seed" in body else None


def length_refused(body: Body) -> Refusal | None:
    return Refusal(400, {"error": "Please reduce the length of the messages."}) if over_window(body) else None


async def test_conversations_whose_requests_are_refused_at_the_same_time_all_get_an_answer() -> None:
    async with model_at(ServerKind("x", one_reply, (seed_refused,))) as (server, model):
        async with asyncio.TaskGroup() as tasks:
            asked = [tasks.create_task(ask(model)) for _ in range(CONVERSATIONS)]
        assert [task.result()[0] for task in asked] == ["Hi."] * CONVERSATIONS
        assert len(server.refused) <= CONVERSATIONS
        assert all("stream_options" not in body for body in server.requests)


async def test_parameter_that_one_model_refuses_is_still_sent_to_another_model() -> None:
    async with model_with(refused("Unknown parameter: 'seed'.", "seed")) as (server, model):
        await ask(model)
        await ask(model, ModelSettings(model="other"))
        assert ["seed" in body for body in bodies(server)] == [True, False, True]


async def test_max_tokens_is_sent_as_max_completion_tokens_if_the_model_asks_for_it() -> None:
    message = (
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
    )
    async with model_with(refused(message, "max_tokens"), llm_max_tokens=300) as (server, model):
        assert (await ask(model))[0] == "Hi."
        assert bodies(server)[1]["max_completion_tokens"] == 300
        assert "max_tokens" not in bodies(server)[1]


async def test_setting_that_the_model_does_not_allow_is_left_out_with_a_notice() -> None:
    message = (
        "Unsupported value: 'temperature' does not support 0.7 with this model. Only the "
        "default (1) value is supported."
    )
    async with model_with(refused(message, "temperature")) as (server, model):
        text, dropped = await ask(model, ModelSettings(temperature=0.7))
        assert text == "Hi."
        assert len(dropped) == 1
        assert "temperature" in dropped[0]
        assert "house" in dropped[0]
        assert await ask(model) == ("Hi.", []), "no notice where the user has not set it"
        assert "temperature" not in bodies(server)[1]


async def test_text_of_a_refused_system_role_is_sent_in_the_first_user_message() -> None:
    async with model_with(Fail(500, {"error": {"message": "Jinja Exception: System role not supported"}})) as (
        server,
        model,
    ):
        assert (await ask(model))[0] == "Hi."
        folded = bodies(server)[1]["messages"]
        assert [message["role"] for message in folded] == ["user", "assistant", "user"]
        assert folded[0]["content"] == "You are Luna.\n\nHello"


async def test_several_refusals_change_the_request_one_after_the_other() -> None:
    names = ("seed", "stream_options", "top_k", "min_p", "repetition_penalty")
    script = [refused(f"Unknown parameter: '{name}'.", name) for name in names]
    settings = ModelSettings(top_k=4, min_p=0.1, repetition_penalty=1.2)
    async with model_with(*script) as (server, model):
        text, dropped = await ask(model, settings)
        assert text == "Hi."
        assert len(dropped) == 3
        assert set(names).isdisjoint(bodies(server)[-1])


@pytest.mark.parametrize(
    "body",
    [
        {"detail": [{"type": "extra_forbidden", "loc": ["body", "seed"], "msg": "Extra inputs are not permitted"}]},
        {"detail": "seed is not supported"},
        {"message": "Unknown parameter: seed"},
        {"error": "Unknown parameter: seed"},
        json.dumps([{"error": {"code": 400, "message": 'Unknown name "seed": Cannot find field.'}}]),
        "Unknown parameter: seed",
    ],
)
async def test_refusal_is_understood_in_any_known_format_of_the_body(body: Mapping[str, Any] | str) -> None:
    async with model_with(Fail(422, body)) as (server, model):
        assert (await ask(model))[0] == "Hi."
        assert "seed" not in bodies(server)[1]


async def test_refusal_that_names_no_parameter_fails_after_one_request() -> None:
    async with model_with(Fail(400, "<html><title>400 Bad Request</title></html>")) as (server, model):
        with pytest.raises(ModelFailed) as caught:
            await ask(model)
        assert (caught.value.code, caught.value.retryable) == ("llm_bad_request", False)
        assert "400 Bad Request" in str(caught.value)
        assert len(server.requests) == 1


async def test_server_that_refuses_everything_gets_a_limited_number_of_requests() -> None:
    body = {"error": {"message": "Unknown parameters: seed, max_tokens, max_completion_tokens, stream_options, top_k"}}
    async with model_with(default=Fail(400, body)) as (server, model):
        with pytest.raises(ModelFailed) as caught:
            await ask(model, ModelSettings(top_k=3))
        assert caught.value.code == "llm_bad_request"
        assert len(server.requests) <= MAX_CHANGES + 1
        before = len(server.requests)
        with pytest.raises(ModelFailed):
            await ask(model, ModelSettings(top_k=3))
        assert len(server.requests) == before + 1, "nothing is left to change"


@pytest.mark.parametrize(
    "message",
    [
        "Invalid request 17: temperature must be a float, model is fixed",
        "Only user accounts with assistant access are allowed",
        "`max_tokens` must be greater than `thinking.budget_tokens`.",
    ],
)
async def test_change_that_does_not_end_the_refusal_is_undone(message: str) -> None:
    settings = ModelSettings(temperature=0.5)
    async with model_with(*[refused(message)] * 3) as (server, model):
        for _ in range(2):
            with pytest.raises(ModelFailed):
                await ask(model, settings)
        assert len(server.requests) == 3, "what did not help is not tried again"
        assert model.known.of("house").adaptations.described() == ()
        assert (await ask(model, settings))[0] == "Hi."
        assert bodies(server)[-1] == bodies(server)[0]


async def test_change_that_helped_is_kept_when_another_does_not() -> None:
    async with model_with(refused("Unknown parameter: 'seed'"), *[refused("top_p must be a float")] * 2) as (_, model):
        with pytest.raises(ModelFailed):
            await ask(model, ModelSettings(top_p=0.5))
        assert model.known.of("house").adaptations.described() == ("leaves out seed",)


async def test_filtered_prompt_changes_nothing() -> None:
    async with model_with(refused("Invalid: the system prompt was flagged as unsafe")) as (server, model):
        with pytest.raises(ModelFailed) as caught:
            await ask(model)
        assert (caught.value.code, len(server.requests)) == ("llm_filtered", 1)


async def test_bound_of_the_reply_is_not_learned_as_the_window() -> None:
    message = "`max_tokens` must be less than or equal to `8192`, the maximum is less than the `context_window`"
    async with model_with(refused(message), llm_max_tokens=100_000) as (server, model):
        assert (await ask(model))[0] == "Hi."
        assert bodies(server)[1]["max_tokens"] == 8192
        assert model.known.of("house").window is None


async def test_limit_in_the_extra_body_replaces_the_standard_one() -> None:
    async with model_with(llm_extra_body='{"max_completion_tokens": 500}') as (server, model):
        await ask(model)
        body = bodies(server)[0]
    assert (body["max_completion_tokens"], "max_tokens" in body) == (500, False)


async def test_every_parameter_may_be_refused_in_turn() -> None:
    names = ["seed", "temperature", "top_p", "top_k", "min_p", "frequency_penalty", "presence_penalty"]
    names += ["repetition_penalty", "stream_options", "max_tokens"]
    settings = ModelSettings(
        temperature=0.7, top_p=0.9, top_k=40, min_p=0.05, frequency_penalty=0.1, presence_penalty=0.1,
        repetition_penalty=1.1,
    )  # fmt: skip
    async with model_with(*[refused(f"Unsupported parameter: '{name}'") for name in names]) as (server, model):
        assert (await ask(model, settings))[0] == "Hi."
        assert set(names).isdisjoint(bodies(server)[-1])


async def test_refusal_inside_the_stream_changes_the_next_request() -> None:
    error = {"code": 400, "message": "Unknown parameter: 'seed'", "param": "seed"}
    async with model_with(ErrorInStream(0, error)) as (server, model):
        with pytest.raises(ModelFailed) as caught:
            await ask(model)
        assert caught.value.is_adapted
        assert caught.value.retryable
        assert (await ask(model))[0] == "Hi."
        assert "seed" not in bodies(server)[1]


async def test_extra_body_is_merged_into_the_request_and_null_removes_a_parameter() -> None:
    extra = '{"reasoning": {"effort": "low"}, "max_tokens": 77, "seed": null, "stream_options": null}'
    async with model_with(llm_extra_body=extra) as (server, model):
        await ask(model, ModelSettings(temperature=0.5))
        body = bodies(server)[0]
    assert (body["reasoning"], body["max_tokens"], body["temperature"]) == ({"effort": "low"}, 77, 0.5)
    assert {"seed", "stream_options"}.isdisjoint(body)
    assert (body["model"], body["stream"], len(body["messages"])) == ("house", True, 4)


async def test_refused_parameter_of_the_extra_body_is_left_out_with_a_notice() -> None:
    async with model_with(refused("Unknown parameter: 'reasoning'"), llm_extra_body='{"reasoning": {}}') as (
        server,
        model,
    ):
        text, dropped = await ask(model)
        assert (text, len(dropped)) == ("Hi.", 1)
        assert "reasoning" not in bodies(server)[1]


async def test_extra_headers_are_sent_with_each_request() -> None:
    async with model_with(llm_extra_headers='{"X-House": "blue", "X-Title": "Mine"}') as (server, model):
        await ask(model)
        headers = server.requests[0].headers
    assert (headers["x-house"], headers["x-title"]) == ("blue", "Mine")


LONG = (
    [SYSTEM]
    + [{"role": role, "content": f"{number} {'word ' * 400}"} for number in range(20) for role in ("user", "assistant")]
    + [QUESTION]
)


@pytest.mark.parametrize(
    "body",
    [
        {
            "error": {
                "message": (
                    "This model's maximum context length is 8192 tokens. However, your messages resulted in 20000 "
                    "tokens."
                ),
                "code": "context_length_exceeded",
                "param": "messages",
            }
        },
        {
            "error": {
                "message": "the request exceeds the available context size",
                "type": "exceed_context_size_error",
                "n_ctx": 8192,
                "n_prompt_tokens": 20_000,
            }
        },
        {"error": {"message": "prompt is too long: 20000 tokens > 8192 maximum", "type": "invalid_request_error"}},
        {
            "error": {
                "message": "Please reduce the length of the messages or completion.",
                "code": "context_length_exceeded",
            }
        },
        {"detail": "Input is too long for requested model."},
    ],
)
async def test_prompt_that_is_too_long_is_shortened_and_sent_again_for_the_same_reply(body: Mapping[str, Any]) -> None:
    async with model_with(Fail(400, body)) as (server, model):
        assert (await ask(model, messages=LONG))[0] == "Hi."
        first, second = (body["messages"] for body in bodies(server))
        assert len(second) < len(first)
        assert (second[0], second[-1]) == (first[0], first[-1])
        assert second[1:] == first[-len(second) + 1 :], "whole messages, the oldest are left out"
        await ask(model, messages=LONG)
        assert bodies(server)[2]["messages"] == second, "the window is remembered"


async def test_reply_limit_is_lowered_if_the_prompt_leaves_less_of_the_window() -> None:
    message = (
        "'max_tokens' or 'max_completion_tokens' is too large: 1024. This model's "
        "maximum context length is 2048 tokens and "
        "your request has 1500 input tokens (1024 > 2048 - 1500)."
    )
    prompt = [SYSTEM, {"role": "user", "content": "word " * 1500}]
    async with model_with(refused(message, "max_tokens")) as (server, model):
        assert (await ask(model, messages=prompt))[0] == "Hi."
        assert 0 < bodies(server)[1]["max_tokens"] <= 548
        assert bodies(server)[1]["messages"] == prompt


async def test_error_for_a_prompt_that_cannot_be_shortened_names_the_setting() -> None:
    body = {"error": {"message": "prompt is too long: 5000 tokens > 2048 maximum"}}
    async with model_with(default=Fail(400, body)) as (server, model):
        with pytest.raises(ModelFailed) as caught:
            await ask(model, messages=[SYSTEM, {"role": "user", "content": "word " * 5000}])
        assert (caught.value.code, caught.value.retryable) == ("llm_context", False)
        for part in ("TERTULIA_LLM_MAX_TOKENS", "TERTULIA_LLM_CONTEXT_TOKENS", "prompt is too long: 5000 tokens"):
            assert part in str(caught.value)
        assert len(server.requests) <= MAX_CHANGES + 1


async def test_window_stays_unknown_if_even_the_shortest_prompts_are_refused() -> None:
    refusals = [Fail(413, "Payload too large")] * 20
    async with model_with(*refusals) as (server, model):
        with pytest.raises(ModelFailed) as caught:
            await ask(model, messages=LONG)
        assert caught.value.code == "llm_context"
        assert model.known.of("house").window is None
        server.script.clear()
        await ask(model, messages=LONG)
        assert bodies(server)[-1]["messages"] == bodies(server)[0]["messages"]


async def test_long_prompts_refused_at_the_same_time_reduce_the_window_only_once() -> None:
    async with model_at(ServerKind("x", one_reply, (length_refused,))) as (_, model):
        async with asyncio.TaskGroup() as tasks:
            asked = [tasks.create_task(ask(model, messages=LONG)) for _ in range(CONVERSATIONS)]
        assert [task.result()[0] for task in asked] == ["Hi."] * CONVERSATIONS
        window = model.known.of("house").window
        assert window is not None
        assert window > WINDOW_TOKENS / 2


@pytest.mark.parametrize("told", [None, 20_000])
async def test_server_that_always_refuses_long_prompts_gets_a_limited_number_of_requests(told: int | None) -> None:
    words = "maximum context length" + (f" is {told} tokens" if told else "")
    async with model_with(default=refused(words)) as (server, model):
        with pytest.raises(ModelFailed):
            await ask(model, messages=LONG)
        assert len(server.requests) <= MAX_CHANGES + 1


async def test_first_request_is_shortened_to_the_window_in_the_settings() -> None:
    async with model_with(llm_context_tokens=4096, llm_max_tokens=512) as (server, model):
        await ask(model, messages=LONG)
        sent = bodies(server)[0]["messages"]
    assert 2000 < sum(len(message["content"]) for message in sent) / 5 < 3500
    assert sent[-1] == QUESTION


async def test_token_counts_of_the_server_correct_the_estimate() -> None:
    reply = Reply(["Hi."], usage=True, prompt_tokens=60_000)
    async with model_with(reply, reply, llm_context_tokens=32_768, llm_max_tokens=512) as (server, model):
        await ask(model, messages=LONG)
        await ask(model, messages=LONG)
        first, second = (body["messages"] for body in bodies(server))
        assert len(second) < len(first)
        assert model.known.of("house").scale.factor > 4


async def test_prompt_length_is_limited_by_llm_context_chars_if_the_context_window_is_unknown() -> None:
    async with model_with(llm_context_chars=5_000) as (server, model):
        await ask(model, messages=LONG)
        assert sum(len(message["content"]) for message in bodies(server)[0]["messages"]) <= 5_000
