from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertulia_llm.text.heard import heard_part

FOX = "The quick brown fox, they say."
TEXTS = st.text(alphabet="ab é,.'-\n今日。สั👍", max_size=30)


@pytest.mark.parametrize(
    ("written", "duration_ms", "played_ms", "heard"),
    [
        ("Hello there. ", 1000, -5, ""),
        ("Hello there. ", 1000, 0, ""),
        ("Hello there. ", 1000, 499, ""),  # half of ten letters
        ("Hello there. ", 1000, 500, "Hello"),
        ("Hello there. ", 1000, 999, "Hello"),
        ("Hello there. ", 1000, 1000, "Hello there. "),
        (FOX, 2400, 840, "The quick"),
        (FOX, 2400, 1700, "The quick brown fox,"),
        (FOX, 2400, 2399, "The quick brown fox, they"),
        (FOX, 2400, 2400, FOX),
        (FOX, 2400, 99_999, FOX),
        ("今日は、いい天気です。", 900, 300, "今日は、"),
        ("今日は、いい天気です。", 900, 899, "今日は、いい天気で"),
        ("สวัสดี", 600, 300, "สวั"),
        ("Lost. ", 0, 0, ""),
    ],
)
def test_heard_part_ends_after_the_last_word_that_was_played(
    written: str, duration_ms: int, played_ms: int, heard: str
) -> None:
    assert heard_part(written, duration_ms, played_ms) == heard


@given(written=TEXTS, duration_ms=st.integers(0, 3000), played_ms=st.integers(0, 4000), more_ms=st.integers(0, 3000))
def test_heard_part_grows_with_the_played_time(written: str, duration_ms: int, played_ms: int, more_ms: int) -> None:
    heard = heard_part(written, duration_ms, played_ms)
    assert written.startswith(heard)
    assert heard_part(written, duration_ms, played_ms + more_ms).startswith(heard)


@given(written=TEXTS, duration_ms=st.integers(1, 3000))
def test_heard_part_is_the_whole_sentence_only_if_it_was_played_to_its_end(written: str, duration_ms: int) -> None:
    assert heard_part(written, duration_ms, duration_ms) == written
    if any(map(str.isalnum, written)):
        assert heard_part(written, duration_ms, duration_ms - 1) != written


@given(words=st.lists(st.text(alphabet="abé'", min_size=1, max_size=8), min_size=1), played_ms=st.integers(0, 1000))
def test_heard_part_has_only_complete_words(words: list[str], played_ms: int) -> None:
    heard = heard_part(" ".join(words), 1000, played_ms)
    assert heard.split(" ") == words[: len(heard.split(" "))] or heard == ""
