"""A scripted speech server with OpenAI's `/v1/audio/speech`: each voice is a tone, as long as the text.

Equal text in an equal voice gives equal sound. Each request takes one of the `acts`; when they are used up, the server
speaks.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import numpy as np
from aiohttp import BodyPartReader, web
from numpy.typing import NDArray

TONES_HZ = {"af_bella": 220, "am_michael": 110, "bm_george": 160}
CHARACTERS_A_SECOND = 45
"""Three times as fast as a person, so that the sound of the longest texts is computed and sent quickly."""
LEVEL = 0.15
PIECE_BYTES = 4_801
"""Odd, so that pieces end in the middle of a sample."""
BLOCK_SAMPLES = 1 << 16
_SHUTDOWN_S = 0.01  # aiohttp takes 0 for "no limit"


@dataclass(frozen=True, slots=True)
class Refuse:
    """An HTTP error instead of speech."""

    status: int
    body: str = '{"error": {"message": "scripted"}}'
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Break:
    """The server drops the connection after `after_bytes` bytes of speech."""

    after_bytes: int


@dataclass(frozen=True, slots=True)
class Hang:
    """The server stops sending after `after_bytes` bytes; `gone` is set when the client has disconnected."""

    after_bytes: int
    gone: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True)
class Say:
    """A response with this body and content type."""

    body: bytes
    content_type: str = "audio/pcm"


Act = Refuse | Break | Hang | Say


class SpeechServer:
    """`async with SpeechServer() as server:` and point the engine at `server.base_url`.

    `refused`: optional fields that it refuses. `sends_events`: it answers with events unless raw sound is asked for.
    `takes_voices`: it clones the voices that are uploaded, and knows no others.
    """

    def __init__(
        self,
        acts: Sequence[Act] = (),
        *,
        sample_rate: int = 24_000,
        refused: Collection[str] = (),
        sends_events: bool = False,
        takes_voices: bool = False,
    ) -> None:
        self.requests: list[Mapping[str, Any]] = []
        self.keys: list[str] = []
        self.base_url = ""
        self.uploads: dict[str, Mapping[str, str]] = {}
        """The fields of each uploaded voice, by its name. A test may clear it: the server has forgotten them."""
        self.takes_uploads = True
        """False: uploads get the status 503."""
        self.clips: list[bytes] = []
        """The files of all uploads."""
        self._acts = list(acts)
        self._sample_rate = sample_rate
        self._refused = refused
        self._sends_events = sends_events
        self._takes_voices = takes_voices
        app = web.Application(client_max_size=32 * 1024 * 1024)
        app.router.add_post("/v1/audio/speech", self._speak)
        if takes_voices:
            app.router.add_get("/v1/audio/voices", self._list_voices)
            app.router.add_post("/v1/audio/voices", self._take_voice)
            app.router.add_delete("/v1/audio/voices/{name}", self._delete_voice)
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

    def play(self, *acts: Act) -> None:
        """Append acts."""
        self._acts += acts

    async def _speak(self, request: web.Request) -> web.StreamResponse:
        asked: dict[str, Any] = await request.json()
        self.requests.append(asked)
        self.keys.append(request.headers.get("Authorization", ""))
        act = self._acts.pop(0) if self._acts else None
        if isinstance(act, Refuse):
            return web.Response(
                status=act.status, text=act.body, headers=dict(act.headers), content_type="application/json"
            )
        if isinstance(act, Say):
            return web.Response(body=act.body, content_type=act.content_type)
        if refusal := self._refusal(asked):
            return refusal
        if self._sends_events and asked.get("stream") and asked.get("stream_format") != "audio":
            return web.Response(text="data: {}\n\n", content_type="text/event-stream")
        pieces = _pieces(asked["input"], asked.get("voice") or asked["ref_audio"], self._sample_rate)
        answer = web.StreamResponse(headers={"Content-Type": "audio/pcm"})
        await answer.prepare(request)
        if act is None:
            for piece in pieces:
                await answer.write(piece)
            await answer.write_eof()
            return answer
        await answer.write(b"".join(pieces)[: act.after_bytes])
        if isinstance(act, Hang):
            try:
                await asyncio.Event().wait()
            finally:
                act.gone.set()
        assert request.transport is not None
        request.transport.close()
        return answer

    def _refusal(self, asked: Mapping[str, Any]) -> web.Response | None:
        if refused := sorted(set(self._refused) & asked.keys()):
            return web.json_response({"detail": f"extra fields not permitted: {refused}"}, status=422)
        if self._takes_voices and asked.get("voice") not in self.uploads:
            return web.json_response({"error": {"message": f"Invalid voice {asked.get('voice')!r}"}}, status=400)
        return None

    async def _list_voices(self, _: web.Request) -> web.Response:
        uploaded = [{"name": name, **fields} for name, fields in self.uploads.items()]
        return web.json_response({"voices": ["vivian", *self.uploads], "uploaded_voices": uploaded})

    async def _take_voice(self, request: web.Request) -> web.Response:
        if not self.takes_uploads:
            return web.json_response({"error": {"message": "shutting down"}}, status=503)
        fields: dict[str, str] = {}
        async for part in await request.multipart():
            assert isinstance(part, BodyPartReader)
            assert part.name is not None
            if part.name == "audio_sample":
                self.clips.append(bytes(await part.read()))
            else:
                fields[part.name] = await part.text()
        name = fields.pop("name")
        if name in self.uploads:
            return web.json_response({"error": {"message": f"Voice {name!r} already exists"}}, status=400)
        self.uploads[name] = fields
        return web.json_response({"success": True, "voice": {"name": name}})

    async def _delete_voice(self, request: web.Request) -> web.Response:
        there = self.uploads.pop(request.match_info["name"], None)
        return web.json_response({"success": there is not None}, status=404 if there is None else 200)


def speech(text: str, voice: str, sample_rate: int) -> NDArray[np.int16]:
    """The sound of `text`, between two stretches of silence."""
    return np.concatenate(list(_blocks(text, voice, sample_rate)))


def _pieces(text: str, voice: str, sample_rate: int) -> Iterator[bytes]:
    """The sound in pieces; a piece is computed when it is sent, so a client that leaves early costs little."""
    pending = b""
    for block in _blocks(text, voice, sample_rate):
        pending += block.astype("<i2").tobytes()
        whole = len(pending) - len(pending) % PIECE_BYTES
        for at in range(0, whole, PIECE_BYTES):
            yield pending[at : at + PIECE_BYTES]
        pending = pending[whole:]
    yield pending


def _blocks(text: str, voice: str, sample_rate: int) -> Iterator[NDArray[np.int16]]:
    count = max(1, len(text) * sample_rate // CHARACTERS_A_SECOND)
    wobble = 1 + zlib.crc32(text.encode()) % 7  # so that texts of equal length sound different
    hz = TONES_HZ.get(voice, 300)
    silence = np.zeros(sample_rate // 10, np.int16)
    yield silence
    for start in range(0, count, BLOCK_SAMPLES):
        seconds = np.arange(start, min(count, start + BLOCK_SAMPLES)) / sample_rate
        loudness = LEVEL * (1 + 0.3 * np.sin(2 * np.pi * wobble * seconds))
        tone = sum(np.sin(2 * np.pi * hz * n * seconds) / n for n in (1, 2, 3))
        yield np.rint(32767 * loudness * tone).astype(np.int16)
    yield silence
