"""A recognition engine that follows a script: it emits each scripted event once enough samples were fed.

`Utterance` makes the events of one piece of speech in the order of the port; a script is the list of them. Between
pieces, the engine reports silence.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from tertulia_stt.endpointing import FRAME_SAMPLES
from tertulia_stt.engine import (
    BYTES_PER_SAMPLE,
    SAMPLE_RATE,
    SILENCE_REPORTED_S,
    RecognitionFailed,
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

HANGOVER = 4_096
"""The number of samples in the silence (256 ms) with which a piece ends."""


DRAFT_AFTER = 1_536
"""The number of samples in the silence (96 ms) after which a draft is made."""

WRITING = Writing(is_punctuated=True, language="en", names=("Luna", "Rex"))


@dataclass(frozen=True, slots=True)
class Utterance:
    """Speech from sample `start` to `HANGOVER` samples before `end`; `partials`: sample and text of each partial
    transcript.
    """

    start: int
    end: int
    text: str
    partials: Sequence[tuple[int, str]] = ()
    stable: str = ""
    is_cut: bool = False
    drafts: Sequence[tuple[int, str]] = ()
    """For each draft, the sample at which the speech may have ended, and the text. Speech goes on after each draft but
    the one at the end of the speech.
    """

    @property
    def speech_end(self) -> int:
        """The sample at which the speech ends."""
        return self.end if self.is_cut else max(self.start, self.end - HANGOVER)

    def events(self) -> list[STTEvent]:
        """All events of the utterance, in the order that the port `RecognitionSession` specifies."""
        begun = self.start + 1
        out: list[STTEvent] = [VadStart(begun), VadDetectStop(begun), RecordingStart(begun)]
        out += [TranscriptionUpdate(at, text) for at, text in self.partials]
        for end, text in self.drafts:
            out.append(TranscriptionDraft(end + DRAFT_AFTER, text, self.start, end))
            if end < self.speech_end:
                out.append(SpeechContinues(end + DRAFT_AFTER + FRAME_SAMPLES))
        if self.stable:
            out.append(TranscriptionStabilized(self.end - 1, self.stable))
        out += [VadStop(self.end), RecordingStop(self.end)]
        out += [
            TranscriptionFinished(self.end, self.text, self.start, self.end, self.speech_end, self.is_cut),
            VadDetectStart(self.end),
        ]
        return out


@dataclass(slots=True)
class ScriptedRecognition:
    """The engine. `fails_at`: the sample at which the next session breaks, once."""

    script: Sequence[Utterance] = ()
    fails_at: int | None = None
    name: str = "scripted"
    writing: Writing = WRITING
    opened: list[int] = field(default_factory=list[int])
    """`first_sample` of each session."""
    fed: list[bytes] = field(default_factory=list[bytes])
    """All PCM of each session."""
    expected: list[list[Sequence[str]]] = field(default_factory=list[list[Sequence[str]]])
    """For each session, the words of each call of `expect`."""
    open_sessions: int = 0

    async def start(self) -> None:
        """Nothing to load."""

    async def open(self, *, first_sample: int = 0) -> ScriptedSession:
        self.opened.append(first_sample)
        self.fed.append(b"")
        self.expected.append([])
        self.open_sessions += 1
        return ScriptedSession(self, first_sample)

    async def close(self) -> None:
        """Nothing to free."""


class ScriptedSession:
    """A `RecognitionSession`."""

    def __init__(self, engine: ScriptedRecognition, first_sample: int) -> None:
        self._engine = engine
        self._number = len(engine.fed) - 1
        self._first = self._heard = first_sample
        self._script = [u for u in engine.script if u.start >= first_sample]
        self._due: list[STTEvent] = [event for utterance in self._script for event in utterance.events()]
        self._ready: asyncio.Queue[STTEvent | RecognitionFailed | None] = asyncio.Queue()
        self._ready.put_nowait(VadDetectStart(first_sample))

    async def feed(self, pcm: bytes) -> None:
        self._engine.fed[self._number] += pcm
        self._heard += len(pcm) // BYTES_PER_SAMPLE
        fails_at = self._engine.fails_at
        if fails_at is not None and self._heard >= fails_at:
            self._engine.fails_at = None
            self._ready.put_nowait(RecognitionFailed("the decoder broke"))
            return
        while self._due and self._due[0].at_sample <= self._heard:
            self._ready.put_nowait(self._due.pop(0))
        if self._is_silent():
            self._ready.put_nowait(Silence(self._heard))

    def _is_silent(self) -> bool:
        if any(piece.start <= self._heard < piece.end for piece in self._script):
            return False
        last_end = max((piece.end for piece in self._script if piece.end <= self._heard), default=self._first)
        return self._heard - last_end <= SILENCE_REPORTED_S * SAMPLE_RATE

    def expect(self, words: Sequence[str]) -> None:
        self._engine.expected[self._number].append(words)

    async def events(self) -> AsyncIterator[STTEvent]:
        while (event := await self._ready.get()) is not None:
            if isinstance(event, RecognitionFailed):
                raise event
            yield event

    async def finish(self) -> None:
        for utterance in self._script:  # an utterance in progress ends with the input
            if utterance.start < self._heard < utterance.end:
                end = self._heard
                for event in (
                    VadStop(end), RecordingStop(end), TranscriptionFinished(end, utterance.text, utterance.start, end),
                ):  # fmt: skip
                    self._ready.put_nowait(event)
        self._ready.put_nowait(VadDetectStop(self._heard))
        self._ready.put_nowait(None)

    async def close(self) -> None:
        self._engine.open_sessions -= 1
        self._ready.put_nowait(None)
