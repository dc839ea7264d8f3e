"""The port to a speech recogniser: PCM in, events out.

Audio is 16 kHz signed 16-bit little-endian mono PCM in pieces of any even length. Positions are counted in samples
of the input, starting at the `first_sample` the session was opened with. `at_sample` says how much input had been
heard when the event was raised, so within a session it never falls.

The order of a session's events is always

    VadDetectStart
    { VadStart  VadDetectStop  RecordingStart
      { TranscriptionUpdate | TranscriptionStabilized }
      VadStop  RecordingStop  TranscriptionFinished  [VadDetectStart] }
    [VadDetectStop]

where the bracketed `VadDetectStart` is missing after an utterance that the end of the input cut off, and the last
`VadDetectStop` comes when the input ends in silence.

Errors:

    EngineError
    ├── EngineUnknown        no installed package offers an engine of that name
    ├── EngineUnavailable    the engine cannot run here; the message says what is missing and what to do
    └── RecognitionFailed    one session broke; the engine and its other sessions go on

Another engine is a package with an entry point in the group `tertulia.stt_engines` (see `tertulia_stt.engines`), which
names an `EngineSpec`. When its library blocks, write only the blocking part and let `tertulia_stt.threaded` carry it
over to asyncio::

    class ParrotRecognizer:  # a BlockingRecognizer; all calls come from one thread
        def begin(self) -> Iterator[STTEvent]: ...
        def accept(self, pcm: bytes) -> Iterator[STTEvent]: ...
        def finish(self) -> Iterator[STTEvent]: ...
        def close(self) -> None: ...


    class ParrotEngine:  # a RecognitionEngine
        name = "parrot"

        async def start(self) -> None: ...  # load the models; raise EngineUnavailable
        async def open(self, *, first_sample: int = 0) -> RecognitionSession:
            return ThreadedSession(ParrotRecognizer(first_sample))

        async def close(self) -> None: ...

`tests/contract/test_recognition_engines.py` runs on every engine that is installed, and says what is expected of it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
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
    "TranscriptionFinished",
    "TranscriptionStabilized",
    "TranscriptionUpdate",
    "VadDetectStart",
    "VadDetectStop",
    "VadStart",
    "VadStop",
]

SAMPLE_RATE = SAMPLE_RATE_IN
"""Samples per second of all input."""

BYTES_PER_SAMPLE = 2


class RecognitionFailed(EngineError):
    """One session broke. What it had finished stays valid; its last utterance must be heard again."""


@dataclass(frozen=True, slots=True)
class VadDetectStart:
    """Began to wait for speech."""

    at_sample: int


@dataclass(frozen=True, slots=True)
class VadDetectStop:
    """Stopped waiting for speech."""

    at_sample: int


@dataclass(frozen=True, slots=True)
class VadStart:
    """Speech began."""

    at_sample: int


@dataclass(frozen=True, slots=True)
class VadStop:
    """Speech ended."""

    at_sample: int


@dataclass(frozen=True, slots=True)
class RecordingStart:
    """An utterance is being recorded."""

    at_sample: int


@dataclass(frozen=True, slots=True)
class RecordingStop:
    """The utterance is complete; its final text is being made."""

    at_sample: int


@dataclass(frozen=True, slots=True)
class TranscriptionUpdate:
    """What the utterance sounds like so far; a later update may say something else."""

    at_sample: int
    text: str


@dataclass(frozen=True, slots=True)
class TranscriptionStabilized:
    """The beginning of the utterance that several updates agreed on; it only ever grows."""

    at_sample: int
    text: str


@dataclass(frozen=True, slots=True)
class TranscriptionFinished:
    """The utterance, for good.

    `text` is empty when the sound turned out to be no words. Nothing before `end_sample` is ever needed again: a
    session opened with `first_sample=end_sample` and fed from there hears the rest.
    """

    at_sample: int
    text: str
    start_sample: int
    end_sample: int


STTEvent: TypeAlias = (
    VadDetectStart
    | VadDetectStop
    | VadStart
    | VadStop
    | RecordingStart
    | RecordingStop
    | TranscriptionUpdate
    | TranscriptionStabilized
    | TranscriptionFinished
)


class RecognitionSession(Protocol):
    """One person talking. Feed it from one task and read its events from another; always close it."""

    async def feed(self, pcm: bytes) -> None:
        """Hand over audio; waits while too much of it is still unheard.

        Raises:
            ValueError: `pcm` has an odd number of bytes.
            RecognitionFailed: the session broke or has ended.
        """
        ...

    def events(self) -> AsyncIterator[STTEvent]:
        """Events in order, for one reader; ends after `finish` or `close`.

        Raises:
            RecognitionFailed: the session broke; raised after the events that came before.
        """
        ...

    async def finish(self) -> None:
        """No more audio. Words already spoken still come out as events, then `events` ends. Returns at once."""
        ...

    async def close(self) -> None:
        """End now, dropping what is unheard and unread. Returns when nothing of the session runs any more."""
        ...


class RecognitionEngine(Protocol):
    """A recogniser with its models loaded; makes any number of independent sessions."""

    @property
    def name(self) -> str: ...

    async def start(self) -> None:
        """Load the models.

        Raises:
            EngineUnavailable: a library, a model or a device is missing.
        """
        ...

    async def open(self, *, first_sample: int = 0) -> RecognitionSession:
        """Begin a session whose first fed sample has the position `first_sample`.

        Raises:
            ValueError: `first_sample` is negative.
            EngineUnavailable: the engine is not started, was closed, or cannot make another session.
        """
        ...

    async def close(self) -> None:
        """Close every session and let go of the models."""
        ...
