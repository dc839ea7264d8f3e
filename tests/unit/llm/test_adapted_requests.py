"""A refused request is changed and sent again for the same reply, over HTTP."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from typing import Any

import pytest

from tertulia_llm.model.client import MAX_CHANGES
from tertulia_llm.model.failures import ModelFailed
from tertulia_shared.entries import ModelSettings
from tests.fakes.model_server import ErrorInStream, Fail
from tests.fakes.server_kinds.server import Body, Refusal, ServerKind
from tests.harness.model_requests import CONVERSATIONS, ask, bodies, model_at, model_with, one_reply, refused


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


def seed_refused(body: Body) -> Refusal | None:
    return Refusal(400, {"error": "Unknown parameters: seed, stream_options"}) if "seed" in body else None


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
