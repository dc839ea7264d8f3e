"""The model server and the speech server for the services under test. Both can have a fault for a given time."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Literal, Self

from aiohttp import web

from tests.chaos.rig.expected_replies import reply_to, sound_of

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Trouble = Literal["", "refuse", "limit", "break", "stall", "garbage"]

TOKEN_S = 0.015
"""Pause between words and between pieces of audio, so that a reply takes a quarter of a second."""
PIECE_BYTES = 3_201
"""An odd number, so that pieces of audio end in the middle of a sample."""
_SPEAKER = re.compile(r"You are (\w+), in a spoken conversation")
_SHUTDOWN_S = 0.01
SUMMARY = "They asked each other questions."
"""The answer to a request for a summary of the conversation."""


class Servers:
    """Both servers on one port. `trouble("model", "break", 1.0)` makes the model server break replies for a second."""

    def __init__(self) -> None:
        self.base_url = ""
        self._trouble: dict[str, tuple[Trouble, float]] = {}
        app = web.Application(client_max_size=16 * 2**20)
        app.router.add_post("/v1/chat/completions", _until_gone(self._complete))
        app.router.add_post("/v1/audio/speech", _until_gone(self._speak))
        self._runner = web.AppRunner(app, shutdown_timeout=_SHUTDOWN_S, handler_cancellation=True)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        self.base_url = f"http://{host}:{port}/v1"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    def trouble(self, server: Literal["model", "speech"], kind: Trouble, seconds: float) -> None:
        """Give one of the servers a fault for a time. It affects new requests and replies in progress."""
        self._trouble[server] = (kind, time.monotonic() + seconds)

    def _now(self, server: str) -> Trouble:
        kind, until = self._trouble.get(server, ("", 0.0))
        return kind if time.monotonic() < until else ""

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        if refusal := _refusal(self._now("model")):
            return refusal
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await answer.prepare(request)
        for word in _words(rest_of_reply(body["messages"])):
            await asyncio.sleep(TOKEN_S)
            if await _apply_trouble(request, answer, self._now("model")):
                return answer
            await answer.write(_event({"content": word}))
        await answer.write(_event({}, "stop") + b"data: [DONE]\n\n")
        await answer.write_eof()
        return answer

    async def _speak(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        if refusal := _refusal(self._now("speech")):
            return refusal
        answer = web.StreamResponse(headers={"Content-Type": "audio/pcm"})
        await answer.prepare(request)
        pcm = sound_of(body["input"], body["voice"])
        for at in range(0, len(pcm), PIECE_BYTES):
            trouble = self._now("speech")
            if trouble != "garbage" and await _apply_trouble(request, answer, trouble):
                return answer
            await answer.write(pcm[at : at + PIECE_BYTES])
            await asyncio.sleep(TOKEN_S)
        await answer.write_eof()
        return answer


def _until_gone(handler: Handler) -> Handler:
    """Do not log an error if a client is killed or disconnects during a reply."""

    async def guarded(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except ConnectionResetError:
            return web.Response(status=499)

    return guarded


def rest_of_reply(messages: Sequence[Mapping[str, str]]) -> str:
    """The reply to these messages. If the last message is the assistant's, only the rest of the reply that it
    begins. A request that names no speaker asks for a summary.
    """
    found = next(filter(None, (_SPEAKER.search(message["content"]) for message in messages)), None)
    if found is None:
        return SUMMARY
    character = found.group(1)
    full = reply_to(last_said(messages), character)
    if len(messages) < 2 or not messages[-1]["content"].rpartition("\n\n")[2].startswith("[Stage: continue"):
        return full
    begun = messages[-2]["content"].rpartition(f"<{character}>")[2]
    return full[len(begun) :].lstrip() if full.startswith(begun) else f"What was said before is not mine. {full}"


def last_said(messages: Sequence[Mapping[str, str]]) -> str:
    """The user's last message, without the notes in brackets."""
    for message in reversed(messages):
        if message["role"] == "user":
            own = [part for part in message["content"].split("\n\n") if not part.startswith("[")]
            if own:
                return own[-1]
    return ""


def _words(text: str) -> list[str]:
    return re.findall(r"\s*\S+", text)


def _refusal(trouble: Trouble) -> web.Response | None:
    match trouble:
        case "refuse":
            return web.json_response({"error": {"message": "the rig refuses"}}, status=503)
        case "limit":
            return web.json_response({"error": {"message": "slow down"}}, status=429, headers={"Retry-After": "1"})
        case _:
            return None


async def _apply_trouble(request: web.Request, answer: web.StreamResponse, trouble: Trouble) -> bool:
    """Apply the current fault to a reply in progress. Returns True if the reply ends here."""
    match trouble:
        case "break":
            if request.transport is not None:
                request.transport.close()
            return True
        case "garbage":
            await answer.write(b"data: {not json\n\n")
            await answer.write_eof()
            return True
        case "stall":
            await asyncio.Event().wait()  # wait until the client disconnects
            return True
        case _:
            return False


def _event(delta: Mapping[str, str], finish: str | None = None) -> bytes:
    choice: dict[str, Any] = {"index": 0, "delta": dict(delta), "finish_reason": finish}
    event = {"id": "rig", "object": "chat.completion.chunk", "created": 1, "model": "rig", "choices": [choice]}
    return b"data: " + json.dumps(event).encode() + b"\n\n"
