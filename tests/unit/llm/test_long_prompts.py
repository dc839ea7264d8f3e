"""Prompts that are too long for the context window are shortened, and sent again for the same reply."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from tertulia_llm.model.client import MAX_CHANGES
from tertulia_llm.model.failures import ModelFailed
from tertulia_shared.entries import ModelSettings
from tests.fakes.model_server import Fail, Reply
from tests.fakes.server_kinds.server import WINDOW_TOKENS, Body, Refusal, ServerKind, over_window
from tests.harness.model_requests import (
    CONVERSATIONS,
    QUESTION,
    SYSTEM,
    ask,
    bodies,
    model_at,
    model_with,
    one_reply,
    refused,
)

LONG = (
    [SYSTEM]
    + [{"role": role, "content": f"{number} {'word ' * 400}"} for number in range(20) for role in ("user", "assistant")]
    + [QUESTION]
)


def length_refused(body: Body) -> Refusal | None:
    return Refusal(400, {"error": "Please reduce the length of the messages."}) if over_window(body) else None


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


async def test_stream_says_how_many_messages_were_left_out() -> None:
    async with model_with(llm_context_tokens=2048) as (_, model):
        async with model.reply(LONG, ModelSettings()) as stream:
            sent = len(LONG) - stream.left_out
        assert 2 <= sent < len(LONG) / 2
        async with model.reply([SYSTEM, QUESTION], ModelSettings()) as stream:
            assert stream.left_out == 0
