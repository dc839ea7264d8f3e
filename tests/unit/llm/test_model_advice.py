"""The errors for the user when the model server refuses a request, and the requests that are repeated."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web

from tertulia_llm.model.advice import no_such_model
from tertulia_llm.model.client import Model
from tertulia_llm.model.failures import (
    MAX_RETRY_DELAY_S,
    ModelFailed,
    error_in_stream,
    retry_after_s,
    retry_delay_s,
)
from tertulia_llm.settings import LLMSettings
from tertulia_shared.entries import ModelSettings
from tests.harness.settings_of import settings_of

ASKED = [{"role": "user", "content": "Hello"}]
PAGE = "<!DOCTYPE html><html><head><title>Sign in to House</title></head><body>Log in</body></html>"
LIST = {"data": [{"id": "meta-llama/llama-3.2-3b-instruct"}, {"id": "qwen3:8b"}, {"id": "gpt-4o-mini"}]}


class Site:
    """A server with scripted answers by path: a status and a body (JSON, or text; a page if it begins with "<")."""

    def __init__(self, answers: Mapping[str, tuple[int, object]], headers: Mapping[str, str] | None = None) -> None:
        self.asked: list[str] = []
        self._answers = answers
        self._headers = headers or {}

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[str]:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        runner = web.AppRunner(app, shutdown_timeout=0.01, access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            host, port = runner.addresses[0][:2]
            yield f"http://{host}:{port}"
        finally:
            await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        self.asked.append(f"{request.method} {request.path}")
        status, body = self._answers.get(request.path, (404, "404 page not found"))
        if status in (301, 302, 307):
            return web.Response(status=status, headers={"Location": str(body)})
        if isinstance(body, str):
            kind = "text/html" if body.startswith("<") else "text/plain"
            return web.Response(status=status, text=body, content_type=kind, headers=self._headers)
        return web.json_response(body, status=status, headers=self._headers)


async def ask(model: Model) -> None:
    async with model.reply(ASKED, ModelSettings()) as stream:
        async for _ in stream:
            pass


async def failure(site: Site, base: str = "/v1", **settings: object) -> ModelFailed:
    async with site.running() as root:
        given: dict[str, object] = {"openrouter_api_key": "sk-secret-key", "llm_model": "house", **settings}
        model = Model(settings_of(LLMSettings, llm_base_url=root + base, **given))
        try:
            with pytest.raises(ModelFailed) as caught:
                await ask(model)
        finally:
            await model.close()
    assert "sk-secret-key" not in str(caught.value)
    return caught.value


CHAT = "/v1/chat/completions"


async def test_base_url_that_lacks_v1_is_reported() -> None:
    site = Site({"/v1/models": (200, LIST)})
    found = await failure(site, base="")
    assert (found.code, found.retryable) == ("llm_address", False)
    assert "lacks /v1" in str(found)
    assert site.asked.count("POST /chat/completions") == 1


@pytest.mark.parametrize(
    ("base", "right"), [("", "/openai/v1"), ("", "/api/v1"), ("/v1", "/api/v1"), ("/v1/v1", "/v1"), ("/api/v1", "/v1")]
)
async def test_right_path_of_the_api_is_named(base: str, right: str) -> None:
    found = await failure(Site({f"{right}/models": (200, LIST)}), base=base)
    assert (found.code, found.retryable) == ("llm_address", False)
    assert f"{right}." in str(found)
    assert "set it to http://" in str(found)


async def test_base_url_that_lacks_v1_is_reported_if_a_web_page_is_there() -> None:
    site = Site({"/chat/completions": (200, PAGE), "/models": (200, PAGE), "/v1/models": (200, LIST)})
    found = await failure(site, base="")
    assert (found.code, found.retryable) == ("llm_address", False)
    assert "lacks /v1" in str(found)


async def test_base_url_that_lacks_v1_is_reported_if_the_error_has_status_200() -> None:
    unknown = {"error": "Unexpected endpoint or method. (POST /chat/completions)"}
    site = Site({"/chat/completions": (200, unknown), "/models": (200, unknown), "/v1/models": (200, LIST)})
    found = await failure(site, base="")
    assert (found.code, found.retryable) == ("llm_address", False)
    assert "lacks /v1" in str(found)
    assert "Unexpected endpoint" in str(found)


async def test_error_with_status_200_gets_the_advice_for_its_cause() -> None:
    site = Site(
        {CHAT: (200, {"error": {"message": "No models loaded. Please load a model"}}), "/v1/models": (200, LIST)}
    )
    found = await failure(site)
    assert (found.code, found.retryable) == ("llm_model", False)
    assert "No models loaded" in str(found)
    assert "qwen3:8b" in str(found)
    assert site.asked.count(f"POST {CHAT}") == 1


@pytest.mark.parametrize("status", [404, 405])
async def test_address_without_an_api_is_reported(status: int) -> None:
    found = await failure(Site({"/api/chat/completions": (status, "not here")}), base="/api")
    assert (found.code, found.retryable) == ("llm_address", False)
    for part in ("TERTULIA_LLM_BASE_URL", "/api", "not here"):
        assert part in str(found)


async def test_login_page_is_reported_with_its_title() -> None:
    found = await failure(Site({CHAT: (200, PAGE)}))
    assert (found.code, found.retryable) == ("llm_address", False)
    assert "Sign in to House" in str(found)


async def test_redirect_to_a_login_page_is_reported_with_its_address() -> None:
    found = await failure(Site({CHAT: (302, "/login?next=secret"), "/login": (200, PAGE)}))
    assert (found.code, found.retryable) == ("llm_address", False)
    assert "Sign in to House" in str(found)
    assert "/login" in str(found)
    assert "secret" not in str(found)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, {"error": {"message": "The model `house` does not exist", "code": "model_not_found"}}),
        (404, {"error": {"message": 'model "house" not found, try pulling it first', "type": "api_error"}}),
        (400, {"error": {"message": "house is not a valid model ID", "code": 400}}),
        (404, {"error": {"message": "No endpoints found for house.", "code": 404}}),
        (404, {"detail": "Not Found"}),
        (400, {"error": {"message": "The model `house` has been decommissioned and is no longer supported."}}),
        (400, {"error": {"message": "Unable to access non-serverless model house."}}),
        (400, {"error": '"house" does not support chat'}),
    ],
)
async def test_unknown_model_is_reported_with_similar_names(status: int, body: object) -> None:
    site = Site({CHAT: (status, body), "/v1/models": (200, LIST)})
    found = await failure(site, llm_model="llama-3.2-3b")
    assert (found.code, found.retryable) == ("llm_model", False)
    assert "meta-llama/llama-3.2-3b-instruct" in str(found)
    assert site.asked.count(f"POST {CHAT}") == 1


@pytest.mark.parametrize(
    ("status", "message", "code"),
    [
        (404, "No endpoints found matching your data policy (Free model publication).", "llm_model"),
        (404, "No endpoints found for house.", "llm_model"),
        (404, "models/house is not found for API version v1main", "llm_model"),
        (400, "The model `house` has been decommissioned", "llm_model"),
        (404, "Not Found", "llm_address"),
        (405, "Method Not Allowed", "llm_address"),
    ],
)
async def test_model_in_the_list_is_never_said_to_be_missing(status: int, message: str, code: str) -> None:
    site = Site({CHAT: (status, {"error": {"message": message}}), "/v1/models": (200, {"data": [{"id": "house"}]})})
    found = await failure(site)
    assert (found.code, found.retryable) == (code, False)
    assert "has no model" not in str(found)
    assert message in str(found)


def test_similar_names_are_found_by_spelling_owner_or_size() -> None:
    names = ["openai/gpt-4o-mini", "llama3.2:3b", "qwen3:8b", "mistral-small-latest"]
    assert "Similar names: openai/gpt-4o-mini" in no_such_model("gpt-4o-mini", names)
    assert "llama3.2:3b" in no_such_model("llama3.2", names)
    assert "qwen3:8b" in no_such_model("Qwen3-8B", names)
    assert "It has: openai/gpt-4o-mini, llama3.2:3b, qwen3:8b." in no_such_model("zzz", names)
    assert no_such_model("zzz", []).endswith("TERTULIA_LLM_MODEL.")


async def test_error_401_asks_for_a_key_if_none_is_set_and_otherwise_reports_the_key_as_refused() -> None:
    site = Site({CHAT: (401, {"error": {"message": "No auth credentials found", "code": 401}})})
    found = await failure(site, openrouter_api_key="")
    assert (found.code, found.retryable) == ("llm_auth", False)
    assert "none is set: set OPENROUTER_API_KEY" in str(found)
    assert "refused the key" in str(await failure(site))
    assert "refused the key" in str(await failure(site, openrouter_api_key="", llm_extra_headers='{"api-key": "k"}'))


@pytest.mark.parametrize(
    ("status", "error", "code", "retryable"),
    [
        (
            429,
            {"message": "You exceeded your current quota, please check your plan", "code": "insufficient_quota"},
            "llm_credit",
            False,
        ),
        (429, {"message": "Rate limit reached for gpt-4o", "code": "rate_limit_exceeded"}, "llm_rate", True),
        (402, {"message": "Insufficient credits"}, "llm_credit", False),
        (402, {"message": "Insufficient Balance", "code": "invalid_request_error"}, "llm_credit", False),
        (400, {"message": "Your credit balance is too low to access the API"}, "llm_credit", False),
        (403, {"message": "Your organization must be verified"}, "llm_auth", False),
        (413, {"message": "Payload too large for this gateway"}, "llm_context", False),
        (422, {"message": "Unprocessable"}, "llm_bad_request", False),
        (408, {"message": "Timeout"}, "llm_unavailable", True),
        (425, {"message": "Too early"}, "llm_unavailable", True),
        (500, {"message": "The server had an error"}, "llm_unavailable", True),
        (501, {"message": "Not implemented"}, "llm_unavailable", False),
        (503, {"message": "Loading model"}, "llm_unavailable", True),
        (529, {"message": "Overloaded", "type": "overloaded_error"}, "llm_unavailable", True),
        (400, {"message": "API key not valid. Please pass a valid API key."}, "llm_auth", False),
        (400, {"message": "API key expired. Please renew the API key."}, "llm_auth", False),
        (400, {"message": "Incorrect API key provided: sk***st."}, "llm_auth", False),
        (403, {"message": 'Your input was flagged for "violence". No credits were charged.'}, "llm_filtered", False),
        (400, {"message": "The response was filtered", "code": "content_filter"}, "llm_filtered", False),
        (400, {"message": "Inappropriate", "code": "data_inspection_failed"}, "llm_filtered", False),
        (400, {"message": "系统检测到敏感内容", "code": "1301"}, "llm_filtered", False),
        (400, {"message": "Budget has been exceeded! Current cost: 10.1", "code": "400"}, "llm_credit", False),
        (429, {"message": "User=x over budget.", "type": "budget_exceeded"}, "llm_credit", False),
        (403, {"message": "Your newly created team doesn't have any credits yet."}, "llm_credit", False),
        (412, {"message": "Account suspended, possibly due to the monthly spending limit"}, "llm_credit", False),
        (403, {"message": "Sorry, your account balance is insufficient"}, "llm_credit", False),
        (429, {"message": "余额不足或无可用资源包,请充值。", "code": "1113"}, "llm_credit", False),
        (400, {"message": "Access denied", "code": "Arrearage"}, "llm_credit", False),
        (403, {"message": "Key limit exceeded (total limit)."}, "llm_credit", False),
        (429, {"message": "You exceeded your current quota. Please retry in 7.5s."}, "llm_rate", True),
        (429, {"message": "Rate limit reached. Please try again in 7m12s."}, "llm_rate", False),
        (429, {"message": "Please retry after 48 seconds."}, "llm_rate", False),
        (429, {"message": "Rate limit exceeded: free-models-per-day. Add 10 credits"}, "llm_rate", False),
        (429, {"message": "Rate limit exceeded: free-models-per-min."}, "llm_rate", True),
        (429, {"message": "requests per day (RPD): Limit 200. Please try again in 8.6s."}, "llm_rate", True),
        (500, {"message": "model requires more system memory (9.3 GiB) than is available"}, "llm_model", False),
        (404, {"message": "Failed to load model house: insufficient system resources"}, "llm_model", False),
    ],
)
async def test_error_of_the_server_is_quoted_and_retryable_only_if_a_retry_may_succeed(
    status: int, error: Mapping[str, Any], code: str, *, retryable: bool
) -> None:
    found = await failure(Site({CHAT: (status, {"error": error})}))
    assert (found.code, found.retryable) == (code, retryable)
    assert str(error["message"]) in str(found)


async def test_quota_error_with_a_delay_counts_as_a_rate_limit() -> None:
    error = {
        "code": 429,
        "message": "You exceeded your current quota, please check your plan and billing details.",
        "details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "7s"}],
    }
    found = await failure(Site({CHAT: (429, [{"error": error}])}))
    assert (found.code, found.retryable, found.retry_after_s) == ("llm_rate", True, 7.0)


async def test_request_answered_by_a_proxy_with_a_web_page_is_retryable() -> None:
    found = await failure(Site({CHAT: (502, "<html><head><title>502 Bad Gateway</title></head></html>")}))
    assert (found.code, found.retryable) == ("llm_unavailable", True)
    assert "502 Bad Gateway" in str(found)


async def test_long_error_of_the_server_is_shortened_to_one_line() -> None:
    found = await failure(Site({CHAT: (400, {"error": {"message": "no\n\n" + "very " * 500 + "long"}})}))
    assert "\n" not in str(found)
    assert len(str(found)) < 500


async def test_delay_above_the_maximum_is_reported_and_not_waited_for() -> None:
    body = {"error": {"message": "slow down"}}
    found = await failure(Site({CHAT: (429, body)}, {"retry-after": "3600"}))
    assert (found.code, found.retryable) == ("llm_rate", False)
    assert "3600 seconds" in str(found)
    soon = await failure(Site({CHAT: (429, body)}, {"retry-after-ms": "1500"}))
    assert (soon.retryable, soon.retry_after_s) == (True, 1.5)


NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": "Fri, 02 Jan 2026 03:04:15 GMT"}, 10.0),
        ({"retry-after": "Fri, 02 Jan 2026 03:04:15 -0000"}, 10.0),
        ({"retry-after": "Fri, 02 Jan 2026 03:00:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({}, None),
    ],
)
def test_delay_is_read_from_seconds_milliseconds_or_a_date(headers: Mapping[str, str], wait_s: float | None) -> None:
    assert retry_after_s(headers, NOW) == wait_s


@pytest.mark.parametrize(
    ("error", "code", "retryable"),
    [
        ({"code": "insufficient_quota", "message": "x"}, "llm_credit", False),
        ({"code": "rate_limit_exceeded", "message": "x"}, "llm_rate", True),
        ({"code": 401, "message": "x"}, "llm_auth", False),
        ({"code": "invalid_api_key", "message": "x"}, "llm_auth", False),
        ({"type": "invalid_request_error", "message": "x"}, "llm_bad_request", False),
        ({"message": "No models loaded. Please load a model"}, "llm_model", False),
        ({"detail": "Not authenticated"}, "llm_auth", False),
        ({"message": "Invalid API key"}, "llm_auth", False),
        ({"code": "401", "message": "x"}, "llm_auth", False),
        ({"success": False, "errors": [{"code": 429, "message": "x"}]}, "llm_rate", True),
        ({"base_resp": {"status_code": 1008, "status_msg": "x"}}, "llm_credit", False),
        ({"message": "Your prompt was flagged"}, "llm_filtered", False),
        ({"message": "x"}, "llm_unavailable", True),
    ],
)
def test_error_object_in_a_stream_is_explained_like_an_http_status(
    error: Mapping[str, Any], code: str, *, retryable: bool
) -> None:
    found = error_in_stream(error)
    assert (found.code, found.retryable) == (code, retryable)


def test_adapted_request_is_retried_without_delay() -> None:
    found = ModelFailed("llm_bad_request", "x", retryable=True, retry_after_s=5)
    assert retry_delay_s(1, found, 1.0) == 5
    found.is_adapted = True
    assert retry_delay_s(1, found, 1.0) == 0
    assert MAX_RETRY_DELAY_S > 0


async def test_unknown_host_name_is_reported() -> None:
    model = Model(settings_of(LLMSettings, llm_base_url="http://no-such-host.invalid/v1"))
    try:
        with pytest.raises(ModelFailed) as caught:
            await ask(model)
    finally:
        await model.close()
    assert caught.value.retryable
    assert "TERTULIA_LLM_BASE_URL" in str(caught.value)
