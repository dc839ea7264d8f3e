"""Implements the port with Kokoro-82M in onnxruntime: one model and one pool of threads in a process.

A sentence is cut into phrases, which the model speaks one at a time. The phrases of all sentences wait in one queue for
the model. It is ordered by the time at which a listener has no more audio to play.

Equal arguments give equal sound: the model has no randomness, and a phrase depends only on the text, the voice and the
number of the sentence in its message.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tertulia_shared.weights import require
from tertulia_tts.deadline_queue import DeadlineQueue
from tertulia_tts.engine import (
    BYTES_PER_SAMPLE,
    SAMPLE_RATE,
    EngineError,
    EngineUnavailable,
    SpeechRequest,
    SynthesisFailed,
    Voice,
    choose_voice,
)
from tertulia_tts.engines.kokoro.alphabet import tokens, within_limit
from tertulia_tts.engines.kokoro.model import Cancelled, KokoroModel, Run
from tertulia_tts.engines.kokoro.phonemes import phonemes
from tertulia_tts.engines.kokoro.phrases import phrases
from tertulia_tts.engines.kokoro.settings import MAX_SPEED, MIN_SPEED, KokoroSettings
from tertulia_tts.engines.kokoro.sound import PHRASE_GAP_MS, SENTENCE_GAP_MS, finished
from tertulia_tts.engines.kokoro.voices import KOKORO_VOICES, KokoroVoice

WAIT_S: Final = 60.0
"""Longest wait of a phrase for the model, in seconds."""
WARM_UP: Final = "Ready."

_BY_ID: Final[Mapping[str, KokoroVoice]] = {known.voice.id: known for known in KOKORO_VOICES}
_VOICES: Final = tuple(known.voice for known in KOKORO_VOICES)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class KokoroOptions:
    """`find_weights` returns the folder of the weights, or raises `EngineUnavailable`. `threads` is the number of the
    model's threads (0: the default). `speeds` has each voice whose speed is not 1.
    """

    find_weights: Callable[[], Path]
    threads: int = 0
    speeds: Mapping[str, float] = field(default_factory=dict[str, float])


def create(settings: KokoroSettings) -> KokoroEngine:
    """Create the engine; `start` loads the model."""

    def find_weights() -> Path:
        return require("kokoro", settings.models_folder)

    return KokoroEngine(KokoroOptions(find_weights, settings.tts_kokoro_threads, settings.kokoro_speeds))


class KokoroEngine:
    """A `SpeechEngine` that is `TakesRequest` and `HasSlots`."""

    name = "kokoro"
    slots = 1

    def __init__(self, options: KokoroOptions) -> None:
        self._options = options
        self._queue = DeadlineQueue()
        self._running: set[Run] = set()
        self._loaded: _Loaded | None = None

    async def start(self) -> None:
        """Load the model and speak one word.

        Raises:
            EngineUnavailable: the weights, espeak-ng or its data are missing; the message says what to do.
        """
        if self._loaded is not None:
            return
        self._queue = DeadlineQueue()
        executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="kokoro")
        try:
            self._loaded = await asyncio.get_running_loop().run_in_executor(executor, self._load, executor)
        except BaseException:
            executor.shutdown()
            raise

    def voices(self) -> Sequence[Voice]:
        return _VOICES

    def synthesize(self, text: str, voice: str, seed: int) -> AsyncGenerator[bytes, None]:
        return self.speak(SpeechRequest(text, voice, seed, 0, asyncio.get_running_loop().time()))

    async def speak(self, request: SpeechRequest) -> AsyncGenerator[bytes, None]:
        chosen = choose_voice(_VOICES, request.voice)
        if chosen.substituted:
            log.warning("voice %r does not exist; speaking as %r", request.voice, chosen.voice.id)
        voice = _BY_ID[chosen.voice.id]
        speed = request.speed * self._options.speeds.get(chosen.voice.id, 1.0)
        speed = min(max(speed, MIN_SPEED), MAX_SPEED)
        deadline = request.deadline
        parts = phrases(request.text, request.sentence_index)
        for index, part in enumerate(parts):
            gap_ms = SENTENCE_GAP_MS if index == len(parts) - 1 else PHRASE_GAP_MS
            pcm = await self._pcm(_Phrase(part, voice, gap_ms, speed), deadline)
            deadline += len(pcm) / BYTES_PER_SAMPLE / SAMPLE_RATE
            if pcm:
                yield pcm

    async def close(self) -> None:
        loaded, self._loaded = self._loaded, None
        if loaded is None:
            return
        for run in self._running:
            run.cancel()
        # `shutdown` would block the event loop while a run ends, so wait for the run before
        await asyncio.get_running_loop().run_in_executor(loaded.executor, _nothing)
        loaded.executor.shutdown()

    async def _pcm(self, phrase: _Phrase, deadline: float) -> bytes:
        """Wait for the model, and speak one phrase.

        Raises:
            SynthesisFailed: the engine is not running, the model was busy for too long, or it failed.
        """
        queue = self._queue
        try:
            await queue.enter(deadline, WAIT_S)
        except TimeoutError:
            raise SynthesisFailed(
                f"the voice was busy for {WAIT_S:g} s; start tts workers on other machines", retryable=True
            ) from None
        loaded, run = self._loaded, Run()
        if loaded is None:
            queue.leave()  # let the next phrase enter, so that it fails as well
            raise SynthesisFailed("the kokoro engine is not running; start() it first", retryable=True)
        self._running.add(run)
        job = asyncio.get_running_loop().run_in_executor(
            loaded.executor, _caught, lambda: _spoken(loaded.model, phrase, run)
        )

        def ended(_: object) -> None:
            self._running.discard(run)
            queue.leave()

        job.add_done_callback(ended)
        try:
            result = await asyncio.shield(job)
        except asyncio.CancelledError:
            run.cancel()  # the model is free when the run has ended, not before
            raise
        if isinstance(result, Cancelled):
            raise SynthesisFailed("the kokoro engine was closed", retryable=True)
        if isinstance(result, EngineError):
            raise result
        if isinstance(result, BaseException):
            raise SynthesisFailed(f"kokoro failed: {type(result).__name__}: {result}", retryable=False) from result
        return result

    def _load(self, executor: ThreadPoolExecutor) -> _Loaded:
        model = KokoroModel(
            self._options.find_weights(), [known.kokoro_id for known in KOKORO_VOICES], self._options.threads
        )  # fmt: skip
        try:
            _spoken(model, _Phrase(WARM_UP, KOKORO_VOICES[0], gap_ms=0, speed=1), Run())
        except EngineError:
            raise
        except Exception as error:  # onnxruntime's errors have no common base; the memory may be too small
            raise EngineUnavailable(f"the engine 'kokoro' cannot speak on this machine: {error}") from error
        return _Loaded(model, executor)


@dataclass(frozen=True, slots=True)
class _Loaded:
    """The model, and the only thread that runs it."""

    model: KokoroModel
    executor: ThreadPoolExecutor


@dataclass(frozen=True, slots=True)
class _Phrase:
    """A text that is spoken at once. `gap_ms` of silence follow it."""

    text: str
    voice: KokoroVoice
    gap_ms: int
    speed: float


def _spoken(model: KokoroModel, phrase: _Phrase, run: Run) -> bytes:
    """The PCM of a phrase. Blocks."""
    voice = phrase.voice
    parts = within_limit(phonemes(phrase.text, voice.language))
    pcm = b""
    for index, part in enumerate(parts):
        samples = model.samples(tokens(part), voice.kokoro_id, phrase.speed, run)
        pcm += finished(samples, voice.gain_db, phrase.gap_ms if index == len(parts) - 1 else PHRASE_GAP_MS)
    return pcm


def _caught(job: Callable[[], bytes]) -> bytes | BaseException:
    """The job's result or its error: the waiting task may be gone, and nobody would retrieve the error."""
    try:
        return job()
    except BaseException as error:  # noqa: BLE001 - see above
        return error


def _nothing() -> None:
    """Do nothing. The thread runs jobs in order, so when this job ends, all earlier jobs have ended."""
