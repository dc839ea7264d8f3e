from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tertulia_tts.engine import EngineUnavailable
from tertulia_tts.engines.espeak.library import speak
from tertulia_tts.engines.espeak.voices import ESPEAK_VOICES
from tertulia_tts.engines.kokoro.phonemes import phonemes
from tertulia_tts.engines.kokoro.voices import KOKORO_VOICES

AMERICAN = "gmw/en-US"


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("Well, hello (you)!", AMERICAN, "wˈɛl, həlˈO (ju)!"),
        ("Buongiorno! La pizza è pronta.", "roa/it", "bʊonʤˈɔrno! la pˈiʦːa e prˈonta."),
        ("¿Qué hora es?", "roa/es", "kˈe ˈoɾa ˈes?"),
    ],
)
def test_phonemes_keep_the_punctuation(text: str, language: str, expected: str) -> None:
    assert phonemes(text, language) == expected


def test_point_of_a_number_is_no_punctuation_mark() -> None:
    assert "pYnt" in phonemes("3.5", AMERICAN)
    assert "." not in phonemes("3.5", AMERICAN)


def test_marks_of_a_language_switch_are_removed() -> None:
    assert "(" not in phonemes("le week-end", "roa/fr")


def test_text_of_punctuation_has_no_letters() -> None:
    assert not any(sign.isalpha() for sign in phonemes("?!...", AMERICAN))


def test_every_language_of_the_voices_has_phonemes() -> None:
    for language in {known.language for known in KOKORO_VOICES}:
        assert phonemes("Luna", language)


def test_unknown_language_names_the_voice_that_is_missing() -> None:
    with pytest.raises(EngineUnavailable, match="no voice 'xx/nowhere'"):
        phonemes("Luna", "xx/nowhere")


def test_phonemes_are_the_same_while_espeak_speaks_in_another_thread() -> None:
    text = "I was just thinking about lunch."
    expected = phonemes(text, AMERICAN)
    with ThreadPoolExecutor(2) as threads:
        speaking = [threads.submit(speak, ESPEAK_VOICES[0], text, 1, lambda _: True) for _ in range(10)]
        assert {phonemes(text, AMERICAN) for _ in range(10)} == {expected}
        for one in speaking:
            one.result()
