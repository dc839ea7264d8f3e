"""The engine `espeak`: espeak-ng in this process. It needs no GPU, key or download. It sounds robotic, and makes
a sentence in milliseconds.

espeak-ng is licensed GPL-3.0-or-later. It comes with the optional dependency `espeak`, and only this package imports
it.

All syntheses of a process run in one thread, one segment (see `spoken_text`) at a time, in order of arrival. The next
segment of a text is queued after the consumer has taken the audio of the segment before. So the audio in memory is at
most one segment per text, and other texts are spoken in between.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Lock

import numpy as np
import soxr
from numpy.typing import NDArray

from tertulia_tts.engine import (
    PITCH,
    SAMPLE_RATE,
    SPEED,
    EngineUnavailable,
    SpeechRequest,
    SynthesisFailed,
    Voice,
    choose_voice,
)
from tertulia_tts.engines.espeak.library import NATIVE_RATE, speak
from tertulia_tts.engines.espeak.voices import ESPEAK_VOICES, EspeakVoice
from tertulia_tts.pcm_queue import PCMQueue
from tertulia_tts.settings import TTSSettings
from tertulia_tts.silence_trimmer import SilenceTrimmer
from tertulia_tts.spoken_text import segments, speakable

SENTENCE_GAP_MS = 200
"""Silence after a sentence, the same for all voices and all punctuation marks."""

SEGMENT_GAP_MS = 100
"""Silence between the segments of a very long sentence."""

_BY_ID = {known.voice.id: known for known in ESPEAK_VOICES}
_VOICES = tuple(replace(known.voice, monolingual=True, adjustable=(SPEED, PITCH)) for known in ESPEAK_VOICES)

log = logging.getLogger(__name__)


def create(_settings: TTSSettings) -> EspeakEngine:
    """Create the engine, which has no settings."""
    return EspeakEngine()


class EspeakEngine:
    """A `SpeechEngine` that is `TakesRequest`."""

    name = "espeak"

    def __init__(self) -> None:
        self._executor: ThreadPoolExecutor | None = None
        self._running: set[PCMQueue] = set()

    async def start(self) -> None:
        """Load every voice once, and check that the same sentence gives the same sound twice.

        Raises:
            EngineUnavailable: the library, its data or a voice is missing, or the same text gives different output.
        """
        if self._executor is not None:
            return
        executor = _thread.acquire()
        try:
            await asyncio.get_running_loop().run_in_executor(executor, _check)
        except BaseException:
            await _thread.release()
            raise
        self._executor = executor

    def voices(self) -> Sequence[Voice]:
        return _VOICES

    def synthesize(self, text: str, voice: str, seed: int) -> AsyncGenerator[bytes, None]:
        return self.speak(SpeechRequest(text, voice, seed))

    async def speak(self, request: SpeechRequest) -> AsyncGenerator[bytes, None]:
        chosen = choose_voice(_VOICES, request.voice)
        if chosen.substituted:
            log.warning("voice %r does not exist; speaking as %r", request.voice, chosen.voice.id)
        how = _BY_ID[chosen.voice.id].adjusted(request.speed, request.pitch)
        parts = segments(speakable(request.text))
        for index, part in enumerate(parts):
            gap_ms = SENTENCE_GAP_MS if index == len(parts) - 1 else SEGMENT_GAP_MS
            if self._executor is None:
                raise SynthesisFailed("the espeak engine is not running; start() it first", retryable=True)
            queue = PCMQueue(asyncio.get_running_loop())
            self._running.add(queue)
            job = self._executor.submit(_speak_into, queue, how, part, request.seed, gap_ms)
            try:
                while (pcm := await queue.take()) is not None:
                    yield pcm
            finally:
                queue.stop()
                job.cancel()  # removes the job from the queue, if the job has not begun
                self._running.discard(queue)

    async def close(self) -> None:
        if self._executor is None:
            return
        self._executor = None
        for queue in self._running:
            queue.stop(SynthesisFailed("the espeak engine was closed", retryable=True))
        await _thread.release()


class _ProcessThread:
    """The only thread in which espeak-ng runs, shared by all engines of this process."""

    def __init__(self) -> None:
        self._guard = Lock()
        self._users = 0
        self._executor: ThreadPoolExecutor | None = None

    def acquire(self) -> ThreadPoolExecutor:
        with self._guard:
            self._users += 1
            if self._executor is None:
                self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="espeak")
            return self._executor

    async def release(self) -> None:
        """Record that one engine does not use the thread any more. When no engine uses it, the thread ends."""
        with self._guard:
            self._users -= 1
            if self._users or self._executor is None:
                return
            executor, self._executor = self._executor, None
        try:
            # The running job stops after its current piece. `shutdown` would block the event loop while it waits for
            # this job, so wait for the job before.
            await asyncio.wrap_future(executor.submit(_nothing))
        finally:
            executor.shutdown(wait=True, cancel_futures=True)


_thread = _ProcessThread()


def _nothing() -> None:
    """Do nothing. The thread runs jobs in order, so when this job ends, all earlier jobs have ended."""


def _speak_into(queue: PCMQueue, voice: EspeakVoice, text: str, seed: int, gap_ms: int) -> None:
    if queue.stopped:
        return
    try:
        # Use floats, because soxr dithers int16 with a random seed, so that equal input would give different output.
        resampler = soxr.ResampleStream(NATIVE_RATE, SAMPLE_RATE, 1, dtype="float32", quality="HQ")
        trimmer = SilenceTrimmer(gap_ms)

        def convert(native: NDArray[np.float32], *, last: bool) -> bytes:
            resampled = resampler.resample_chunk(native, last=last)
            return trimmer.feed(np.rint(resampled).clip(-32768, 32767).astype("<i2")).tobytes()

        def on_pcm(pcm: bytes) -> bool:
            return queue.offer(convert(np.frombuffer(pcm, "<i2").astype(np.float32), last=False))

        speak(voice, text, seed, on_pcm)
        queue.offer(convert(np.empty(0, np.float32), last=True) + trimmer.finish().tobytes())
    except BaseException as error:  # noqa: BLE001 - the waiting consumer gets every error
        queue.finish(error)
    else:
        queue.finish()


def _check() -> None:
    for known in ESPEAK_VOICES:
        first, second = (_native_pcm(known) for _ in range(2))
        if not first:
            raise EngineUnavailable(f"espeak-ng made no sound with the voice {known.voice.id!r}")
        if first != second:
            raise EngineUnavailable(
                "espeak-ng speaks the same text differently each time, so a message could not be resumed. The cause: "
                "other code in this process has loaded its library, too"
            )


def _native_pcm(voice: EspeakVoice) -> bytes:
    pieces: list[bytes] = []

    def keep(pcm: bytes) -> bool:
        pieces.append(pcm)
        return True

    speak(voice, "Ready.", 1, keep)
    return b"".join(pieces)
