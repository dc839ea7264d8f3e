"""The engine `openai`: lets any server with OpenAI's API `/audio/speech` speak (vLLM, SGLang, Kokoro servers, OpenAI
itself).

Each text is one request for raw PCM, which the engine yields as it arrives. A request is retried only if it fails
before its first audio.

Such a server may speak the same text differently each time, even with a seed: batches, other GPUs and other versions
change the sound. So the engine is `Varying`, unless a setting says that the server repeats its sound.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace

import aiohttp

from tertulia_shared.voice_files import VoiceFiles
from tertulia_tts.engine import (
    SPEED,
    CannotClone,
    EngineUnavailable,
    SpeechRequest,
    SynthesisFailed,
    Voice,
    choose_voice,
)
from tertulia_tts.engines.openai import speech_client
from tertulia_tts.engines.openai.attempts import Attempts, Step
from tertulia_tts.engines.openai.cloning import Clip, delete, read_clips, upload
from tertulia_tts.engines.openai.request_body import request_body
from tertulia_tts.engines.openai.settings import OpenAISettings
from tertulia_tts.engines.openai.speech_client import SpeechServer, ask
from tertulia_tts.spoken_text import says_something, speakable

log = logging.getLogger(__name__)


def create(settings: OpenAISettings) -> OpenAIEngine:
    """Create the engine for the server that the settings name.

    Raises:
        EngineUnavailable: the engine clones, but a voice of the folder is missing or cannot be used.
    """
    clones = settings.tts_openai_cloning != "off"
    return OpenAIEngine(
        SpeechServer(
            settings.tts_openai_base_url,
            settings.tts_openai_key.get_secret_value(),
            settings.tts_openai_model,
            settings.openai_voices,
            settings.tts_openai_sample_rate,
            settings.tts_openai_timeout_s,
            settings.tts_openai_retries,
            settings.tts_openai_repeatable,
            read_clips(settings.voices_dir) if clones else (),
            settings.tts_openai_cloning == "upload",
        )
    )


class OpenAIEngine:
    """A `SpeechEngine` that is `TakesRequest`, and `ClonesVoices` if the settings say so."""

    name = "openai"

    def __init__(self, server: SpeechServer) -> None:
        self._server = server
        self.is_reproducible = server.is_repeatable
        self._clips = {clip.files.id: clip for clip in server.clips}
        """The voices to clone, by their ids."""
        voices = tuple(clip.voice for clip in server.clips) or tuple(
            Voice(ours, ours.replace("_", " ").capitalize(), "und", f"{server.model}'s voice {theirs}")
            for ours, theirs in server.voices.items()
        )
        self._voices = tuple(_adjustable(voice) for voice in voices)
        self._fields: Mapping[str, Mapping[str, str]] = {
            ours: {"voice": theirs} for ours, theirs in server.voices.items()
        }
        """The fields of a request that choose the voice, by our ids."""
        self._form = 0
        """The first of `FORMS` that the server takes, as far as known."""
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        """Speak one word, to detect a wrong address, key, model or voice.

        Raises:
            EngineUnavailable: the server returned no speech; the message quotes its response.
        """
        if self._session is not None:
            return
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(
                total=None, sock_connect=speech_client.CONNECT_S, sock_read=self._server.timeout_s
            ),
            connector=aiohttp.TCPConnector(limit=0),  # no limit here, because the worker limits its concurrent messages
            headers={"Authorization": f"Bearer {self._server.key}"} if self._server.key else {},
        )
        try:
            self._fields = {**self._fields, **await self._given(self._session, tuple(self._clips.values()))}
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

    def synthesize(self, text: str, voice: str, seed: int) -> AsyncGenerator[bytes, None]:
        return self.speak(SpeechRequest(text, voice, seed))

    async def speak(self, request: SpeechRequest) -> AsyncGenerator[bytes, None]:
        spoken = speakable(request.text)
        if not says_something(spoken):
            return
        chosen = choose_voice(self._voices, request.voice)
        if chosen.substituted:
            log.warning("voice %r does not exist; speaking as %r", request.voice, chosen.voice.id)
        request = replace(request, text=spoken, voice=chosen.voice.id)
        attempts = Attempts(self._server, self._form, request.speed)
        while True:
            has_audio = False
            try:
                async with aclosing(self._ask(request, attempts.form)) as pieces:
                    async for pcm in pieces:
                        has_audio = True
                        self._form = attempts.form
                        yield pcm
            except SynthesisFailed as failure:
                if has_audio or self._session is None:
                    raise
                await self._prepare(attempts.after(failure), self._session)
            else:
                return

    @property
    def clones(self) -> bool:
        return bool(self._server.clips)

    async def add_voice(self, voice: VoiceFiles) -> None:
        if self._session is None or not self.clones:
            raise CannotClone("the engine openai does not clone voices (TERTULIA_TTS_OPENAI_CLONING)")
        clip = Clip(voice)
        try:
            fields = await self._given(self._session, [clip])
        except EngineUnavailable as failure:
            raise CannotClone(str(failure)) from failure
        self._clips[voice.id] = clip
        self._fields = {**self._fields, **fields}
        self._voices = (*self._voices, _adjustable(clip.voice))

    async def remove_voice(self, voice_id: str) -> None:
        if self._clips.pop(voice_id, None) is None:
            return
        self._voices = tuple(voice for voice in self._voices if voice.id != voice_id)
        fields = self._fields.get(voice_id, {})
        self._fields = {ours: theirs for ours, theirs in self._fields.items() if ours != voice_id}
        if self._session is not None and self._server.uploads and "voice" in fields:
            await delete(self._session, self._server.base_url, fields["voice"])

    async def close(self) -> None:
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()

    async def _prepare(self, step: Step, session: aiohttp.ClientSession) -> None:
        """Do what must be done before the next request."""
        if step.uploads:
            try:
                self._fields = {**self._fields, **await self._given(session, tuple(self._clips.values()))}
            except EngineUnavailable as failure:
                raise SynthesisFailed(str(failure), retryable=True) from failure
        await asyncio.sleep(step.wait_s)

    async def _given(self, session: aiohttp.ClientSession, clips: Sequence[Clip]) -> Mapping[str, Mapping[str, str]]:
        """Upload the voices to clone, or prepare to send them with each request. Returns the fields of a request that
        choose each of these voices.

        Raises:
            EngineUnavailable: the server takes no voices.
        """
        if not clips:
            return {}
        if not self._server.uploads:
            return {clip.files.id: clip.reference for clip in clips}
        names = await upload(session, self._server.base_url, clips)
        return {ours: {"voice": theirs} for ours, theirs in names.items()}

    def _ask(self, request: SpeechRequest, form: int) -> AsyncGenerator[bytes, None]:
        if self._session is None:
            raise SynthesisFailed("the openai engine is not running; start() it first", retryable=True)
        server = self._server
        fields = self._fields.get(request.voice)
        if fields is None:
            raise SynthesisFailed("the voice was deleted", retryable=True)  # then the default voice speaks
        body = request_body(server.model, request, fields, form)
        return ask(self._session, server, body)


def _adjustable(voice: Voice) -> Voice:
    return replace(voice, adjustable=(SPEED,))
