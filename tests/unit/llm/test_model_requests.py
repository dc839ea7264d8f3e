"""The HTTP requests to a model server: headers, proxies, redirects, and servers that cannot be reached."""

from __future__ import annotations

import gzip

import pytest
from aiohttp import web

from tertulia_llm.model.failures import ModelFailed
from tertulia_llm.model.server import ModelServer
from tertulia_llm.settings import LLMSettings
from tests.fakes.model_server import Reply, ScriptedModel
from tests.harness.settings_of import settings_of
from tests.servers.redis_server import free_port

BODY = {"model": "m", "messages": [{"role": "user", "content": "¿Qué?"}], "stream": True}


def server_of(base_url: str, **settings: object) -> ModelServer:
    return ModelServer(settings_of(LLMSettings, llm_base_url=base_url, **settings))


async def answer_of(server: ModelServer) -> bytes:
    """The body of the reply."""
    try:
        response = await server.completion(BODY)
        body = b"".join([piece async for piece in server.body_of(response)])
        await response.close()
    finally:
        await server.close()
    return body


async def test_request_has_our_headers_and_those_of_the_settings() -> None:
    async with ScriptedModel(default=Reply(["Hi"])) as model:
        await answer_of(server_of(model.base_url, llm_extra_headers='{"x-title": "Mine", "X-More": "1"}'))
        (seen,) = model.requests
    assert seen.body == BODY
    assert seen.headers["content-type"] == "application/json"
    assert (seen.headers["x-title"], seen.headers["x-more"]) == ("Mine", "1")


async def test_proxy_of_the_environment_is_used_unless_the_host_is_excluded(monkeypatch: pytest.MonkeyPatch) -> None:
    async with ScriptedModel(default=Reply(["Hi"])) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.base_url.removesuffix("/v1"))
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        assert b"Hi" in await answer_of(server_of("http://model.invalid/v1"))
        async with ScriptedModel(default=Reply(["direct"])) as model:
            assert b"direct" in await answer_of(server_of(model.base_url))
        assert len(proxy.requests) == 1


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
