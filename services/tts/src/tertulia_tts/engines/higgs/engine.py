"""Implements the port with Higgs Audio v2: one model, one thread, one utterance at a time.

A text is split into utterances of at most about 15 seconds. The utterances of all texts use the device one at a time.
The queue for the device is ordered by the time at which a listener has no more audio to play (`deadline_queue`,
`device_thread`). The model's columns become frames (`delay_pattern`), which the codec decodes in growing windows
(`decode_windows`, `frame_decoder`); the first 40 ms are ready as soon as the codec has the frames after them. If the
consumer stops, the generation ends at the next step.

The same text, voice and seed give the same sound. Therefore the prompt contains no earlier sentences: a worker that
takes a message over does not have them. Only the voice's clip makes all sentences sound like the same voice.

If the device runs out of memory, the engine frees memory, generates the utterance a second time and skips the part that
was delivered. If that fails as well, the work is requeued. `MAX_FAILURES` such utterances in a row, a lost device or a
model that stalls break the engine permanently.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tertulia_shared.voice_files import BadVoice, VoiceFiles, read_voices
from tertulia_tts.deadline_queue import DeadlineQueue
from tertulia_tts.engine import (
    BYTES_PER_SAMPLE,
    SAMPLE_RATE,
    CannotClone,
    EngineBroken,
    EngineUnavailable,
    SynthesisFailed,
    Voice,
    choose_voice,
)
from tertulia_tts.engines.higgs.device_thread import DeviceThread
from tertulia_tts.engines.higgs.model import ClonedVoice, DeviceLost, Load, OutOfMemory, SpeechModel
from tertulia_tts.engines.higgs.prompt_text import max_frames, utterances
from tertulia_tts.engines.higgs.settings import HiggsSettings
from tertulia_tts.engines.higgs.utterance import Utterance, generate, speak
from tertulia_tts.engines.higgs.voice_cloning import clone
from tertulia_tts.pcm_queue import PCMQueue

SENTENCE_GAP_MS = 200
"""Silence after a sentence. It replaces the silence that the model generates."""

UTTERANCE_GAP_MS = 100
"""Silence between the utterances of a very long sentence."""

MAX_FAILURES = 3
"""The engine breaks when this many utterances in a row have run out of memory."""

WARM_UP = "Ready."
WARM_UP_FRAMES = 40

# the first bits of the golden ratio; used to make the seeds of a sentence's utterances differ
_SEED_STEP = 0x9E37_79B9_7F4A_7C15
_SEED_MASK = 2**63 - 1

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class HiggsOptions:
    """The engine's folders and time limits, in seconds."""

    voices_dir: Path
    kept_dir: Path
    wait_s: float = 60.0
    stall_s: float = 20.0


def create(settings: HiggsSettings) -> HiggsEngine:
    """Create the engine with the model of boson-multimodal."""

    def load() -> SpeechModel:
        # Imported only when loading: torch and transformers take seconds to import, and if they are missing, `start`
        # says so.
        from tertulia_tts.engines.higgs.boson_model import load_boson  # noqa: PLC0415

        return load_boson(settings)

    options = HiggsOptions(
        settings.voices_dir,
        settings.data_dir / "voices",
        settings.tts_higgs_wait_s,
        settings.tts_higgs_stall_s,
    )
    return HiggsEngine(options, load)


