from __future__ import annotations

from tertulia_llm.turn_rows import TITLE_CHARS, title_of


def test_title_of_a_conversation_is_its_first_message_in_one_line() -> None:
    assert title_of("  Hello\n there  ") == "Hello there"
    assert title_of("") == ""


def test_long_title_ends_after_a_whole_word() -> None:
    title = title_of("word " * 40)
    assert title.endswith("word…")
    assert len(title) <= TITLE_CHARS
    assert len(title_of("x" * 300)) <= TITLE_CHARS
