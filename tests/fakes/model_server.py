"""A scripted OpenAI-compatible model: it answers each request with the next act of its script.

In tests: `async with ScriptedModel([Reply(["Hi"]), Fail(429)]) as model:` and point the client at `model.base_url`.
As a process for the benchmark (see `instant_model`):
`python -m tests.fakes.model_server --instant --tokens 60 --port 0`.
"""

from __future__ import annotations

import argparse
import asyncio
import socket
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from aiohttp import web
from aiohttp.typedefs import Handler

from tests.fakes.instant_model import Pace, serve_instantly
from tests.fakes.model_sse import HEAD, KEEP_ALIVE, chunk, ending, event, usage

# How long running replies may take at shutdown. For aiohttp 0 means no limit.
_SHUTDOWN_S = 0.01
_SECRET_HEADERS = frozenset({"authorization", "api-key", "x-api-key", "cookie"})


@dataclass(frozen=True, slots=True)
class Hold:
    """Pause a reply: after `after_tokens`, set `reached` and wait for `event`."""

    after_tokens: int
    event: asyncio.Event = field(default_factory=asyncio.Event)
    reached: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply of `tokens`, one SSE event each, with the extra events of real servers.

    `keep_alives`: comment lines before the first token. `empty_choices`: a chunk without choices after the role chunk.
    `null_content`: a chunk whose content is null after the first token. `usage`: a last chunk with the usage alone.
    """

    tokens: Sequence[str]
    first_delay_s: float = 0
    token_delay_s: float = 0
    finish_reason: str = "stop"
    keep_alives: int = 0
    empty_choices: bool = False
    null_content: bool = False
    usage: bool = False
    hold: Hold | None = None
    prompt_tokens: int = 1
    """The size of the prompt in the usage."""


@dataclass(frozen=True, slots=True)
class Fail:
    """An error instead of a reply: 401, 402, 404, 429, 500, …. `body` None makes an error in OpenAI's form."""

    status: int
    body: Mapping[str, Any] | str | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Break:
    """The connection is dropped after `after_tokens` of `reply`, without an end of the stream."""

    after_tokens: int
    reply: Reply = field(default_factory=lambda: Reply(["One. ", "Two. ", "Three. ", "Four."]))


@dataclass(frozen=True, slots=True)
class ErrorInStream:
    """An error object as an SSE event after `after_tokens`, as OpenRouter sends it after the status line."""

    after_tokens: int
    error: Mapping[str, Any] = field(default_factory=lambda: {"code": 502, "message": "Provider disconnected"})
    reply: Reply = field(default_factory=lambda: Reply(["One. ", "Two. ", "Three. ", "Four."]))


@dataclass(frozen=True, slots=True)
class Raw:
    """These bytes as the response, piece by piece; `hold` counts pieces. The connection is closed cleanly."""

    pieces: Sequence[bytes]
    content_type: str = "text/event-stream"
    hold: Hold | None = None


Act = Reply | Fail | Break | ErrorInStream | Raw


@dataclass(frozen=True, slots=True)
class SeenRequest:
    """A received request. Header names are in lower case; secret values are replaced by "…"."""

    headers: Mapping[str, str]
    body: Mapping[str, Any]


@contextmanager
def reserved_port() -> Generator[int]:
    """Reserve a TCP port on 127.0.0.1 for several servers in turn: no other process gets it in between."""
    with socket.socket() as bound:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # the listening server sets this option, too
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


def model_at(port: int) -> dict[str, str]:
    """The environment of an llm worker that uses the model at `port`."""
    return {"TERTULIA_LLM_BASE_URL": f"http://127.0.0.1:{port}/v1"}


