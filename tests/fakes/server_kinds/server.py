"""The HTTP side of a scripted model server, and what the kinds have in common."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

WINDOW_TOKENS = 8_192
CHARS_PER_TOKEN = 4
MODEL = "house-model"

Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer without a reply. `stream`: sent as events after status 200."""

    status: int
    body: object = None
    stream: Sequence[bytes] = ()


@dataclass(frozen=True, slots=True)
class ServerKind:
    """A kind of server.

    Args:
        name: for messages.
        stream: the parts of a streamed reply with this text to a request.
        refusals: called in order with each request's body; the first that returns something is the answer.
        prefix: the path of the base URL.
        models: the answer to `GET /models`.
        paths: the answers to other requests, by path.
        fails_first: the answer to the very first request, whatever it holds.
        answers_unknown_paths: an unknown path gets status 200 with an error object instead of 404.
    """

    name: str
    stream: Callable[[str, Body], Iterable[bytes]]
    refusals: Sequence[Callable[[Body], Refusal | None]] = ()
    prefix: str = "/v1"
    models: object = field(default_factory=lambda: {"object": "list", "data": [{"id": MODEL, "object": "model"}]})
    paths: Mapping[str, object] = field(default_factory=dict[str, object])
    fails_first: Refusal | None = None
    answers_unknown_paths: bool = False


class KindServer:
    """A running server. `requests`: the bodies that were answered with a reply; `refused`: the others."""

    def __init__(self, kind: ServerKind, replies: Iterable[str]) -> None:
        self.kind = kind
        self.requests: list[Body] = []
        self.refused: list[Body] = []
        self.base_url = ""
        self._replies = iter(replies)

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[KindServer]:
        """Serve while the block runs."""
        app = web.Application(client_max_size=16 * 1024 * 1024)
        app.router.add_post(f"{self.kind.prefix}/chat/completions", self._complete)
        app.router.add_route("*", "/{path:.*}", self._other)
        runner = web.AppRunner(app, shutdown_timeout=0.01, access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            host, port = runner.addresses[0][:2]
            self.base_url = f"http://{host}:{port}{self.kind.prefix}"
            yield self
        finally:
            await runner.cleanup()

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        refusal = self._refusal(body)
        if refusal is not None:
            self.refused.append(body)
            if not refusal.stream:
                return web.json_response(refusal.body, status=refusal.status)
            return await _stream(request, refusal.stream)
        self.requests.append(body)
        return await _stream(request, self.kind.stream(next(self._replies), body))

    def _refusal(self, body: Body) -> Refusal | None:
        if self.kind.fails_first is not None and not self.refused:
            return self.kind.fails_first
        return next((found for check in self.kind.refusals if (found := check(body)) is not None), None)

    async def _other(self, request: web.Request) -> web.Response:
        if request.path == f"{self.kind.prefix}/models":
            return web.json_response(self.kind.models)
        if request.path in self.kind.paths:
            return web.json_response(self.kind.paths[request.path])
        if self.kind.answers_unknown_paths:
            return web.json_response({"error": f"Unexpected endpoint or method. ({request.method} {request.path})"})
        return web.Response(status=404, text="404 page not found")


async def _stream(request: web.Request, parts: Iterable[bytes]) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
    await response.prepare(request)
    for part in parts:
        await response.write(part)
    await response.write_eof()
    return response


def event(data: object) -> bytes:
    """A server-sent event."""
    return b"data: " + json.dumps(data, ensure_ascii=False).encode() + b"\n\n"


def delta(fields: Mapping[str, object], finish_reason: str | None = None, **more: object) -> bytes:
    """The event of a chunk; `more`: further fields of the object in `choices`."""
    choice = {"index": 0, "delta": dict(fields), "finish_reason": finish_reason, **more}
    return event({"id": "x", "object": "chat.completion.chunk", "created": 1, "model": MODEL, "choices": [choice]})


def figures(text: str, body: Body) -> dict[str, int]:
    """The usage of a reply with this text to a request."""
    prompt, completion = prompt_tokens(body), len(text.split())
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def usage(text: str, body: Body, **more: object) -> bytes:
    """An event that has the usage and no choices."""
    return event({"id": "x", "object": "chat.completion.chunk", "choices": [], "usage": figures(text, body) | more})


def words(text: str) -> list[str]:
    """Split the text into pieces of one word each."""
    first, *rest = text.split(" ")
    return [first, *(f" {word}" for word in rest)]


def prompt_tokens(body: Body) -> int:
    """The number of tokens in the request's messages, as these servers count them."""
    return sum(len(message["content"]) for message in body["messages"]) // CHARS_PER_TOKEN


def asked_tokens(body: Body) -> int:
    """The greatest number of reply tokens that the request allows."""
    return int(body.get("max_tokens") or body.get("max_completion_tokens") or 0)


def over_window(body: Body) -> bool:
    """True if messages and reply together exceed the context window."""
    return prompt_tokens(body) + asked_tokens(body) > WINDOW_TOKENS


def named(body: Body, names: Sequence[str]) -> list[str]:
    """The fields of the request whose names are in `names`."""
    return [name for name in names if name in body]
