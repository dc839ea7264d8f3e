"""The demo model's HTTP server: `/v1/chat/completions` (streamed or whole), `/v1/models`, `/healthz`."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from aiohttp import web
from aiohttp.typedefs import Handler

from tertulia_llm.demo import wire
from tertulia_llm.demo.script import next_words, tokens

_SHUTDOWN_S = 0.01
"""Seconds that a reply in progress may still take after the server was told to stop. aiohttp takes 0 for "no limit"."""


@dataclass(frozen=True, slots=True)
class DemoSettings:
    """Settings of the demo model.

    `port`: 0 takes a free port. `seed`: for requests that have no seed. `tokens_per_second`: 0 sends the whole reply at
    once, without a wait before the first token. `max_body_bytes`: the maximum size of a request. `max_replies`: the
    maximum number of replies in progress; the server answers further requests with status 429.
    """

    host: str = "127.0.0.1"
    port: int = 0
    seed: int = 0
    # about as fast as a large hosted model, and much faster than speech (3 to 4 tokens per second)
    tokens_per_second: float = 40.0
    first_token_ms: float = 150.0
    max_body_bytes: int = 1_048_576
    max_replies: int = 256

    def __post_init__(self) -> None:
        if self.port not in range(65536):
            raise ValueError(f"port is {self.port}; it must be from 0 (any free one) to 65535")
        for name in ("tokens_per_second", "first_token_ms"):
            value: float = getattr(self, name)
            if not 0 <= value < float("inf"):
                raise ValueError(f"{name} is {value}; it must be a number of at least 0")
        for name in ("max_body_bytes", "max_replies"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be at least 1")


@asynccontextmanager
async def demo_server(settings: DemoSettings | None = None) -> AsyncGenerator[str]:
    """Run the server as long as the `with` block runs. Yields the base URL for clients (`http://127.0.0.1:PORT/v1`).

    Replies in progress are aborted when the block ends.

    Raises:
        OSError: the server cannot listen on the address.
    """
    settings = settings or DemoSettings()
    # cancel the handler of a client that disconnects
    runner = web.AppRunner(_app(settings), handler_cancellation=True, shutdown_timeout=_SHUTDOWN_S, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, settings.host, settings.port)
        await site.start()
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        yield f"http://{host}:{runner.addresses[0][1]}/v1"
    finally:
        await runner.cleanup()


def _app(settings: DemoSettings) -> web.Application:
    model = _DemoModel(settings)
    app = web.Application(client_max_size=settings.max_body_bytes, middlewares=[model.errors_as_json])
    app.router.add_post("/v1/chat/completions", model.complete)
    app.router.add_get("/v1/models", model.models)
    app.router.add_get("/healthz", model.healthy)
    return app


class _DemoModel:
    def __init__(self, settings: DemoSettings) -> None:
        self._settings = settings
        self._replies = 0

    @web.middleware
    async def errors_as_json(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Turn the exceptions of handlers into responses with a JSON body."""
        try:
            return await handler(request)
        except wire.RequestError as error:
            return web.json_response(error.body(), status=error.status)
        except web.HTTPRequestEntityTooLarge as error:
            message = f"The body is too large; at most {self._settings.max_body_bytes} bytes are allowed."
            return web.json_response(wire.error_body(message, code="request_too_large"), status=error.status)
        except (web.HTTPNotFound, web.HTTPMethodNotAllowed) as error:
            known = "POST /v1/chat/completions, GET /v1/models, GET /healthz"
            message = f"{request.method} {request.path[:80]} is not served here. There are: {known}."
            return web.json_response(wire.error_body(message), status=error.status)

    async def healthy(self, _request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def models(self, _request: web.Request) -> web.Response:
        return web.json_response(wire.models())

    async def complete(self, request: web.Request) -> web.StreamResponse:
        if self._replies >= self._settings.max_replies:
            message = (
                f"{self._replies} replies are being made already, which is as many as allowed. Try again in a second."
            )
            body = wire.error_body(message, code="rate_limit_exceeded", kind="rate_limit_error")
            return web.json_response(body, status=429, headers={"Retry-After": "1"})
        self._replies += 1
        try:
            chat = wire.parse_request(await _json(request))
            return await self._reply(request, chat)
        finally:
            self._replies -= 1

    async def _reply(self, request: web.Request, chat: wire.ChatRequest) -> web.StreamResponse:
        seed = self._settings.seed if chat.seed is None else chat.seed
        pieces = tokens(_before_stop(next_words(chat.messages, seed=seed), chat.stop))
        finish_reason = "stop"
        if chat.max_tokens is not None and len(pieces) > chat.max_tokens:
            pieces, finish_reason = pieces[: chat.max_tokens], "length"
        usage = wire.usage(sum(len(tokens(message.content)) for message in chat.messages), len(pieces))
        reply_id, created = f"chatcmpl-{uuid4().hex}", int(time.time())
        due_pieces = paced(
            pieces,
            tokens_per_second=self._settings.tokens_per_second,
            first_token_ms=self._settings.first_token_ms,
        )
        if not chat.stream:
            async for _ in due_pieces:
                pass
            return web.json_response(wire.completion(reply_id, created, "".join(pieces), finish_reason, usage))

        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
        await response.prepare(request)
        await response.write(_event(wire.chunk(reply_id, created, {"role": "assistant", "content": ""})))
        async for due in due_pieces:
            await response.write(b"".join(_event(wire.chunk(reply_id, created, {"content": piece})) for piece in due))
        ending = [wire.chunk(reply_id, created, {}, finish_reason)]
        if chat.include_usage:
            ending.append(wire.usage_chunk(reply_id, created, usage))
        await response.write(b"".join(map(_event, ending)) + b"data: [DONE]\n\n")
        await response.write_eof()
        return response


async def paced(
    pieces: Sequence[str],
    *,
    tokens_per_second: float,
    first_token_ms: float,
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> AsyncIterator[Sequence[str]]:
    """Yield each piece at its time. If one piece is late (busy machine, slow client), the following pieces keep their
    times.
    """
    if not tokens_per_second:
        if pieces:
            yield pieces
        return
    start = now() + first_token_ms / 1000
    sent = 0
    while sent < len(pieces):
        await sleep(start + sent / tokens_per_second - now())
        # a timer may fire slightly early; send at least one piece anyway
        due = min(len(pieces), max(sent, int((now() - start) * tokens_per_second)) + 1)
        yield pieces[sent:due]
        sent = due


async def _json(request: web.Request) -> object:
    raw = await request.read()
    try:
        return json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise wire.BadRequestError(f"The body is not valid JSON: {error}.") from error


def _before_stop(text: str, stops: tuple[str, ...]) -> str:
    """`text` up to the first stop sequence in it, which is left out."""
    ends = [at for stop in stops if (at := text.find(stop)) >= 0]
    return text[: min(ends)] if ends else text


def _event(data: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace") + b"\n\n"
