"""The port of a recognizer: PCM in, events out.

Audio is 16 kHz signed 16-bit little-endian mono PCM in pieces of any even length. Positions are counted in samples
of the input, starting at the session's `first_sample`. `at_sample` is the amount of input processed when the event was
raised, so it never decreases within a session.

An utterance of an engine is a *piece*: speech between two pauses of about a quarter of a second. The listener joins
pieces to turns (see `turn_taking`). The order of a session's events is always

    VadDetectStart { Silence }
    { VadStart  VadDetectStop  RecordingStart
      { TranscriptionUpdate | TranscriptionStabilized | TranscriptionDraft  SpeechContinues }
      [TranscriptionDraft]  VadStop  RecordingStop  TranscriptionFinished  [VadDetectStart { Silence }] }
    [VadDetectStop]

The bracketed `VadDetectStart` is missing after a piece that the end of the input cut off. The last `VadDetectStop`
comes if the input ends in silence.

Errors:

    EngineError
    ├── EngineUnknown        no installed package offers an engine of that name
    ├── EngineUnavailable    the engine cannot run here; the message says what is missing and what to do
    └── RecognitionFailed    one session has failed; the engine and its other sessions continue

Another engine is a package with an entry point in the group `tertulia.stt_engines` (see `tertulia_stt.engines`), which
names an `EngineSpec`. For a blocking library write only the blocking part; `tertulia_stt.threaded` makes an asyncio
session of it:

    class ParrotRecognizer:  # a BlockingRecognizer; all calls come from one thread
        def begin(self) -> Iterator[STTEvent]: ...
        def expect(self, words: Sequence[str]) -> None: ...
        def accept(self, pcm: bytes) -> Iterator[STTEvent]: ...
        def finish(self) -> Iterator[STTEvent]: ...
        def close(self) -> None: ...


    class ParrotEngine:  # a RecognitionEngine
        name = "parrot"
        writing = Writing(is_punctuated=True, language="en")

        async def start(self) -> None: ...  # load the models; raise EngineUnavailable
        async def open(self, *, first_sample: int = 0) -> RecognitionSession:
            return ThreadedSession(ParrotRecognizer(first_sample))

        async def close(self) -> None: ...

`tests/contract/test_recognition_engines.py` runs on every installed engine and defines the expected behaviour.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from tertulia_shared.engines import EngineError, EngineSpec, EngineUnavailable, EngineUnknown
from tertulia_shared.entries import SAMPLE_RATE_IN

__all__ = [
    "BYTES_PER_SAMPLE",
    "SAMPLE_RATE",
    "EngineError",
    "EngineSpec",
    "EngineUnavailable",
    "EngineUnknown",
    "RecognitionEngine",
    "RecognitionFailed",
    "RecognitionSession",
    "RecordingStart",
    "RecordingStop",
    "STTEvent",
    "Silence",
    "SpeechContinues",
    "TranscriptionDraft",
    "TranscriptionFinished",
    "TranscriptionStabilized",
    "TranscriptionUpdate",
    "VadDetectStart",
    "VadDetectStop",
    "VadStart",
    "VadStop",
    "Writing",
]

SAMPLE_RATE = SAMPLE_RATE_IN
"""Samples per second of all input."""

BYTES_PER_SAMPLE = 2

SILENCE_REPORTED_S = 11
"""An engine sends `Silence` events only for the first seconds of a silence: for longer than any silence that ends a
turn.
"""


class RecognitionFailed(EngineError):
    """One session has failed. Its finished pieces stay valid; the audio after them must be fed to a new session."""


@dataclass(frozen=True, slots=True)
class VadDetectStart:
    """The session has begun to wait for speech."""

    at_sample: int


@dataclass(frozen=True, slots=True)
class VadDetectStop:
    """The session no longer waits for speech."""

    at_sample: int


@dataclass(frozen=True, slots=True)
class Silence:
    """From the last `VadDetectStart` up to this sample, there was no speech.

    The engine sends this event for each 32 ms of silence, or less often if it is slow, and only for the first
    `SILENCE_REPORTED_S`. It sends none while the sound may be the beginning of speech.
    """

    at_sample: int


@dataclass(frozen=True, slots=True)
class VadStart:
    """Speech began. `start_sample`: the sample at which it began; None if the engine knows only when it was
    detected.
    """

    at_sample: int
    start_sample: int | None = None


@dataclass(frozen=True, slots=True)
class VadStop:
    """Speech ended."""

    at_sample: int


@dataclass(frozen=True, slots=True)
class RecordingStart:
    """A piece is being recorded."""

    at_sample: int


@dataclass(frozen=True, slots=True)
class RecordingStop:
    """The piece is complete; its final text follows."""

    at_sample: int


@dataclass(frozen=True, slots=True)
class TranscriptionUpdate:
    """The text of the piece so far. The next update replaces it."""

    at_sample: int
    text: str


@dataclass(frozen=True, slots=True)
class TranscriptionStabilized:
    """The stable prefix of the text: several hypotheses agree on it. It only becomes longer."""

    at_sample: int
    text: str


@dataclass(frozen=True, slots=True)
class TranscriptionDraft:
    """The final text of the piece, if the speech ended at `speech_end_sample`. An engine may send this event at a short
    silence, before it is certain that the speech has ended. Then either `SpeechContinues` follows, or the end of the
    piece, which has the same `start_sample` and usually the same text.
    """

    at_sample: int
    text: str
    start_sample: int
    speech_end_sample: int

    def if_finished(self) -> TranscriptionFinished:
        """The final text of the piece, if the piece ends here."""
        at = self.at_sample
        return TranscriptionFinished(at, self.text, self.start_sample, at, self.speech_end_sample)


@dataclass(frozen=True, slots=True)
class SpeechContinues:
    """The speech did not end where the last `TranscriptionDraft` assumed."""

    at_sample: int


@dataclass(frozen=True, slots=True)
class TranscriptionFinished:
    """The final text of the piece. `text` is empty if the sound contained no words. Audio before `end_sample` is not
    needed any more: a session that is opened with `first_sample=end_sample`, and is fed from there, recognizes the
    rest.
    """

    at_sample: int
    text: str
    start_sample: int
    end_sample: int
    speech_end_sample: int | None = None
    """The sample at which the speech ended, before the pause that ends the piece; None means `end_sample`."""
    is_cut: bool = False
    """True if the piece was ended because of its length, in speech or in a very short pause."""

    @property
    def speech_end(self) -> int:
        """The sample at which the speech ended."""
        return self.end_sample if self.speech_end_sample is None else self.speech_end_sample


STTEvent: TypeAlias = (
    VadDetectStart
    | VadDetectStop
    | Silence
    | VadStart
    | VadStop
    | RecordingStart
    | RecordingStop
    | TranscriptionUpdate
    | TranscriptionStabilized
    | TranscriptionDraft
    | SpeechContinues
    | TranscriptionFinished
)


@dataclass(frozen=True, slots=True)
class Writing:
    """How a recognizer writes texts. `is_punctuated`: True if it writes punctuation. `language`: the ISO 639 code of
    its language; "" if it detects the language. `names`: words that are likely to occur, in their correct spelling: the
    words of `stt_words`, and for a session also the names of the characters.
    """

    is_punctuated: bool
    language: str = ""
    names: Sequence[str] = ()


class RecognitionSession(Protocol):
    """Recognizes one audio input. The caller feeds it in one task, reads events in another, and closes it."""

    async def feed(self, pcm: bytes) -> None:
        """Add audio. Waits while too much audio is unprocessed.

        Raises:
            ValueError: `pcm` has an odd number of bytes.
            RecognitionFailed: the session has failed or has ended.
        """
        ...

    def events(self) -> AsyncIterator[STTEvent]:
        """Iterate over the events in order, until the session has ended after `finish` or `close`. Only one reader is
        allowed.

        Raises:
            RecognitionFailed: the session has failed. It is raised after the events from before the failure.
        """
        ...

    def expect(self, words: Sequence[str]) -> None:
        """Set the words that are likely to occur from now on, in their correct spelling, the likeliest first. Until the
        first call, they are those of `stt_words`. An engine may ignore it. It takes effect with the next piece, or with
        the next partial text. Thread-safe.
        """
        ...

    async def finish(self) -> None:
        """End the input, without waiting. `events` still yields the events of all audio that was fed, and then ends."""
        ...

    async def close(self) -> None:
        """End the session now, and drop unprocessed audio and unread events. Returns when all threads of the session
        have ended.
        """
        ...


class RecognitionEngine(Protocol):
    """Loads the models of a recognizer, and opens independent sessions, which share them."""

    @property
    def name(self) -> str: ...

    @property
    def writing(self) -> Writing:
        """How this engine writes texts."""
        ...

    async def start(self) -> None:
        """Load the models.

        Raises:
            EngineUnavailable: a library, a model or a device is missing.
        """
        ...

    async def open(self, *, first_sample: int = 0) -> RecognitionSession:
        """Open a session. `first_sample` is the position of the first sample that will be fed.

        Raises:
            ValueError: `first_sample` is negative.
            EngineUnavailable: the engine is not started, was closed, or cannot open another session.
        """
        ...

    async def close(self) -> None:
        """Close every session and free the models."""
        ...
