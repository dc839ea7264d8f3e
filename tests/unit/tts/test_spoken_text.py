from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertulia_tts.spoken_text import segments, speakable


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("plain words, as they are.", "plain words, as they are."),
        ("a\0b\x1b[31m c", "a b [31m c"),
        ("lone \ud800 surrogate", "lone surrogate"),
        ("*waves* a **bold** `code` hi_there", "waves a bold code hi there"),
        ("2 * 3 is 6", "2 * 3 is 6"),
        ("two\n\nlines\t and  gaps ", "two lines and gaps"),
        ("你好，世界。 😀", "你好，世界。 😀"),
        (" \n\t\0", ""),
    ],
)
def test_control_characters_and_markdown_emphasis_are_removed_from_spoken_text(text: str, spoken: str) -> None:
    assert speakable(text) == spoken


def test_short_text_is_one_segment() -> None:
    assert segments("A sentence, with a comma. And another.") == ["A sentence, with a comma. And another."]


def test_long_text_is_split_at_the_end_of_a_clause() -> None:
    assert segments("one two three, four five six seven", max_chars=20) == ["one two three,", "four five six seven"]


def test_text_without_clauses_is_split_between_words() -> None:
    assert segments("one two three four", max_chars=10) == ["one two", "three four"]


def test_text_without_spaces_is_split_at_the_maximum_length() -> None:
    assert segments("a" * 25, max_chars=10) == ["a" * 10, "a" * 10, "a" * 5]


def test_chinese_text_is_split_at_chinese_punctuation() -> None:
    assert segments("你好世界。你好世界。你好", max_chars=8) == ["你好世界。", "你好世界。你好"]


def test_empty_text_has_no_segments() -> None:
    assert segments("  ") == []


@given(st.text(alphabet=" ab,.。—*\0", max_size=400), st.integers(4, 60))
def test_segments_contain_every_word_and_are_at_most_as_long_as_the_maximum(text: str, max_chars: int) -> None:
    parts = segments(text, max_chars)
    assert "".join("".join(parts).split()) == "".join(text.split())
    assert all(0 < len(part) <= max_chars for part in parts)
