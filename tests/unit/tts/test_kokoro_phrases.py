from __future__ import annotations

import pytest

from tertulia_tts.engines.kokoro.phrases import (
    FIRST_PHRASE_CHARS,
    MAX_PHRASE_CHARS,
    MIN_REST_CHARS,
    REAL_TIME_FACTOR,
    phrases,
)

TEXT = (
    "Good morning, my dear friend, the sea was calm, and the old keeper told me a story, which I have forgotten, alas."
)
LATER = 9
"""A sentence that is far from the beginning of its message."""


def test_first_sentence_is_cut_at_the_first_clause_with_enough_characters() -> None:
    assert phrases(TEXT, 0)[0] == "Good morning, my dear friend,"
    assert len("Good morning,") < FIRST_PHRASE_CHARS


def test_phrases_join_to_the_whole_sentence() -> None:
    for index in range(4):
        assert " ".join(phrases(TEXT, index)) == TEXT


def test_each_phrase_is_made_while_the_ones_before_are_played() -> None:
    parts = phrases(TEXT, 0)
    assert len(parts) > 2
    heard_at = REAL_TIME_FACTOR * len(parts[0])  # in characters, as if each takes a unit of time to play
    played_until = heard_at + len(parts[0])
    made_at = heard_at
    for part in parts[1:]:
        made_at += REAL_TIME_FACTOR * len(part)
        assert made_at <= played_until
        played_until += len(part)


def test_clause_that_is_too_long_to_be_made_in_time_is_not_cut() -> None:
    long = "and the old keeper told me a very long story about a ship that never came home again"
    assert phrases(f"I was just thinking, {long}.", 0) == ["I was just thinking,", f"{long}."]


def test_later_sentences_begin_with_longer_phrases() -> None:
    firsts = [len(phrases(TEXT, index)[0]) for index in range(4)]
    assert firsts == sorted(firsts)
    assert phrases(TEXT, LATER) == [TEXT]


def test_sentence_without_a_clause_end_is_one_phrase() -> None:
    text = "I would like to know what you think about the weather of this week"
    assert phrases(text, 0) == [text]


def test_short_rest_is_not_cut_off() -> None:
    text = "I was just thinking of you, Luna."
    assert len(", Luna.") < MIN_REST_CHARS
    assert phrases(text, 0) == [text]


def test_no_phrase_is_longer_than_the_limit() -> None:
    parts = phrases("and so on " * 100, LATER)
    assert max(map(len, parts)) <= MAX_PHRASE_CHARS


@pytest.mark.parametrize("text", ["", "...", "?!"])
def test_text_without_words_has_no_phrases(text: str) -> None:
    assert phrases(text, 0) == []
