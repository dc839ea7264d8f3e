"""A scripted transcription server with OpenAI's `/v1/audio/transcriptions`: its text has a word for each part of the
sound that is loud.

Equal sound gives equal text. Each request takes one of the `acts`; when they are used up, the server transcribes.
"""

from __future__ import annotations

import asyncio
import io
import json
import wave
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import numpy as np
from aiohttp import BodyPartReader, web

WORDS = ("tell", "me", "a", "story", "about", "the", "sea", "and", "its", "waves")
FRAME_SAMPLES = 512
FRAMES_PER_WORD = 10
LOUD = 300
"""A frame whose mean amplitude is above this (of 32768) counts as speech."""
_SHUTDOWN_S = 0.01  # aiohttp takes 0 for "no limit"


@dataclass(frozen=True, slots=True)
class Refuse:
    """An HTTP error instead of a text."""

    status: int
    body: str = '{"error": {"message": "scripted"}}'
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Answer:
    """A response with this body and content type."""

    body: bytes
    content_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class Heard:
    """A text instead of the one of the sound, with the evidence for it if the request asks for it."""

    text: str
    confidence: float | None = -0.2
    no_speech: float | None = 0.01


@dataclass(frozen=True, slots=True)
class Break:
    """The server drops the connection before its answer, or after `events` events."""

    events: int = 0


@dataclass(frozen=True, slots=True)
class Hang:
    """The server does not answer; `came` is set when it has the request, `gone` when the client has disconnected."""

    came: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)


Act = Refuse | Answer | Heard | Break | Hang


@dataclass(frozen=True, slots=True)
class Kind:
    """What a kind of server does. `events`: how it sends a text in parts: "openai", "vllm", "speaches" (whose last
    event has no text), or "" if it ignores `stream`. `refused`: fields of the form with values that it refuses; "*" is
    any value.
    """

    events: str = "openai"
    refused: Mapping[str, str] = field(default_factory=dict[str, str])


class TranscriptionServer:
    """`async with TranscriptionServer() as server:` and point the engine at `server.base_url`."""

    def __init__(self, acts: Sequence[Act] = (), *, kind: Kind | None = None, key: str = "") -> None:
        self.requests: list[Mapping[str, str]] = []
        """The fields of each request, without the sound."""
        self.sounds: list[bytes] = []
        """The PCM of each request."""
        self.base_url = ""
        self._acts = list(acts)
        self._kind = kind or Kind()
        self._key = key
        self._seen: set[tuple[str, int]] = set()
        app = web.Application(client_max_size=32 * 1024 * 1024)
        app.router.add_post("/v1/audio/transcriptions", self._transcribe)
        app.router.add_get("/v1/models", self._models)
        self._runner = web.AppRunner(app, shutdown_timeout=_SHUTDOWN_S, handler_cancellation=True)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.base_url = f"http://{host}:{port}/v1"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    @property
    def connections(self) -> int:
        """How many connections the clients have used."""
        return len(self._seen)

    def play(self, *acts: Act) -> None:
        """Append acts."""
        self._acts += acts

    async def _models(self, request: web.Request) -> web.Response:
        self._count(request)
        return web.json_response({"object": "list", "data": [{"id": "whisper-1"}, {"id": "whisper-large-v3"}]})

    async def _transcribe(self, request: web.Request) -> web.StreamResponse:
        self._count(request)
        form, pcm = await _read_form(request)
        self.requests.append(form)
        self.sounds.append(pcm)
        if self._key and request.headers.get("Authorization") != f"Bearer {self._key}":
            return _error(401, "Incorrect API key provided")
        for name, value in self._kind.refused.items():
            if name in form and value in ("*", form[name]):
                return _error(400, f"{name} is not supported")
        act = self._acts.pop(0) if self._acts else Heard(text_of(pcm))
        match act:
            case Refuse():
                return web.Response(
                    status=act.status, text=act.body, headers=dict(act.headers), content_type="application/json"
                )
            case Answer():
                return web.Response(body=act.body, content_type=act.content_type)
            case Hang():
                act.came.set()
                try:
                    await asyncio.Event().wait()
                finally:
                    act.gone.set()
            case Break(events=0):
                _drop(request)
            case _:
                pass
        heard = act if isinstance(act, Heard) else Heard(text_of(pcm))
        events = act.events if isinstance(act, Break) else None
        if form.get("stream") != "true" or not self._kind.events:
            return web.json_response(_answer(heard, form))
        return await self._send_events(request, heard.text, events)

    async def _send_events(self, request: web.Request, text: str, limit: int | None) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
        await answer.prepare(request)
        async for number, event in _numbered(_events(text, self._kind.events)):
            if number == limit:
                _drop(request)
                break
            await answer.write(event)
        return answer

    def _count(self, request: web.Request) -> None:
        assert request.transport is not None
        self._seen.add(request.transport.get_extra_info("peername"))


def text_of(pcm: bytes) -> str:
    """The text of this sound."""
    samples = np.frombuffer(pcm, "<i2").astype(np.int32)
    frames = samples[: len(samples) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    loud = int((np.abs(frames).mean(axis=1) > LOUD).sum()) if len(frames) else 0
    words = [WORDS[number % len(WORDS)] for number in range(loud // FRAMES_PER_WORD)]
    return " ".join(words).capitalize() + "." if words else ""


def _answer(heard: Heard, form: Mapping[str, str]) -> dict[str, Any]:
    if form.get("response_format") == "verbose_json":
        segment = {"id": 0, "text": heard.text, "avg_logprob": heard.confidence, "no_speech_prob": heard.no_speech}
        return {"task": "transcribe", "text": heard.text, "segments": [segment] if heard.text else []}
    if form.get("include[]") == "logprobs":
        return {"text": heard.text, "logprobs": [{"token": heard.text, "logprob": heard.confidence}]}
    return {"text": heard.text}


async def _events(text: str, kind: str) -> AsyncIterator[bytes]:
    for number, word in enumerate(text.split()):
        part = word if number == 0 else f" {word}"
        if kind == "vllm":
            yield _event({"object": "transcription.chunk", "choices": [{"delta": {"content": part}}]})
        else:
            yield _event({"type": "transcript.text.delta", "delta": part})
    if kind == "vllm":
        yield b"data: [DONE]\n\n"
    else:
        yield _event({"type": "transcript.text.done", "text": "" if kind == "speaches" else text})


async def _numbered(events: AsyncIterator[bytes]) -> AsyncIterator[tuple[int, bytes]]:
    number = 0
    async for event in events:
        yield number, event
        number += 1


def _event(fields: Mapping[str, Any]) -> bytes:
    return f"data: {json.dumps(fields)}\n\n".encode()


def _error(status: int, message: str) -> web.Response:
    return web.json_response({"error": {"message": message, "type": "invalid_request_error"}}, status=status)


def _drop(request: web.Request) -> None:
    assert request.transport is not None
    request.transport.close()


async def _read_form(request: web.Request) -> tuple[Mapping[str, str], bytes]:
    fields: dict[str, str] = {}
    pcm = b""
    async for part in await request.multipart():
        assert isinstance(part, BodyPartReader)
        if part.name == "file":
            with wave.open(io.BytesIO(bytes(await part.read()))) as sound:
                assert (sound.getframerate(), sound.getsampwidth(), sound.getnchannels()) == (16_000, 2, 1)
                pcm = sound.readframes(sound.getnframes())
        else:
            assert part.name is not None
            fields[part.name] = await part.text()
    return fields, pcm
