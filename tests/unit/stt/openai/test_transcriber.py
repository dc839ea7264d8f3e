"""The transcriber of a session: when it asks for texts, and what it makes of them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, cast

import pytest

from tertulia_stt.endpointing import EndReason, SpeechEnded
from tertulia_stt.engine import RecognitionFailed
from tertulia_stt.engines.openai.answer import Transcript
from tertulia_stt.engines.openai.failures import RequestFailed
from tertulia_stt.engines.openai.loop_requests import LoopRequests
from tertulia_stt.engines.openai.transcriber import OpenAITranscriber, PieceRules

SECOND = 32_000
NAMES = ("Luna", "Rex", "Sage")


class ScriptedRequests:
    """Stands in for `LoopRequests`: the test completes the requests."""

    def __init__(self, *finals: Transcript | RequestFailed) -> None:
        self.finals = list(finals)
        self.final_sounds: list[bytes] = []
        self.partials: list[Future[str]] = []
        self.receive: Callable[[str], None] = lambda _: None
        self.warmed = 0
        self.prompts: list[str] = []

    def final(self, pcm: bytes, prompt: str) -> Transcript:
        self.final_sounds.append(pcm)
        self.prompts.append(prompt)
        answer = self.finals.pop(0)
        if isinstance(answer, RequestFailed):
            raise answer
        return answer

    def partial(self, pcm: bytes, prompt: str, on_text: Callable[[str], None]) -> Future[str]:
        self.receive = on_text
        self.prompts.append(prompt)
        self.partials.append(Future())
        return self.partials[-1]

    def warm(self) -> None:
        self.warmed += 1


def transcriber(requests: ScriptedRequests, partial_s: float | None = 0.5) -> OpenAITranscriber:
    made = OpenAITranscriber(cast("LoopRequests", cast("Any", requests)), PieceRules(partial_s, 0.3), NAMES)
    made.start()
    return made


def heard(transcript: Transcript, speech_s: float = 2.0) -> str:
    """The final text of a piece with that much speech."""
    made = transcriber(ScriptedRequests(transcript))
    samples = int((0.3 + speech_s + 0.25) * 16_000)
    made.process(bytes(2 * samples))
    return made.end(SpeechEnded(0, samples, EndReason.SILENCE, samples - 4000))


def test_connection_is_opened_when_speech_begins() -> None:
    requests = ScriptedRequests()
    transcriber(requests)
    assert requests.warmed == 1


def test_final_text_is_made_of_all_sound_of_the_piece() -> None:
    requests = ScriptedRequests(Transcript("Tell me a story.", -0.2, 0.0))
    made = transcriber(requests)
    made.process(b"\1\0" * 100)
    made.process(b"\2\0" * 10)
    assert made.end(SpeechEnded(0, 110, EndReason.INPUT_ENDED, 110)) == "Tell me a story."
    assert requests.final_sounds == [b"\1\0" * 100 + b"\2\0" * 10]


@pytest.mark.parametrize(
    "transcript",
    [
        Transcript(""),
        Transcript(" . "),
        Transcript("[Music]"),
        Transcript("Thanks for watching!"),
        Transcript("Subtitles by the Amara.org community", -0.1, 0.0),
        Transcript("and the", -1.5, 0.0),
        Transcript("I'm going to add the butter.", -0.7, 0.9),
        Transcript("Thank you.", -0.8, 0.1),
        Transcript("Luna, Rex, Sage.", -0.3, 0.1),
    ],
)
def test_text_that_was_invented_for_noise_is_dropped(transcript: Transcript) -> None:
    assert heard(transcript) == ""


@pytest.mark.parametrize(
    "transcript",
    [Transcript("Thank you."), Transcript("Thank you.", -0.2, 0.05), Transcript("Rex, tell me a story.", -0.4, 0.3)],
)
def test_text_that_the_server_is_sure_of_is_kept(transcript: Transcript) -> None:
    assert heard(transcript) == transcript.text


def test_failed_final_request_fails_the_session() -> None:
    failure = RequestFailed("the transcription server does not answer", retryable=True)
    made = transcriber(ScriptedRequests(failure))
    with pytest.raises(RecognitionFailed, match="does not answer"):
        made.end(SpeechEnded(0, 16_000, EndReason.SILENCE, 12_000))


def test_partial_texts_are_not_asked_for_if_they_are_switched_off() -> None:
    requests = ScriptedRequests()
    made = transcriber(requests, partial_s=None)
    made.process(bytes(3 * SECOND))
    made.pauses()
    assert made.hypothesis() is None
    assert requests.partials == []


def test_one_partial_text_is_asked_for_at_a_time() -> None:
    requests = ScriptedRequests()
    made = transcriber(requests)
    for _ in range(10):
        made.process(bytes(SECOND))
        made.hypothesis()
    assert len(requests.partials) == 1
    requests.partials[0].set_result("Tell me a story.")
    assert made.hypothesis() == ["Tell", " me", " a", " story"]
    made.process(bytes(SECOND))
    made.hypothesis()
    assert len(requests.partials) == 2


def test_partial_text_is_asked_for_after_enough_sound() -> None:
    requests = ScriptedRequests()
    made = transcriber(requests)
    made.process(bytes(int(0.4 * SECOND)))
    made.hypothesis()
    assert requests.partials == []
    made.process(bytes(int(0.4 * SECOND)))
    made.hypothesis()
    assert len(requests.partials) == 1


def test_partial_text_is_asked_for_at_once_when_the_speech_pauses() -> None:
    requests = ScriptedRequests()
    made = transcriber(requests)
    made.process(bytes(int(0.4 * SECOND)))
    made.pauses()
    made.hypothesis()
    assert len(requests.partials) == 1


def test_received_part_of_a_text_is_shown_if_it_is_longer_than_the_last_text() -> None:
    requests = ScriptedRequests()
    made = transcriber(requests)
    made.process(bytes(2 * SECOND))
    made.hypothesis()
    requests.receive("Tell me a st")
    assert made.hypothesis() == ["Tell", " me", " a"]
    assert not made.is_complete
    requests.receive("Tell me a story")
    assert made.hypothesis() is None
    requests.partials[0].set_result("Tell me a story")
    assert made.hypothesis() == ["Tell", " me", " a", " story"]
    assert made.is_complete


def test_partial_text_for_noise_is_empty() -> None:
    requests = ScriptedRequests()
    made = transcriber(requests)
    made.process(bytes(2 * SECOND))
    made.hypothesis()
    requests.partials[0].set_result("Thanks for watching!")
    assert made.hypothesis() == []


def test_failed_partial_text_is_left_out_and_the_next_one_comes_later() -> None:
    requests = ScriptedRequests()
    made = transcriber(requests)
    made.process(bytes(SECOND))
    made.hypothesis()
    requests.partials[0].set_exception(RequestFailed("busy", retryable=True))
    assert made.hypothesis() is None
    made.process(bytes(SECOND))
    made.hypothesis()
    assert len(requests.partials) == 1
    made.process(bytes(5 * SECOND))
    made.hypothesis()
    assert len(requests.partials) == 2


def test_pending_partial_text_is_cancelled_at_the_end_of_the_piece() -> None:
    requests = ScriptedRequests(Transcript("Tell me a story."))
    made = transcriber(requests)
    made.process(bytes(2 * SECOND))
    made.hypothesis()
    made.end(SpeechEnded(0, 32_000, EndReason.SILENCE, 28_000))
    assert requests.partials[0].cancelled()


def test_text_that_repeats_the_expected_words_is_dropped() -> None:
    made = transcriber(ScriptedRequests(Transcript("Ivy, Luna."), Transcript("Luna, Rex, Sage.")))
    made.expect(["Ivy", "Luna"])
    texts: list[str] = []
    for _ in range(2):
        made.start()
        made.process(bytes(2 * SECOND))
        texts.append(made.end(SpeechEnded(0, 2 * SECOND // 2, EndReason.SILENCE, 28_000)))
    assert texts == ["", "Luna, Rex, Sage."]
