"""The engine: one client for all sessions. A session takes one thread and its audio."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Final

from tertulia_stt.endpointing import FRAME_MS, EndpointSettings
from tertulia_stt.engine import SAMPLE_RATE, EngineUnavailable, Writing
from tertulia_stt.engines.openai.client import TranscriptionClient, TranscriptionServer
from tertulia_stt.engines.openai.failures import RequestFailed
from tertulia_stt.engines.openai.forms import Question, prompt_of
from tertulia_stt.engines.openai.loop_requests import LoopRequests
from tertulia_stt.engines.openai.settings import OpenAISTTSettings
from tertulia_stt.engines.openai.transcriber import OpenAITranscriber, PieceRules
from tertulia_stt.pieces import PieceRecognizer
from tertulia_stt.threaded import ThreadedSession

START_S: Final = 120.0
"""Time limit of the first request, because many servers load their model when they get it."""
TEST_SOUND: Final = bytes(2 * SAMPLE_RATE)
"""A second of silence, which shows whether the server takes requests."""
LISTED_MODELS: Final = 8


def create(settings: OpenAISTTSettings) -> OpenAISTTEngine:
    """Create the engine with these settings."""
    return OpenAISTTEngine(settings)


class OpenAISTTEngine:
    """A `RecognitionEngine`."""

    name = "openai"

    def __init__(self, settings: OpenAISTTSettings) -> None:
        self._settings = settings
        self.writing = Writing(is_punctuated=True, language=settings.stt_language, names=settings.words)
        self._endpointing = EndpointSettings(hangover_ms=settings.stt_silence_ms, draft_ms=0)
        self._client: TranscriptionClient | None = None
        self._resources = AsyncExitStack()
        self._sessions: set[ThreadedSession] = set()

    async def start(self) -> None:
        """Transcribe a second of silence, to detect a wrong address, key or model.

        Raises:
            EngineUnavailable: the server does not transcribe; the message quotes its answer.
        """
        client = await self._resources.enter_async_context(TranscriptionClient(_server_of(self._settings)))
        try:
            await _ask_for_silence(client, prompt_of(self._settings.words))
        except BaseException:
            await self._resources.aclose()
            raise
        self._client = client

    async def open(self, *, first_sample: int = 0) -> ThreadedSession:
        if first_sample < 0:
            raise ValueError(f"first_sample must not be negative, but is {first_sample}")
        if self._client is None:
            raise EngineUnavailable("the openai engine is not running; start() it first")
        settings, requests = self._settings, LoopRequests(self._client, asyncio.get_running_loop())
        rules = PieceRules(
            settings.stt_openai_partial_ms / 1000 if settings.has_partials else None,
            self._endpointing.pre_roll_frames * FRAME_MS / 1000,
        )
        transcriber = OpenAITranscriber(requests, rules, settings.words)
        recognizer = PieceRecognizer(transcriber, self._endpointing, first_sample=first_sample)
        session = ThreadedSession(recognizer, on_closing=requests.cancel, on_closed=self._sessions.discard)
        transcriber.wake = session.wake
        self._sessions.add(session)
        return session

    async def close(self) -> None:
        self._client = None
        await asyncio.gather(*(session.close() for session in tuple(self._sessions)))
        await self._resources.aclose()


def _server_of(settings: OpenAISTTSettings) -> TranscriptionServer:
    """The server that the settings name."""
    return TranscriptionServer(
        settings.stt_openai_base_url,
        settings.stt_openai_key.get_secret_value(),
        Question(settings.stt_openai_model, settings.stt_language),
        settings.stt_openai_timeout_s,
        settings.stt_openai_retries,
    )


async def _ask_for_silence(client: TranscriptionClient, prompt: str) -> None:
    """Check that the server transcribes.

    Raises:
        EngineUnavailable: it does not; the message says why, and which models it has.
    """
    try:
        await client.final(TEST_SOUND, prompt, timeout_s=max(START_S, client.server.timeout_s))
    except RequestFailed as failure:
        models = await client.models() if failure.status else None
        listed = f"; its models: {', '.join(models[:LISTED_MODELS])}" if models else ""
        raise EngineUnavailable(f"{failure}{listed}") from failure
