"""The transcriber of a session: which model it asks, with which window and language, and what it makes of the texts."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import Any, cast

import pytest

from tertulia_stt.endpointing import EndReason, SpeechEnded
from tertulia_stt.engines.whisper.model import Hypothesis, Request, WhisperModel
from tertulia_stt.engines.whisper.request_queue import RequestQueue
from tertulia_stt.engines.whisper.review import split_words
from tertulia_stt.engines.whisper.transcriber import Models, WhisperTranscriber
from tertulia_stt.engines.whisper_window import MAX_WINDOW_S

SECOND = 32_000
DETECTED = {"de": 0.95, "en": 0.05}


class ScriptedModel:
    """Answers each request with the next text of a script, and keeps what it was asked."""

    def __init__(self, *texts: str, confidence: float = -0.1, confidences: Sequence[float] = ()) -> None:
        self.texts = list(texts)
        self.confidences = list(confidences) or [confidence] * len(texts)
        self.asked: list[tuple[int, str]] = []
        """The window and the language of each request."""
        self.hints: list[tuple[str, ...]] = []
        """The hints of each request."""

    def transcribe(self, requests: Sequence[Request]) -> Sequence[Hypothesis]:
        return [self._answer(request) for request in requests]

    def _answer(self, request: Request) -> Hypothesis:
        language = request.language if isinstance(request.language, str) else request.language(DETECTED)
        self.asked.append((request.window_s, language))
        self.hints.append(request.hints)
        return Hypothesis(self.texts.pop(0), self.confidences.pop(0), 0.0, language)


@pytest.fixture
def requests() -> Iterator[RequestQueue]:
    queue = RequestQueue(1)
    yield queue
    queue.close()


def transcriber(
    requests: RequestQueue, final: ScriptedModel, partial: ScriptedModel | None = None, language: str = "en"
) -> WhisperTranscriber:
    models: Any = Models(cast("WhisperModel", final), cast("WhisperModel | None", partial), "en" if partial else "")
    return WhisperTranscriber(models, requests, language, pre_roll_s=0.3, hints=("Luna",))


def said(transcriber: WhisperTranscriber, speech_s: float) -> str:
    """Transcribe a piece with that much speech, its pre-roll and the silence at its end."""
    transcriber.start()
    samples = int((0.3 + speech_s + 0.25) * 16_000)
    transcriber.process(bytes(2 * samples))
    return transcriber.end(SpeechEnded(0, samples, EndReason.SILENCE, samples - 4000))


def first_partial(transcriber: WhisperTranscriber, seconds: float) -> Sequence[str] | None:
    ready = threading.Event()
    transcriber.wake = ready.set
    transcriber.start()
    transcriber.process(bytes(int(seconds * SECOND)))
    assert transcriber.hypothesis() is None
    ready.wait()
    return transcriber.hypothesis()


def test_final_text_comes_from_a_short_window(requests: RequestQueue) -> None:
    model = ScriptedModel("Tell me a story.", "Tell me a very long story about the sea.")
    session = transcriber(requests, model)
    assert said(session, 1.5) == "Tell me a story."
    assert said(session, 7.0) == "Tell me a very long story about the sea."
    assert model.asked == [(10, "en"), (12, "en")]


def test_text_with_too_few_words_is_made_again_in_the_long_window(requests: RequestQueue) -> None:
    model = ScriptedModel("Good morning.", "Good morning. Tell me a story, please.")
    assert said(transcriber(requests, model), 4.0) == "Good morning. Tell me a story, please."
    assert [window for window, _ in model.asked] == [10, MAX_WINDOW_S]


@pytest.mark.parametrize(("again", "text"), [(-0.3, "Tell me a story."), (-0.9, "Tell me a store he.")])
def test_text_of_which_whisper_is_not_sure_is_made_again_and_the_surer_one_counts(
    requests: RequestQueue, again: float, text: str
) -> None:
    model = ScriptedModel("Tell me a store he.", "Tell me a story.", confidences=[-0.7, again])
    assert said(transcriber(requests, model), 1.5) == text
    assert [window for window, _ in model.asked] == [10, MAX_WINDOW_S]


def test_noise_has_no_text_and_is_not_transcribed_twice(requests: RequestQueue) -> None:
    model = ScriptedModel("and the", confidence=-2.0)
    assert said(transcriber(requests, model), 4.0) == ""
    assert len(model.asked) == 1


def test_partial_text_in_english_comes_from_the_smaller_model(requests: RequestQueue) -> None:
    final, partial = ScriptedModel(), ScriptedModel("Tell me a.")
    session = transcriber(requests, final, partial)
    words = first_partial(session, 1.5) or ()
    assert words == ["Tell", " me", " a"]
    assert session.write(words) == "Tell me a"
    assert partial.asked == [(8, "en")]


@pytest.mark.parametrize("language", ["de", ""])
def test_partial_text_in_another_language_comes_from_the_model_for_final_texts(
    requests: RequestQueue, language: str
) -> None:
    final, partial = ScriptedModel("Erzähl mir"), ScriptedModel()
    assert first_partial(transcriber(requests, final, partial, language), 1.5) == ["Erzähl", " mir"]
    assert final.asked == [(8, "de")]


def test_partial_text_for_noise_is_empty(requests: RequestQueue) -> None:
    assert first_partial(transcriber(requests, ScriptedModel("and the", confidence=-2.0)), 1.5) == ()


def test_partial_text_is_asked_for_again_after_more_sound(requests: RequestQueue) -> None:
    model = ScriptedModel("Tell me", "Tell me a story")
    session = transcriber(requests, model)
    first_partial(session, 1.5)
    session.process(bytes(int(0.2 * SECOND)))
    assert session.hypothesis() is None
    assert len(model.asked) == 1
    ready = threading.Event()
    session.wake = ready.set
    session.process(bytes(int(0.4 * SECOND)))
    assert session.hypothesis() is None
    ready.wait()
    assert session.hypothesis() == ["Tell", " me", " a", " story"]


def test_partial_text_is_asked_for_at_once_when_the_speech_pauses(requests: RequestQueue) -> None:
    model = ScriptedModel("Never", "Never mind")
    session = transcriber(requests, model)
    first_partial(session, 1.5)
    ready = threading.Event()
    session.wake = ready.set
    session.process(bytes(int(0.1 * SECOND)))
    session.pauses()
    assert session.hypothesis() is None
    ready.wait()
    assert session.hypothesis() == ["Never", " mind"]


def pausing(session: WhisperTranscriber, seconds: float = 2.0) -> threading.Event:
    """Begin a piece with that much sound, and pause. The event is set when the text of the pause is ready."""
    ready = threading.Event()
    session.wake = ready.set
    session.start()
    session.process(bytes(int(seconds * SECOND)))
    session.pauses()
    return ready


def piece(seconds: float) -> SpeechEnded:
    samples = int(seconds * 16_000)
    return SpeechEnded(0, samples, EndReason.SILENCE, samples - 4000)


def ended(session: WhisperTranscriber, seconds: float = 2.25) -> str:
    return session.end(piece(seconds))


def test_final_text_is_asked_for_at_the_beginning_of_the_pause(requests: RequestQueue) -> None:
    model = ScriptedModel("Tell me a story.")
    session = transcriber(requests, model)
    ready = pausing(session)
    session.process(bytes(int(0.25 * SECOND)))
    ready.wait()
    assert ended(session) == "Tell me a story."
    assert model.asked == [(10, "en")]


def test_text_asked_for_at_the_beginning_of_the_pause_is_also_a_partial_text(requests: RequestQueue) -> None:
    session = transcriber(requests, ScriptedModel("Tell me a story."))
    pausing(session).wait()
    assert session.hypothesis() == ["Tell", " me", " a", " story"]
    assert session.hypothesis() is None
    assert ended(session) == "Tell me a story."


def test_text_asked_for_in_a_pause_is_a_draft_when_it_is_ready(requests: RequestQueue) -> None:
    session = transcriber(requests, ScriptedModel("Tell me a story."))
    assert session.draft(piece(2.0)) is None
    pausing(session).wait()
    assert session.draft(piece(2.1)) == "Tell me a story."
    assert ended(session) == "Tell me a story."


@pytest.mark.parametrize(
    ("text", "confidence"), [("and the", -2.0), ("Tell me a story today, please.", -0.7), ("Good.", -0.1)]
)
def test_doubtful_text_is_no_draft(requests: RequestQueue, text: str, confidence: float) -> None:
    session = transcriber(requests, ScriptedModel(text, confidence=confidence))
    pausing(session, 5.0).wait()
    assert session.draft(piece(5.1)) is None


def test_text_asked_for_in_a_pause_is_dropped_when_the_speech_resumes(requests: RequestQueue) -> None:
    model = ScriptedModel("Tell me.", "Tell me a story.")
    session = transcriber(requests, model)
    pausing(session).wait()
    session.resumes()
    session.process(bytes(SECOND))
    assert ended(session, 3.0) == "Tell me a story."
    assert len(model.asked) == 2


def test_each_pause_asks_for_the_final_text_again(requests: RequestQueue) -> None:
    model = ScriptedModel("Tell me.", "Tell me a story.")
    session = transcriber(requests, model)
    pausing(session).wait()
    session.resumes()
    session.process(bytes(SECOND))
    session.pauses()
    assert ended(session, 3.25) == "Tell me a story."
    assert len(model.asked) == 2


def test_text_asked_for_in_a_pause_decides_the_language_of_the_session(requests: RequestQueue) -> None:
    model = ScriptedModel("Guten Morgen zusammen.", "Wie geht es euch?")
    session = transcriber(requests, model, language="")
    pausing(session).wait()
    assert ended(session) == "Guten Morgen zusammen."
    said(session, 1.5)
    assert [language for _, language in model.asked] == ["de", "de"]


def test_noise_in_a_pause_has_no_text(requests: RequestQueue) -> None:
    session = transcriber(requests, ScriptedModel("and the", confidence=-2.0))
    pausing(session).wait()
    assert session.hypothesis() == ()
    assert ended(session) == ""


def test_detected_language_of_a_session_is_used_for_its_next_pieces(requests: RequestQueue) -> None:
    model = ScriptedModel("Guten Morgen zusammen.", "Wie geht es euch?")
    session = transcriber(requests, model, language="")
    said(session, 1.5)
    assert first_partial(session, 1.5) == ["Wie", " geht", " es", " euch"]
    assert model.asked == [(10, "de"), (8, "de")]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Tell me a story", ["Tell", " me", " a", " story"]),
        ("今天好", ["今", "天", "好"]),
        ("", []),
    ],
)
def test_words_of_a_text_can_be_joined_to_the_text(text: str, words: list[str]) -> None:
    assert list(split_words(text)) == words
    assert "".join(words) == text


def test_each_request_has_the_words_that_are_expected_then(requests: RequestQueue) -> None:
    model = ScriptedModel("Good morning.", "Good morning, Ivy.", "Ivy", confidences=[-0.7, -0.3, -0.1])
    session = transcriber(requests, model)
    assert said(session, 1.5) == "Good morning, Ivy."
    session.expect(["Ivy", "Luna"])
    first_partial(session, 1.5)
    assert model.hints == [("Luna",), ("Luna",), ("Ivy", "Luna")]
