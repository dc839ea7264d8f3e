"""The engine `openai`: lets any server with OpenAI's API `/audio/speech` speak (vLLM, SGLang, Kokoro servers, OpenAI
itself).

Each text is one request for raw PCM, which the engine yields as it arrives. A request is retried only if it fails
before its first audio.

The API has no seed, so a server may speak the same text a little differently each time. A worker that takes a message
over requests the sentence again, and continues at the sample where the other worker stopped. From there on, the
sentence may sound slightly different, or be a little shorter or longer than it would have been. No sentence is lost or
repeated.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass

import aiohttp

from tertulia_tts.engine import EngineUnavailable, SynthesisFailed, Voice, choose_voice
from tertulia_tts.engines.openai.pcm_decoder import NotPCM, PCMDecoder
from tertulia_tts.engines.openai.settings import OpenAISettings
from tertulia_tts.spoken_text import says_something, speakable

SENTENCE_GAP_MS = 200
"""Silence after a sentence. It replaces the silence that the server sends."""

MAX_RESPONSE_BYTES = 64 * 1024 * 1024
"""Maximum length of a response: longer than the speech of any text (23 minutes at 24 kHz)."""

READ_BYTES = 16 * 1024
FIRST_BACKOFF_S = 0.2
RETRIED = frozenset({408, 409, 425, 429, 500, 502, 503, 504})
_ERROR_BYTES = 300

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SpeechServer:
    """The server's address and parameters. `timeout_s` is the maximum wait for each piece of sound."""

    base_url: str
    key: str
    model: str
    voices: Mapping[str, str]
    sample_rate: int = 24_000
    timeout_s: float = 20.0
    retries: int = 2


def create(settings: OpenAISettings) -> OpenAIEngine:
    """Create the engine for the server that the settings name."""
    return OpenAIEngine(
        SpeechServer(
            settings.tts_openai_base_url,
            settings.tts_openai_key.get_secret_value(),
            settings.tts_openai_model,
            settings.openai_voices,
            settings.tts_openai_sample_rate,
            settings.tts_openai_timeout_s,
            settings.tts_openai_retries,
        )
    )


class OpenAIEngine:
    """A `SpeechEngine`."""

    name = "openai"

    def __init__(self, server: SpeechServer) -> None:
        self._server = server
        self._voices = tuple(
            Voice(ours, ours.replace("_", " ").capitalize(), "und", f"{server.model}'s voice {theirs}")
            for ours, theirs in server.voices.items()
        )
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        """Speak one word, to detect a wrong address, key, model or voice.

        Raises:
            EngineUnavailable: the server returned no speech; the message quotes its response.
        """
        if self._session is not None:
            return
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=5, sock_read=self._server.timeout_s),
            connector=aiohttp.TCPConnector(limit=0),  # no limit here, because the worker limits its concurrent messages
        )
        try:
            async with aclosing(self.synthesize("Ready.", self._voices[0].id, 0)) as pieces:
                heard = [len(piece) async for piece in pieces]
        except SynthesisFailed as failure:
            await self.close()
            raise EngineUnavailable(
                f"{failure}. Check TERTULIA_TTS_OPENAI_BASE_URL, _KEY, _MODEL and _VOICES"
            ) from failure
        except BaseException:
            await self.close()
            raise
        if not heard:
            await self.close()
            raise EngineUnavailable(
                f"the speech server {self._server.base_url} answers with silence; "
                "check TERTULIA_TTS_OPENAI_MODEL and _VOICES"
            )

    def voices(self) -> Sequence[Voice]:
        return self._voices

    async def synthesize(self, text: str, voice: str, seed: int) -> AsyncGenerator[bytes, None]:  # noqa: ARG002 - the API has no seed
        spoken = speakable(text)
        if not says_something(spoken):
            return
        chosen = choose_voice(self._voices, voice)
        if chosen.substituted:
            log.warning("voice %r does not exist; speaking as %r", voice, chosen.voice.id)
        for attempt in range(self._server.retries + 1):
            has_audio = False
            try:
                async with aclosing(self._ask(spoken, self._server.voices[chosen.voice.id])) as pieces:
                    async for pcm in pieces:
                        has_audio = True
                        yield pcm
            except SynthesisFailed as failure:
                if has_audio or not failure.retryable or self._session is None or attempt == self._server.retries:
                    raise
                log.warning("the speech server failed, trying again: %s", failure)
            else:
                return
            await asyncio.sleep(FIRST_BACKOFF_S * 2**attempt)

    async def close(self) -> None:
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()

    async def _ask(self, text: str, voice: str) -> AsyncGenerator[bytes, None]:
        session = self._session
        if session is None:
            raise SynthesisFailed("the openai engine is not running; start() it first", retryable=True)
        server = self._server
        wanted = {
            "model": server.model,
            "input": text,
            "voice": voice,
            "response_format": "pcm",
            "stream": True,
        }
        headers = {"Authorization": f"Bearer {server.key}"} if server.key else {}
        pcm_decoder = PCMDecoder(server.sample_rate, SENTENCE_GAP_MS)
        received = 0
        with _server_errors(server, session):
            async with session.post(f"{server.base_url}/audio/speech", json=wanted, headers=headers) as answer:
                await _check(answer, server)
                async for raw in answer.content.iter_chunked(READ_BYTES):
                    received += len(raw)
                    if received > MAX_RESPONSE_BYTES:
                        raise SynthesisFailed("the speech server sends more audio than any text needs", retryable=False)
                    if pcm := pcm_decoder.feed(raw):
                        yield pcm
                if pcm := pcm_decoder.finish():
                    yield pcm


@contextmanager
def _server_errors(server: SpeechServer, session: aiohttp.ClientSession) -> Generator[None]:
    """Convert the errors of a request to `SynthesisFailed`."""
    try:
        yield
    except NotPCM as error:
        raise SynthesisFailed(f"the speech server {server.base_url} sends {error}", retryable=False) from error
    except TimeoutError as error:
        raise SynthesisFailed(
            f"the speech server {server.base_url} was silent for {server.timeout_s:g} s", retryable=True
        ) from error
    except RuntimeError as error:  # aiohttp raises this error if the session is closed during a request
        if not session.closed:
            raise
        raise SynthesisFailed("the openai engine was closed", retryable=True) from error
    except (aiohttp.ClientError, OSError) as error:
        raise SynthesisFailed(
            f"the speech server {server.base_url} cannot be reached ({type(error).__name__}: {error})",
            retryable=True,
        ) from error


async def _check(answer: aiohttp.ClientResponse, server: SpeechServer) -> None:
    """Raise `SynthesisFailed`, with the server's reason, if the server refuses the request."""
    kind = answer.content_type
    if answer.status == 200:  # noqa: PLR2004 - OK
        if kind in ("application/json", "text/event-stream") or kind.startswith("text/"):
            raise SynthesisFailed(f"the speech server {server.base_url} answers {kind} instead of PCM", retryable=False)
        return
    body = (await answer.content.read(_ERROR_BYTES)).decode(errors="replace").strip()
    if server.key:
        body = body.replace(server.key, "***")
    reasons = {
        401: "refuses the key (TERTULIA_TTS_OPENAI_KEY)",
        403: "refuses the key (TERTULIA_TTS_OPENAI_KEY)",
        404: f"knows no /audio/speech, or no model {server.model!r}",
    }
    reason = reasons.get(answer.status, "refuses")
    raise SynthesisFailed(
        f"the speech server {server.base_url} {reason}: HTTP {answer.status}: {body}",
        retryable=answer.status in RETRIED,
    )
