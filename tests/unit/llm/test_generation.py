from __future__ import annotations

from tertulia_llm.generation import reply_seed
from tertulia_llm.turn_rows import TITLE_CHARS, title_of


def test_a_title_is_the_first_message_on_one_line() -> None:
    assert title_of("  Hello\n there  ") == "Hello there"
    assert title_of("") == ""


def test_a_long_title_ends_at_a_word() -> None:
    title = title_of("word " * 40)
    assert title.endswith("word…")
    assert len(title) <= TITLE_CHARS
    assert len(title_of("x" * 300)) <= TITLE_CHARS


def test_the_seed_is_the_same_for_whoever_asks_and_fits_a_signed_integer() -> None:
    assert reply_seed("a") == reply_seed("a") != reply_seed("b")
    assert all(0 <= reply_seed(str(n)) < 2**31 for n in range(100))