class ScriptedModel:
    """The server. `requests`: the received requests, in order. `script`: the remaining acts; tests may append to it.

    A request beyond the script gets `default`; without one it gets status 500 and a message that says so.
    `broken_off`: how many replies ended because the client left. `key`: refuse requests that carry another one, with a
    message that repeats it, as some servers do; "": accept any. `models`: the names in its list.
    """

    def __init__(
        self,
        script: Sequence[Act] = (),
        *,
        default: Act | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        key: str = "",
        models: Sequence[str] = ("scripted",),
    ) -> None:
        self.script: list[Act] = list(script)
        self.requests: list[SeenRequest] = []
        self.broken_off = 0
        self.base_url = ""
        self._default = default
        self._address = (host, port)
        self._arrived = asyncio.Condition()
        self._key = key
        self._model_names = models
        app = web.Application(client_max_size=16 * 1024 * 1024, middlewares=[self._checks_key])
        app.router.add_post("/v1/chat/completions", self._complete)
        app.router.add_get("/v1/models", self._models)
        # The handler is cancelled as soon as the client disconnects, so that `broken_off` is set at that time.
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=_SHUTDOWN_S, access_log=None)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, *self._address).start()
        except BaseException:
            await self._runner.cleanup()
            raise
        host, port = self._runner.addresses[0][:2]
        self.base_url = f"http://{host}:{port}/v1"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    async def until_asked(self, times: int) -> None:
        """Wait until `times` requests have arrived."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: len(self.requests) >= times)

    async def until_broken_off(self, times: int) -> None:
        """Wait until the client has abandoned `times` replies."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: self.broken_off >= times)

    @web.middleware
    async def _checks_key(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        shown = request.headers.get("authorization", "").removeprefix("Bearer ")
        if self._key and shown != self._key:
            error = {"message": f"Incorrect API key provided: {shown}.", "code": "invalid_api_key"}
            return web.json_response({"error": error}, status=401)
        return await handler(request)

    async def _models(self, _request: web.Request) -> web.Response:
        data = [{"id": name, "object": "model"} for name in self._model_names]
        return web.json_response({"object": "list", "data": data})

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        headers = {name.lower(): value for name, value in request.headers.items()}
        seen = SeenRequest({name: "…" if name in _SECRET_HEADERS else value for name, value in headers.items()}, body)
        act = self.script.pop(0) if self.script else self._default
        async with self._arrived:
            self.requests.append(seen)
            self._arrived.notify_all()
        try:
            if isinstance(act, Raw):
                return await _raw(request, act)
            return await self._play(request, act, body)
        except (asyncio.CancelledError, ConnectionResetError):
            async with self._arrived:
                self.broken_off += 1
                self._arrived.notify_all()
            raise

    async def _play(
        self, request: web.Request, act: Reply | Fail | Break | ErrorInStream | None, body: Mapping[str, Any]
    ) -> web.StreamResponse:
        match act:
            case None:
                message = f"The script is over: this is request {len(self.requests)}, and there is no default."
                return web.json_response({"error": {"message": message}}, status=500)
            case Fail():
                return _failure(act)
            case Reply() if not body.get("stream"):
                return await _whole(act)
            case Reply():
                response = await _stream(request, act, len(act.tokens))
                await response.write(_ending(act))
                await response.write_eof()
                return response
            case ErrorInStream():
                response = await _stream(request, act.reply, act.after_tokens)
                choice = {"index": 0, "delta": {"content": ""}, "finish_reason": "error"}
                await response.write(event({**HEAD, "error": dict(act.error), "choices": [choice]}))
                await response.write_eof()
                return response
            case Break():
                response = await _stream(request, act.reply, act.after_tokens)
                # Closed without the last chunk of the chunked encoding, as after a crash of the server.
                if request.transport is not None:
                    request.transport.close()
                return response


def _failure(act: Fail) -> web.Response:
    body = act.body
    if body is None:
        body = {"error": {"message": f"Scripted failure {act.status}", "type": "scripted", "code": act.status}}
    if isinstance(body, str):
        return web.Response(text=body, status=act.status, headers=act.headers)
    return web.json_response(dict(body), status=act.status, headers=act.headers)


async def _whole(act: Reply) -> web.Response:
    await asyncio.sleep(act.first_delay_s + act.token_delay_s * len(act.tokens))
    message = {"role": "assistant", "content": "".join(act.tokens)}
    choice = {"index": 0, "message": message, "finish_reason": act.finish_reason}
    return web.json_response(
        {**HEAD, "object": "chat.completion", "choices": [choice], "usage": usage(len(act.tokens))}
    )


async def _stream(request: web.Request, act: Reply, count: int) -> web.StreamResponse:
    """Send the head and the first `count` tokens of a reply."""
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
    await response.prepare(request)
    for _ in range(act.keep_alives):
        await response.write(KEEP_ALIVE)
    await response.write(chunk({"role": "assistant", "content": ""}))
    if act.empty_choices:
        await response.write(event({**HEAD, "choices": []}))
    for index, token in enumerate(act.tokens[:count]):
        await _held(act.hold, index)
        delay_s = act.token_delay_s if index else act.first_delay_s
        if delay_s:
            await asyncio.sleep(delay_s)
        await response.write(chunk({"content": token}))
        if act.null_content and not index:
            await response.write(chunk({"content": None}))
    await _held(act.hold, count)
    return response


def _ending(act: Reply) -> bytes:
    return ending(
        len(act.tokens), finish_reason=act.finish_reason, with_usage=act.usage, prompt_tokens=act.prompt_tokens
    )


async def _raw(request: web.Request, act: Raw) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": act.content_type})
    await response.prepare(request)
    for index, piece in enumerate(act.pieces):
        await _held(act.hold, index)
        await response.write(piece)
    await _held(act.hold, len(act.pieces))
    await response.write_eof()
    return response


async def _held(hold: Hold | None, sent: int) -> None:
    if hold is not None and hold.after_tokens == sent:
        hold.reached.set()
        await hold.event.wait()


def main(argv: Sequence[str] | None = None) -> int:
    """Serve the instant reply until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(description="A model that answers every request at once with the same reply.")
    parser.add_argument("--instant", action="store_true", required=True, help="the only mode there is as a process")
    parser.add_argument("--tokens", type=int, default=60, help="tokens of the reply")
    parser.add_argument("--first-ms", type=float, default=0.0, help="time until the first token")
    parser.add_argument("--each-ms", type=float, default=0.0, help="time between two tokens; 0: no pace")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    arguments = parser.parse_args(argv)
    if arguments.tokens < 1:
        parser.error("--tokens must be at least 1")
    pace = Pace(arguments.first_ms / 1000, arguments.each_ms / 1000) if arguments.each_ms else None
    asyncio.run(serve_instantly(arguments.host, arguments.port, arguments.tokens, pace))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
