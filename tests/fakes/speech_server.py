"""A scripted speech server with OpenAI's `/v1/audio/speech`: each voice is a tone of its own, as long as its text.

The same text in the same voice is the same sound. `acts` are played first, one a request; what they leave is spoken.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import numpy as np
from aiohttp import web
from numpy.typing import NDArray

TONES_HZ = {"af_bella": 220, "am_michael": 110, "bm_george": 160}
CHARACTERS_A_SECOND = 15
LEVEL = 0.15
PIECE_BYTES = 4_801
"""Odd: a server's pieces end where they like."""
_SHUTDOWN_S = 0.01  # aiohttp takes 0 for "as long as they like"


@dataclass(frozen=True, slots=True)
class Refuse:
    """An HTTP error instead of speech."""

    status: int
    body: str = '{"error": {"message": "scripted"}}'


@dataclass(frozen=True, slots=True)
class Break:
    """The connection is dropped after so many bytes of speech."""

    after_bytes: int


@dataclass(frozen=True, slots=True)
class Hang:
    """After so many bytes of speech nothing more comes; `gone` is set when the client has left."""

    after_bytes: int
    gone: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True)
class Say:
    """These bytes, under this content type."""

    body: bytes
    content_type: str = "audio/pcm"


Act = Refuse | Break | Hang | Say


class SpeechServer:
    """`async with SpeechServer() as server:` and point the engine at `server.base_url`."""

    def __init__(self, acts: Sequence[Act] = (), *, sample_rate: int = 24_000) -> None:
        self.requests: list[Mapping[str, Any]] = []
        self.keys: list[str] = []
        self.base_url = ""
        self._acts = list(acts)
        self._sample_rate = sample_rate
        app = web.Application()
        app.router.add_post("/v1/audio/speech", self._speak)
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
        """What comes next."""
        self._acts += acts

    async def _speak(self, request: web.Request) -> web.StreamResponse:
        asked: dict[str, Any] = await request.json()
        self.requests.append(asked)
        self.keys.append(request.headers.get("Authorization", ""))
        act = self._acts.pop(0) if self._acts else None
        if isinstance(act, Refuse):
            return web.Response(status=act.status, text=act.body, content_type="application/json")
        if isinstance(act, Say):
            return web.Response(body=act.body, content_type=act.content_type)
        pcm = speech(asked["input"], asked["voice"], self._sample_rate).astype("<i2").tobytes()
        answer = web.StreamResponse(headers={"Content-Type": "audio/pcm"})
        await answer.prepare(request)
        if act is None:
            for at in range(0, len(pcm), PIECE_BYTES):
                await answer.write(pcm[at : at + PIECE_BYTES])
            await answer.write_eof()
            return answer
        await answer.write(pcm[: act.after_bytes])
        if isinstance(act, Hang):
            try:
                await asyncio.Event().wait()
            finally:
                act.gone.set()
        assert request.transport is not None
        request.transport.close()
        return answer


def speech(text: str, voice: str, sample_rate: int) -> NDArray[np.int16]:
    """The sound of `text`, between two stretches of silence."""
    count = max(1, len(text) * sample_rate // CHARACTERS_A_SECOND)
    seconds = np.arange(count) / sample_rate
    wobble = 1 + zlib.crc32(text.encode()) % 7  # so that no two texts of a length sound alike
    loudness = LEVEL * (1 + 0.3 * np.sin(2 * np.pi * wobble * seconds))
    hz = TONES_HZ.get(voice, 300)
    tone = sum(np.sin(2 * np.pi * hz * n * seconds) / n for n in (1, 2, 3))
    silence = np.zeros(sample_rate // 10, np.int16)
    return np.concatenate((silence, np.rint(32767 * loudness * tone).astype(np.int16), silence))
