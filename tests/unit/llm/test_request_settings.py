"""The settings that change the body and the headers of each request."""

from __future__ import annotations

from tertulia_shared.entries import ModelSettings
from tests.harness.model_requests import ask, bodies, model_with, refused


async def test_limit_in_the_extra_body_replaces_the_standard_one() -> None:
    async with model_with(llm_extra_body='{"max_completion_tokens": 500}') as (server, model):
        await ask(model)
        body = bodies(server)[0]
    assert (body["max_completion_tokens"], "max_tokens" in body) == (500, False)


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
