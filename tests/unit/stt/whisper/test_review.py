"""Which texts of Whisper are plausible."""

from __future__ import annotations

import pytest

from tertulia_stt.engines.whisper.review import Spoken, cleaned, is_incomplete, is_noise, words_of


@pytest.mark.parametrize(
    ("text", "speech_s", "expected"),
    [
        ("Yes. Yes. Yes. Yes. Yes. Yes. Yes. Yes.", 0.4, "Yes."),
        ("Sage, what is the meaning of life? Sage, what is the meaning of", 1.9, "Sage, what is the meaning of life?"),
        ("Well, thank you. Thank you. Thank you. Thank you.", 0.7, "Well, thank you."),
        ("No, no, no, no!", 1.2, "No, no, no, no!"),
        ("Tell me a story about the ocean.", 0.9, "Tell me a story about the ocean."),
        ("你好你好你好你好你好你好", 0.5, "你好"),
        ("[Music]", 2.0, ""),
        ("(sighs) I see.", 2.0, "I see."),
        ("♪ la la ♪", 2.0, ""),
        ("...", 1.0, ""),
        ("", 1.0, ""),
    ],
)
def test_repetitions_for_which_there_was_no_time_and_annotations_are_removed(
    text: str, speech_s: float, expected: str
) -> None:
    assert cleaned(text, speech_s) == expected


@pytest.mark.parametrize(
    ("text", "speech_s", "expected"),
    [
        ("Yes.", 0.4, False),
        ("Hmm.", 1.4, False),
        ("Good morning.", 4.0, True),
        ("Good morning, how are you today?", 4.0, False),
        ("one two three four five six seven eight nine ten", 0.8, True),
        ("你好吗今天天气怎么样", 3.0, False),
        ("", 2.0, True),
    ],
)
def test_text_is_incomplete_if_its_words_do_not_fit_the_length_of_the_speech(
    text: str, speech_s: float, *, expected: bool
) -> None:
    assert is_incomplete(text, speech_s) is expected


@pytest.mark.parametrize(
    ("text", "confidence", "no_speech", "speech_s", "expected"),
    [
        ("I'm going to add the butter.", -1.9, 0.7, 1.0, True),
        ("I'm going to add the butter.", -0.3, 0.01, 1.8, False),
        ("I'm going to add the butter.", -0.7, 0.8, 1.8, True),
        ("Thanks for watching!", -0.1, 0.0, 1.0, True),
        ("Untertitelung des ZDF, 2020", -0.1, 0.0, 1.0, True),
        ("ご視聴ありがとうございました", -0.1, 0.0, 1.0, True),
        ("Thank you.", -0.3, 0.02, 0.6, False),
        ("Thank you.", -0.8, 0.02, 0.6, True),
        ("Rex.", -0.5, 0.01, 0.3, False),
        ("B", -0.6, 0.4, 0.13, True),
        ("", -0.1, 0.0, 1.0, True),
    ],
)
def test_text_that_whisper_invents_for_noise_is_recognized(
    text: str, confidence: float, no_speech: float, speech_s: float, *, expected: bool
) -> None:
    assert is_noise(Spoken(text, confidence, no_speech, speech_s)) is expected


@pytest.mark.parametrize(
    ("text", "confidence", "no_speech", "expected"),
    [
        ("Luna?", -0.42, 0.18, False),
        ("Luna, Rex.", -0.1, 0.02, False),
        ("Luna, Rex, Sage.", -0.8, 0.1, True),
        ("Old Sage.", -0.7, 0.1, True),
        ("Luna.", -0.2, 0.5, True),
        ("Luna, tell me.", -0.8, 0.1, False),
    ],
)
def test_text_of_hints_alone_needs_confidence(
    text: str, confidence: float, no_speech: float, *, expected: bool
) -> None:
    hinted = words_of(["Luna", "Rex", "Old Sage"])
    assert is_noise(Spoken(text, confidence, no_speech, 0.8), hinted) is expected


def test_text_is_no_noise_for_lack_of_hints() -> None:
    assert not is_noise(Spoken("Luna?", -0.8, 0.1, 0.8))
