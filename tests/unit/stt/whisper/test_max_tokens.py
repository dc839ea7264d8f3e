"""The bound for the length of a text: it stops a loop, and must not cut what was said."""

from __future__ import annotations

import pytest

from tertulia_stt.engines.whisper.model import max_tokens

TOKENS_OF_FAST_SPEECH = {"en": 6.5, "de": 5, "ru": 6, "ja": 9, "ar": 9, "th": 13, "ta": 19, "hi": 20}
"""Tokens for each second, counted in sentences of each language with the vocabulary of Whisper base."""


@pytest.mark.parametrize("language", TOKENS_OF_FAST_SPEECH)
@pytest.mark.parametrize("seconds", [1, 3, 9])
def test_fast_speech_fits_into_the_bound(language: str, seconds: int) -> None:
    assert max_tokens(seconds * 16_000, language) >= TOKENS_OF_FAST_SPEECH[language] * seconds


def test_loop_in_english_ends_soon() -> None:
    assert max_tokens(16_000, "en") == 28
    assert max_tokens(28 * 16_000, "en") == 224