class HiggsEngine:
    """A `SpeechEngine`; the module's docstring describes it."""

    name = "higgs"
    slots = 1

    def __init__(self, options: HiggsOptions, load: Load) -> None:
        self._options = options
        self._load = load
        self._cloned: dict[str, ClonedVoice] = {}
        self._voices: tuple[Voice, ...] = ()
        self._thread: DeviceThread | None = None
        self._model: SpeechModel | None = None
        self._device_queue = DeadlineQueue()
        self._running: set[PCMQueue] = set()
        self._failures = 0
        self._broken: EngineBroken | None = None
        self._broke = asyncio.Event()

    async def start(self) -> None:
        """Load the model, encode the voices, and speak one word.

        Raises:
            EngineUnavailable: a package, the weights, a GPU, memory or a voice is missing; the message says what to do.
        """
        if self._thread is not None:
            return
        files = self._voice_files()
        self._device_queue, self._failures = DeadlineQueue(), 0
        self._broken, self._broke = None, asyncio.Event()
        self._thread = thread = DeviceThread(self._options.stall_s, self._stalled)
        try:
            self._model, cloned = await thread.submit(lambda: self._prepare(files), watched=False)
        except BaseException as error:
            await self.close()
            if isinstance(error, ImportError):
                raise EngineUnavailable(
                    f"the speech engine 'higgs' cannot be imported: {error}. It needs its own environment: "
                    "`make higgs-env` makes it, and `tertulia run` then uses it"
                ) from error
            if isinstance(error, OutOfMemory | DeviceLost):
                raise EngineUnavailable(f"Higgs Audio does not fit or run on this device: {error}") from error
            raise
        self._cloned = {each.files.id: each for each in cloned}
        self._voices = tuple(_voice(each.files) for each in cloned)

    def voices(self) -> Sequence[Voice]:
        return self._voices

    async def synthesize(self, text: str, voice: str, seed: int) -> AsyncGenerator[bytes, None]:
        parts = utterances(text)
        if not parts:
            return
        if self._thread is None or self._model is None:
            raise self._broken_failure() or SynthesisFailed(
                "the higgs engine is not running; start() it first", retryable=True
            )
        chosen = choose_voice(self._voices, voice)
        if chosen.substituted:
            log.warning("voice %r does not exist; speaking as %r", voice, chosen.voice.id)
        cloned = self._cloned[chosen.voice.id]  # the voice may be removed while it speaks
        deadline = asyncio.get_running_loop().time()
        for index, part in enumerate(parts):
            gap_ms = SENTENCE_GAP_MS if index == len(parts) - 1 else UTTERANCE_GAP_MS
            utterance = Utterance(cloned, part, (seed + index * _SEED_STEP) & _SEED_MASK, max_frames(part), gap_ms)
            queue = await self._begin(utterance, deadline)
            try:
                while (pcm := await queue.take()) is not None:
                    # the time at which the listener has no more audio to play
                    deadline += len(pcm) / BYTES_PER_SAMPLE / SAMPLE_RATE
                    yield pcm
            finally:
                queue.stop()
                self._running.discard(queue)

    @property
    def clones(self) -> bool:
        return True

    async def add_voice(self, voice: VoiceFiles) -> None:
        """Encode the recording between two utterances. The codes are not stored on disk: the recording may be deleted
        while this worker does not run.
        """
        thread, model = self._thread, self._model
        if thread is None or model is None or self._broken is not None:
            raise CannotClone("the speech engine 'higgs' is not running")
        try:
            codes = await thread.submit(lambda: model.encode(voice), watched=False)
        except DeviceLost as error:
            self._break(f"the device is lost: {error}")
            raise CannotClone(f"the device is lost: {error}") from error
        except OutOfMemory as error:
            raise CannotClone(f"the device has too little memory for the recording: {error}") from error
        self._cloned[voice.id] = ClonedVoice(voice, codes)
        self._voices = (*self._voices, _voice(voice))

    async def remove_voice(self, voice_id: str) -> None:
        self._cloned.pop(voice_id, None)
        self._voices = tuple(voice for voice in self._voices if voice.id != voice_id)

    async def broken(self) -> EngineBroken:
        await self._broke.wait()
        assert self._broken is not None  # noqa: S101 - `_break` sets it first
        return self._broken

    async def close(self) -> None:
        thread, self._thread, self._model = self._thread, None, None
        if thread is None:
            return
        failure = self._broken_failure() or SynthesisFailed("the higgs engine was closed", retryable=True)
        for queue in self._running:
            queue.stop(failure)
        await thread.close()

    async def _begin(self, utterance: Utterance, deadline: float) -> PCMQueue:
        """Wait for the device, and start the utterance.

        Raises:
            SynthesisFailed: the device was busy for too long, or the engine is broken or closed.
        """
        device_queue = self._device_queue
        try:
            await device_queue.enter(deadline, self._options.wait_s)
        except TimeoutError:
            raise SynthesisFailed(
                f"the voice was busy for {self._options.wait_s:g} s; start more tts workers", retryable=True
            ) from None
        thread, model = self._thread, self._model
        if thread is None or model is None or self._broken is not None:
            device_queue.leave()  # let the next waiting utterance enter, so that it fails as well
            raise self._broken_failure() or SynthesisFailed("the higgs engine was closed", retryable=True)
        queue = PCMQueue(asyncio.get_running_loop())
        self._running.add(queue)
        job = thread.submit(lambda: speak(model, utterance, queue, thread.beat))

        def ended(done: asyncio.Future[Exception | None]) -> None:
            device_queue.leave()
            self._ended(done.result())

        job.add_done_callback(ended)
        return queue

    def _ended(self, error: Exception | None) -> None:
        self._failures = self._failures + 1 if isinstance(error, OutOfMemory) else 0
        if isinstance(error, DeviceLost):
            self._break(f"the device is lost: {error}")
        elif self._failures >= MAX_FAILURES:
            self._break(f"out of memory {MAX_FAILURES} times in a row: {error}")

    def _stalled(self) -> None:
        self._break(f"the model made no step for {self._options.stall_s:g} s")

    def _break(self, why: str) -> None:
        if self._broken is not None:
            return
        self._broken = EngineBroken(f"the speech engine 'higgs' broke: {why}")
        failure = self._broken_failure()
        for queue in self._running:
            queue.stop(failure)
        # the running utterance will never call `leave`; this call lets the waiting utterances enter and fail
        self._device_queue.leave()
        self._broke.set()

    def _broken_failure(self) -> SynthesisFailed | None:
        return None if self._broken is None else SynthesisFailed(str(self._broken), retryable=True)

    def _voice_files(self) -> Sequence[VoiceFiles]:
        folder = self._options.voices_dir
        try:
            files = read_voices(folder)
        except BadVoice as error:
            raise EngineUnavailable(f"{error} (in {folder.resolve()})") from error
        if not files:
            raise EngineUnavailable(
                f"there is no voice in {folder.resolve()}: add one with `tertulia voice add NAME clip.wav "
                '"what is said in it" --folder`, or set TERTULIA_VOICES_DIR'
            )
        # Put Luna first, if there is such a voice, because it is the default voice of every engine.
        return sorted(files, key=lambda each: (each.id != "luna", each.id))

    def _prepare(self, files: Sequence[VoiceFiles]) -> tuple[SpeechModel, Sequence[ClonedVoice]]:
        """Load the model, clone the voices, and speak one word. Called on the device thread."""
        model = self._load()
        cloned = clone(model, files, self._options.kept_dir)
        generate(model, Utterance(cloned[0], WARM_UP, 0, WARM_UP_FRAMES, 0), lambda _: True, lambda: None)
        return model, cloned


def _voice(files: VoiceFiles) -> Voice:
    return Voice(files.id, files.name, files.language, files.description or "a clone")
