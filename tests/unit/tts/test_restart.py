"""Where a sentence continues if its sound cannot be repeated."""

from __future__ import annotations

import pytest

from tertulia_tts.restart import SpokenText, restart_at

TEXT = "I went to the market, bought some apples, and came home."
MS = 48
"""Bytes of a millisecond of sound."""


@pytest.mark.parametrize(
    ("spoken", "rest"),
    [
        (0, TEXT),
        (20, TEXT),
        (21, " bought some apples, and came home."),
        (40, " bought some apples, and came home."),
        (41, " and came home."),
        (len(TEXT) - 1, " and came home."),
        (len(TEXT), ""),
        (len(TEXT) + 9, ""),
        (-3, TEXT),
    ],
)
def test_sentence_continues_at_the_last_clause_that_was_certainly_begun(spoken: int, rest: str) -> None:
    assert TEXT[restart_at(TEXT, spoken) :] == rest


def test_chinese_sentence_continues_after_its_comma() -> None:
    assert restart_at("我去了市场，买了苹果。", 7) == 6


@pytest.mark.parametrize(("text", "usual_ms"), [(TEXT, 65), ("我去了市场买了苹果然后回家了", 220), ("1234567890", 400)])
def test_estimate_is_below_what_a_usual_voice_has_spoken(text: str, usual_ms: int) -> None:
    spoken = SpokenText(text)
    for characters in range(1, len(text)):
        assert spoken.spoken(usual_ms * MS) <= characters
    assert spoken.spoken(0) > len(text) // 4


def test_estimate_does_not_depend_on_the_sizes_of_chunks() -> None:
    whole, parts = SpokenText(TEXT), SpokenText(TEXT)
    expected = whole.spoken(3000 * MS)
    for _ in range(99):
        parts.spoken(30 * MS)
    assert parts.spoken(30 * MS) == expected


def test_silence_at_the_beginning_is_not_counted() -> None:
    spoken = SpokenText(TEXT, start=21, silence_ms=200)
    assert spoken.spoken(200 * MS) == 21
    assert spoken.spoken(1000 * MS) == 31


def test_only_the_end_of_the_sentence_counts_as_all_of_it() -> None:
    spoken = SpokenText(TEXT)
    assert spoken.spoken(100_000 * MS) == len(TEXT) - 1
    assert spoken.end == len(TEXT)
