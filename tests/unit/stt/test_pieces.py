"""A recognizer that is made of a VAD and a transcriber: when it asks for drafts, and when it withdraws them."""

from __future__ import annotations

import wave
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import pytest

from tertulia_stt.endpointing import EndpointSettings, SpeechEnded
from tertulia_stt.engine import (
    SpeechContinues,
    STTEvent,
    TranscriptionDraft,
    TranscriptionFinished,
    TranscriptionUpdate,
)
from tertulia_stt.pieces import PieceRecognizer

FIXTURES = Path(__file__).parents[2] / "fixtures"
PAUSE = 3200 * 2
"""Bytes of 200 ms: longer than the silence before a draft, and shorter than the one that ends a piece."""


class ScriptedTranscriber:
    """Its hypotheses and its drafts become ready when the test says so."""

    is_complete = True
    agreement: ClassVar[int] = 2

    def __init__(self) -> None:
        self.words: Sequence[str] | None = None
        self.text: str | None = None
        self.calls: list[str] = []

    def expect(self, words: Sequence[str]) -> None:
        """Ignored: the texts are scripted."""

    def start(self) -> None:
        self.calls.append("start")

    def process(self, pcm: bytes) -> None:
        pass

    def pauses(self) -> None:
        self.calls.append("pauses")

    def draft(self, ended: SpeechEnded) -> str | None:
        self.calls.append("draft")
        return self.text

    def resumes(self) -> None:
        self.calls.append("resumes")

    def hypothesis(self) -> Sequence[str] | None:
        return self.words

    def write(self, words: Sequence[str]) -> str:
        return " ".join(words)

    def end(self, ended: SpeechEnded) -> str:
        self.calls.append("end")
        return "Hello Luna"

    def close(self) -> None:
        pass


@pytest.fixture
def transcriber() -> ScriptedTranscriber:
    return ScriptedTranscriber()


def recognizer(transcriber: ScriptedTranscriber, draft_ms: int = 96) -> PieceRecognizer:
    return PieceRecognizer(transcriber, EndpointSettings(hangover_ms=320, draft_ms=draft_ms), first_sample=0)


def speech() -> bytes:
    """0.86 s of speech without a pause."""
    with wave.open(str(FIXTURES / "hello_luna.wav")) as recording:
        audio = recording.readframes(recording.getnframes())
    return audio[16_000 : round(1.36 * 16_000) * 2]


def speak(recognizer: PieceRecognizer) -> list[STTEvent]:
    """Speech after half a second of silence."""
    return [*recognizer.begin(), *recognizer.accept(bytes(16_000)), *recognizer.accept(speech())]


def drafts(events: list[STTEvent]) -> list[str]:
    return [type(event).__name__ for event in events if isinstance(event, TranscriptionDraft | SpeechContinues)]


def test_draft_comes_when_it_is_ready_and_only_once(transcriber: ScriptedTranscriber) -> None:
    session = recognizer(transcriber)
    speak(session)
    assert drafts(list(session.accept(bytes(PAUSE)))) == []
    assert transcriber.calls.count("draft") > 1, "asked again after each frame"
    transcriber.text = "Hello Luna"
    (draft,) = session.accept(b"")
    assert isinstance(draft, TranscriptionDraft)
    assert draft.start_sample < draft.speech_end_sample < draft.at_sample
    assert list(session.accept(b"")) == []


def test_draft_is_withdrawn_when_the_speech_goes_on(transcriber: ScriptedTranscriber) -> None:
    transcriber.text = "Hello Luna"
    session = recognizer(transcriber)
    events = [*speak(session), *session.accept(bytes(PAUSE)), *session.accept(speech()), *session.accept(bytes(32_000))]
    assert drafts(events) == ["TranscriptionDraft", "SpeechContinues", "TranscriptionDraft"]
    assert transcriber.calls.count("resumes") == 1
    assert len([event for event in events if isinstance(event, TranscriptionFinished)]) == 1


def test_speech_that_goes_on_before_its_draft_is_ready_withdraws_nothing(transcriber: ScriptedTranscriber) -> None:
    session = recognizer(transcriber)
    events = [*speak(session), *session.accept(bytes(PAUSE)), *session.accept(speech())]
    assert drafts(events) == []
    assert transcriber.calls.count("resumes") == 1


def test_hypothesis_that_comes_after_the_draft_is_not_reported(transcriber: ScriptedTranscriber) -> None:
    transcriber.text = "Hello Luna"
    session = recognizer(transcriber)
    speak(session)
    list(session.accept(bytes(PAUSE)))
    transcriber.words = ["Hello"]
    assert list(session.accept(b"")) == []
    assert any(isinstance(event, TranscriptionUpdate) for event in session.accept(speech()))


def test_no_draft_is_asked_for_if_drafts_are_off(transcriber: ScriptedTranscriber) -> None:
    session = recognizer(transcriber, draft_ms=0)
    speak(session)
    list(session.accept(bytes(32_000)))
    assert "draft" not in transcriber.calls
    assert "end" in transcriber.calls
