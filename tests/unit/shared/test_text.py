"""The cleaning of text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertulia_shared.text import clean_line, clean_text, is_clean_line, is_clean_text

ANY_TEXT = st.text(st.characters(exclude_categories=()))


@pytest.mark.parametrize(
    ("given_text", "cleaned"),
    [
        ("It\x92s late", "It’s late"),
        ("\x93quoted\x94 \x96 yes", "“quoted” – yes"),
        ("\x81\x7f\x00a", "a"),
        ("one\r\ntwo\rthree\u2028four\x85 five\x0bsix", "one\ntwo\nthree\nfour… five\nsix"),
        ("\ud83d\ude00", "😀"),
        ("half \ud83d", "half �"),
        ("tab\tand\nline", "tab\tand\nline"),
        ("Grüße, 世界", "Grüße, 世界"),
    ],
    ids=["apostrophe", "quotes", "dropped", "line-ends", "pair", "half", "kept", "letters"],
)
def test_clean_text_replaces_or_drops_each_kind_of_unwanted_character(given_text: str, cleaned: str) -> None:
    assert clean_text(given_text) == cleaned


def test_clean_line_turns_each_run_of_white_space_into_one_space() -> None:
    assert clean_line("  a\tb\r\n c\u2029") == "a b c"


@given(ANY_TEXT)
def test_cleaning_clean_text_changes_nothing(text: str) -> None:
    assert is_clean_text(clean_text(text))
    assert is_clean_line(clean_line(text))
    assert clean_line(clean_line(text)) == clean_line(text)


@given(ANY_TEXT)
def test_cleaned_text_is_encodable_and_not_longer_than_the_original(text: str) -> None:
    cleaned = clean_text(text)
    cleaned.encode()
    assert len(cleaned) <= len(text)
    assert "\x00" not in cleaned
