"""A recognizer that treats loud audio as speech and reports its length: fast, exact, and without dependencies."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence

from tertulia_stt.endpointing import (
    FRAME_SAMPLES,
    Endpointer,
    EndpointSettings,
    EndReason,
    SpeechBegan,
    SpeechEnded,
)
from tertulia_stt.engine import (
    SAMPLE_RATE,
    SILENCE_REPORTED_S,
    EngineUnavailable,
    RecordingStart,
    RecordingStop,
    Silence,
    STTEvent,
    TranscriptionFinished,
    TranscriptionStabilized,
    TranscriptionUpdate,
    VadDetectStart,
    VadDetectStop,
    VadStart,
    VadStop,
    Writing,
)
from tertulia_stt.threaded import ThreadedSession

LOUD = 300
"""A frame whose mean amplitude is above this (of 32768) counts as speech."""


class LoudnessEngine:
    """A `RecognitionEngine`. The text of each utterance is `heard N frames`, where N counts the loud frames."""

    name = "loudness"
    writing = Writing(is_punctuated=False)

    def __init__(self) -> None:
        self._running = False
        self._sessions: set[ThreadedSession] = set()

    async def start(self) -> None:
        self._running = True

    async def open(self, *, first_sample: int = 0) -> ThreadedSession:
        if first_sample < 0:
            raise ValueError(f"first_sample must not be negative, but is {first_sample}")
        if not self._running:
            raise EngineUnavailable("the loudness engine is not running; start() it first")
        session = ThreadedSession(LoudnessRecognizer(first_sample), on_closed=self._sessions.discard)
        self._sessions.add(session)
        return session

    async def close(self) -> None:
        self._running = False
        for session in tuple(self._sessions):
            await session.close()


class LoudnessRecognizer:
    """A `BlockingRecognizer` over amplitudes."""

    def __init__(self, first_sample: int) -> None:
        self._endpointer = Endpointer(EndpointSettings(), first_sample=first_sample)
        self._samples = array("h")
        self._loud = 0
        self._waits_since = first_sample

    def begin(self) -> Iterator[STTEvent]:
        yield VadDetectStart(self._endpointer.position)

    def expect(self, words: Sequence[str]) -> None:
        """Ignored: the text does not depend on words."""

    def accept(self, pcm: bytes) -> Iterator[STTEvent]:
        self._samples.frombytes(pcm)
        while len(self._samples) >= FRAME_SAMPLES:
            frame, self._samples = self._samples[:FRAME_SAMPLES], self._samples[FRAME_SAMPLES:]
            loud = sum(map(abs, frame)) > LOUD * FRAME_SAMPLES
            yield from self._tell(self._endpointer.push(float(loud)), loud=loud)

    def finish(self) -> Iterator[STTEvent]:
        ended = self._endpointer.finish(len(self._samples))
        if ended is None:
            yield VadDetectStop(self._endpointer.position)
        else:
            yield from self._end(ended)

    def close(self) -> None:
        self._samples = array("h")

    def _tell(self, boundary: SpeechBegan | SpeechEnded | None, *, loud: bool) -> Iterator[STTEvent]:
        at = self._endpointer.position
        if isinstance(boundary, SpeechEnded):
            yield from self._end(boundary)
            self._waits_since = at
            yield VadDetectStart(at)
        elif isinstance(boundary, SpeechBegan):
            self._loud = EndpointSettings().min_speech_frames
            yield VadStart(at)
            yield VadDetectStop(at)
            yield RecordingStart(at)
        elif loud and self._endpointer.in_speech:
            self._loud += 1
            yield TranscriptionUpdate(at, self._text())
            if self._loud == 10:
                yield TranscriptionStabilized(at, "heard")
        elif self._endpointer.is_silent and at - self._waits_since <= SILENCE_REPORTED_S * SAMPLE_RATE:
            yield Silence(at)

    def _end(self, ended: SpeechEnded) -> Iterator[STTEvent]:
        yield VadStop(ended.end_sample)
        yield RecordingStop(ended.end_sample)
        at, is_cut = ended.end_sample, ended.reason is EndReason.TOO_LONG
        yield TranscriptionFinished(at, self._text(), ended.start_sample, at, ended.speech_end_sample, is_cut)

    def _text(self) -> str:
        return f"heard {self._loud} frames"
