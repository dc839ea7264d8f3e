"""Texts that end with words which take the rest back."""

from __future__ import annotations

import pytest

from tertulia_stt.taking_back import takes_itself_back

NAMES = ("Luna", "Rex")


@pytest.mark.parametrize(
    "text",
    [
        "Tell me a story. Never mind.",
        "tell me a story never mind",
        "Where do you live no never mind",
        "luna what is the meaning of life oh sorry never mind",
    ],
)
def test_last_words_take_a_finished_sentence_back(text: str) -> None:
    assert takes_itself_back(text, NAMES)


@pytest.mark.parametrize(
    "text",
    [
        "never mind",
        "why do you never mind",
        "some people never mind",
        "I went to the market and never mind",
        "tell me a story stop",
        "where did you forget it",
        "tell me a story about a cat that sleeps all day and what it dreams of never mind",
        "",
    ],
)
def test_other_text_does_not_take_itself_back(text: str) -> None:
    assert not takes_itself_back(text, NAMES)
