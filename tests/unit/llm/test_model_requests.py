"""The HTTP requests to a model server: headers, proxies, redirects, and servers that cannot be reached."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from tertulia_llm.model.failures import ModelFailed
from tertulia_llm.model.server import ModelServer
from tertulia_llm.settings import LLMSettings
from tests.fakes.model_server import Fail, Reply, ScriptedModel
from tests.harness.settings_of import settings_of
from tests.servers.redis_server import free_port

BODY = {"model": "m", "messages": [{"role": "user", "content": "¿Qué?"}], "stream": True}


def server_of(base_url: str, **settings: object) -> ModelServer:
    return ModelServer(settings_of(LLMSettings, llm_base_url=base_url, **settings))


async def answer_of(server: ModelServer) -> bytes:
    """The body of the only reply."""
    try:
        return await next_answer_of(server)
    finally:
        await server.close()


async def next_answer_of(server: ModelServer, **more: object) -> bytes:
    """The body of a reply. `more`: fields of the request."""
    response = await server.completion({**BODY, **more})
    try:
        return b"".join([piece async for piece in server.body_of(response)])
    finally:
        await response.aclose()


async def test_request_has_our_headers_and_those_of_the_settings() -> None:
    async with ScriptedModel(default=Reply(["Hi"])) as model:
        await answer_of(server_of(model.base_url, llm_extra_headers='{"x-title": "Mine", "X-More": "1"}'))
        (seen,) = model.requests
    assert seen.body == BODY
    assert seen.headers["content-type"] == "application/json"
    assert (seen.headers["x-title"], seen.headers["x-more"]) == ("Mine", "1")


async def test_later_requests_differ_from_the_first_only_in_their_body() -> None:
    async with ScriptedModel(default=Reply(["Hi"]), key="sk-test") as model:
        server = server_of(model.base_url, openrouter_api_key="sk-test", llm_extra_headers='{"X-More": "1"}')
        try:
            for texts in ({}, {"user": "zwölf"}, {"seed": 2**70}):
                assert b"Hi" in await next_answer_of(server, **texts)
        finally:
            await server.close()
    first, *later = model.requests
    assert [seen.body for seen in model.requests] == [BODY, {**BODY, "user": "zwölf"}, {**BODY, "seed": 2**70}]
    for seen in later:
        assert {**seen.headers, "content-length": ""} == {**first.headers, "content-length": ""}


async def test_later_requests_are_sent_below_the_http_client(monkeypatch: pytest.MonkeyPatch) -> None:
    async with ScriptedModel(default=Reply(["Hi"])) as model:
        server = server_of(model.base_url)
        assert b"Hi" in await next_answer_of(server)
        monkeypatch.delattr("httpx2.AsyncClient.send")
        assert b"Hi" in await answer_of(server)


async def test_later_requests_fail_as_the_first_one_does() -> None:
    acts = [Fail(429, headers={"retry-after": "7"}), Reply(["Hi"]), Fail(429, headers={"retry-after": "7"})]
    async with ScriptedModel(acts) as model:
        server = server_of(model.base_url)
        with pytest.raises(ModelFailed) as first:
            await next_answer_of(server)
        assert b"Hi" in await next_answer_of(server)
        with pytest.raises(ModelFailed) as later:
            await next_answer_of(server)
    assert (later.value.code, later.value.status, str(later.value)) == ("llm_rate", 429, str(first.value))
    assert later.value.retry_after_s == first.value.retry_after_s == 7
    with pytest.raises(ModelFailed, match="cannot be reached"):
        await next_answer_of(server)
    await server.close()


async def test_later_request_without_an_answer_fails_after_the_timeout() -> None:
    hold = asyncio.Event()

    async def complete(_request: web.Request) -> web.Response:
        if hold.is_set():
            await asyncio.Event().wait()
        hold.set()
        return web.Response(body=b"data: [DONE]\n\n", content_type="text/event-stream")

    async with served({"/v1/chat/completions": complete}) as address:
        server = server_of(f"{address}/v1", llm_first_token_s=0.05, llm_stall_s=0.05)
        assert b"DONE" in await next_answer_of(server)
        with pytest.raises(ModelFailed, match="does not answer"):
            await next_answer_of(server)
        await server.close()


async def test_redirects_and_cookies_of_replies_are_followed() -> None:
    seen: list[tuple[str, str]] = []

    async def moved(request: web.Request) -> web.Response:
        seen.append((request.path, request.headers.get("cookie", "")))
        raise web.HTTPTemporaryRedirect("/new/chat/completions")

    async def complete(request: web.Request) -> web.Response:
        seen.append((request.path, request.headers.get("cookie", "")))
        assert await request.json() == BODY
        response = web.Response(body=b"data: [DONE]\n\n", content_type="text/event-stream")
        response.set_cookie("route", str(len(seen)), path="/")
        return response

    async with served({"/v1/chat/completions": moved, "/new/chat/completions": complete}) as address:
        old, new = server_of(f"{address}/v1"), server_of(f"{address}/new")
        for server in (old, old, new, new, new):
            assert b"DONE" in await next_answer_of(server)
        await old.close()
        await new.close()
    assert [path for path, _ in seen] == ["/v1/chat/completions", "/new/chat/completions"] * 2 + [
        "/new/chat/completions"
    ] * 3
    assert [cookie for _, cookie in seen] == ["", "", "route=2", "route=2", "", "route=5", "route=6"]


async def test_redirect_cookie_or_compression_that_begins_later_is_followed() -> None:
    seen: list[tuple[str, str]] = []

    async def complete(request: web.Request) -> web.Response:
        seen.append((request.path, request.headers.get("cookie", "")))
        kind = (await request.json())["user"]
        if kind == "moved" and request.path.startswith("/v1"):
            raise web.HTTPTemporaryRedirect("/new/chat/completions")
        response = web.Response(body=kind.encode(), content_type="text/event-stream")
        if kind == "packed":
            response.body = gzip.compress(b"packed")
            response.headers["Content-Encoding"] = "gzip"
        if kind == "cookie":
            response.set_cookie("route", "1", path="/")
        return response

    old, new = "/v1/chat/completions", "/new/chat/completions"
    async with served({old: complete, new: complete}) as address:
        server = server_of(f"{address}/v1")
        for kind in ("first", "packed", "cookie", "last", "moved"):
            assert await next_answer_of(server, user=kind) == kind.encode()
        await server.close()
        server = server_of(f"{address}/v1")
        for kind in ("first", "moved", "moved"):
            assert await next_answer_of(server, user=kind) == kind.encode()
        await server.close()
    cookie = "route=1"
    assert seen[:6] == [(old, ""), (old, ""), (old, ""), (old, cookie), (old, cookie), (new, cookie)]
    # only the first redirect takes one request more
    assert [path for path, _ in seen[6:]] == [old, old, old, new, old, new]


@asynccontextmanager
async def served(handlers: Mapping[str, Callable[[web.Request], Awaitable[web.Response]]]) -> AsyncGenerator[str]:
    """Serve POST requests; gives the server's address."""
    app = web.Application()
    for path, handler in handlers.items():
        app.router.add_post(path, handler)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


