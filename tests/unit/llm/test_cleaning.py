"""`StreamCleaner` gives the same result as `clean_text` for the whole text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tertulia_llm.text.cleaning import StreamCleaner
from tertulia_shared.text import clean_text

PIECES = st.lists(st.text(st.sampled_from("ab\r\n\x00\x92\u2028\ud83d\ude00\x7f\t "), max_size=4), max_size=8)


@given(pieces=PIECES)
def test_text_in_pieces_is_cleaned_like_the_whole_text(pieces: list[str]) -> None:
    cleaner = StreamCleaner()
    assert "".join([*map(cleaner.feed, pieces), cleaner.finish()]) == clean_text("".join(pieces))
