"""Puts a recorder's callbacks into the order that the port promises. Pure.

A recorder calls back from several threads: partial texts come late, and the next utterance may begin while the previous
one is being transcribed. Each call is recorded as a note. The notes of an utterance are kept back until the utterance
before it has its final text.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from tertulia_stt.engine import (
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
)


@dataclass(frozen=True, slots=True)
class Listening:
    """The recorder began to wait for speech."""

    at: int


@dataclass(frozen=True, slots=True)
class Quiet:
    """The recorder has processed silence, and still waits for speech."""

    at: int


@dataclass(frozen=True, slots=True)
class Began:
    """The recording of utterance `number` (from 1) began; speech was detected at `speech_at`."""

    number: int
    at: int
    speech_at: int


@dataclass(frozen=True, slots=True)
class Partial:
    """A partial text of an utterance. If `is_stable` is true, only its stable prefix."""

    number: int
    at: int
    text: str
    is_stable: bool = False


@dataclass(frozen=True, slots=True)
class Ended:
    """The recording ended: the VAD detected it at `speech_at`, and the speech itself ended at `speech_end`.

    `is_cut`: it ended because of its length. `is_last`: it ended because the input ended.
    """

    number: int
    at: int
    speech_at: int
    speech_end: int
    is_cut: bool = False
    is_last: bool = False


@dataclass(frozen=True, slots=True)
class Transcribed:
    """The final text of an utterance."""

    number: int
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Over:
    """The input ended, and every utterance is transcribed."""

    at: int


Note: TypeAlias = Listening | Quiet | Began | Partial | Ended | Transcribed | Over


class _State(Enum):
    IDLE = "idle"
    LISTENING = "listening"
    RECORDING = "recording"
    TRANSCRIBING = "transcribing"
    OVER = "over"


class Ordering:
    """Takes notes and yields events. The positions of the events never decrease."""

    def __init__(self, first_sample: int) -> None:
        self._state = _State.IDLE
        self._at = first_sample
        self._number = 0
        self._ended: Ended | None = None  # the end of the utterance being transcribed
        self._update = ""
        self._stable = ""
        self._waiting: deque[Note] = deque()  # bounded, because a later partial text replaces an earlier one

    @property
    def waiting(self) -> int:
        """The number of notes that wait for the final text of an earlier utterance."""
        return len(self._waiting)

    def take(self, note: Note) -> Iterator[STTEvent]:
        """Process a note. Yields the events that can be sent now."""
        if self._state is _State.TRANSCRIBING and not isinstance(note, Transcribed):
            self._enqueue(note)
            return
        yield from self._emit(note)
        while self._waiting and self._state is not _State.TRANSCRIBING:
            yield from self._emit(self._waiting.popleft())

    def _enqueue(self, note: Note) -> None:
        if isinstance(note, Partial):
            if note.number == self._number:
                return  # too late: the recording of this utterance has ended
            same = (
                waiting
                for waiting in self._waiting
                if isinstance(waiting, Partial) and waiting.is_stable == note.is_stable
            )
            if (replaced := next(same, None)) is not None:
                self._waiting.remove(replaced)
        if isinstance(note, Quiet) and self._waiting and isinstance(self._waiting[-1], Quiet):
            self._waiting.pop()  # the later note covers the time of this one
        self._waiting.append(note)

    def _emit(self, note: Note) -> Iterator[STTEvent]:
        match note:
            case Listening() if self._state is _State.IDLE:
                yield from self._listen(note.at)
            case Quiet() if self._state is _State.LISTENING:
                yield Silence(self._reach(note.at))
            case Began() if self._state in {_State.IDLE, _State.LISTENING}:
                yield from self._begin(note)
            case Partial() if self._state is _State.RECORDING and note.number == self._number:
                yield from self._partial(note)
            case Ended() if self._state is _State.RECORDING and note.number == self._number:
                self._state = _State.TRANSCRIBING
                self._ended = note
                yield VadStop(self._reach(note.speech_at))
                yield RecordingStop(self._reach(note.at))
            case Transcribed() if self._ended is not None and note.number == self._number:
                yield from self._finish(note, self._ended)
            case Over():
                if self._state is _State.LISTENING:
                    yield VadDetectStop(self._reach(note.at))
                self._state = _State.OVER
            case _:
                pass  # the note came too late, or there is no event for it

    def _listen(self, at: int) -> Iterator[STTEvent]:
        self._state = _State.LISTENING
        yield VadDetectStart(self._reach(at))

    def _begin(self, note: Began) -> Iterator[STTEvent]:
        if self._state is _State.IDLE:
            yield from self._listen(note.speech_at)
        self._state = _State.RECORDING
        self._number = note.number
        self._update = self._stable = ""
        yield VadStart(self._reach(note.speech_at), note.speech_at)
        yield VadDetectStop(self._reach(note.speech_at))
        yield RecordingStart(self._reach(note.at))

    def _partial(self, note: Partial) -> Iterator[STTEvent]:
        if note.is_stable:
            if note.text != self._stable and note.text.startswith(self._stable):
                self._stable = note.text
                yield TranscriptionStabilized(self._reach(note.at), note.text)
        elif note.text not in {"", self._update}:
            self._update = note.text
            yield TranscriptionUpdate(self._reach(note.at), note.text)

    def _finish(self, note: Transcribed, ended: Ended) -> Iterator[STTEvent]:
        self._state, self._ended = _State.IDLE, None
        speech_end = min(max(note.start, ended.speech_end), note.end)
        yield TranscriptionFinished(self._at, note.text, note.start, note.end, speech_end, ended.is_cut)
        if ended.is_last:
            self._state = _State.OVER
        else:
            yield from self._listen(note.end)

    def _reach(self, at: int) -> int:
        self._at = max(self._at, at)
        return self._at