async def test_proxy_of_the_environment_is_used_unless_the_host_is_excluded(monkeypatch: pytest.MonkeyPatch) -> None:
    async with ScriptedModel(default=Reply(["Hi"])) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.base_url.removesuffix("/v1"))
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        far = server_of("http://model.invalid/v1")
        assert b"Hi" in await next_answer_of(far)
        assert b"Hi" in await answer_of(far)
        async with ScriptedModel(default=Reply(["direct"])) as model:
            assert b"direct" in await answer_of(server_of(model.base_url))
        assert len(proxy.requests) == 2


async def test_compressed_answers_and_redirects_are_understood() -> None:
    async def models(_request: web.Request) -> web.Response:
        packed = gzip.compress(b'{"data": [{"id": "m"}]}')
        return web.Response(body=packed, headers={"Content-Type": "application/json", "Content-Encoding": "gzip"})

    async def moved(_request: web.Request) -> web.Response:
        raise web.HTTPTemporaryRedirect("/v1/models")

    app = web.Application()
    app.router.add_get("/v1/models", models)
    app.router.add_get("/old/models", moved)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        server = server_of(f"http://{host}:{port}/old")
        assert await server.models() == [{"id": "m"}]
        await server.close()
    finally:
        await runner.cleanup()


async def test_server_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(ModelFailed, match="cannot be reached") as failure:
        await answer_of(server_of(f"http://127.0.0.1:{free_port()}/v1"))
    assert failure.value.retryable
    with pytest.raises(ModelFailed, match="host name is unknown"):
        await answer_of(server_of("http://model.invalid/v1"))
