"""The texts of the pieces of a turn become one text."""

from __future__ import annotations

import pytest

from tertulia_stt.engine import Writing
from tertulia_stt.joining import join_pieces

WHISPER = Writing(is_punctuated=True, language="en", names=("Luna", "Jean-Luc"))
SPHINX = Writing(is_punctuated=False, language="en", names=("Luna",))


@pytest.mark.parametrize(
    ("text", "piece", "joined"),
    [
        ("", "Hello.", "Hello."),
        ("Hello.", "", "Hello."),
        ("It is raining.", "What do you think?", "It is raining. What do you think?"),
        ("I went to the", "Market and I bought apples.", "I went to the market and I bought apples."),
        ("I went to the.", "Market.", "I went to the market."),
        ("I bought apples, pears,", "And plums.", "I bought apples, pears, and plums."),
        ("I was thinking...", "About the sea.", "I was thinking... about the sea."),
        ("I want to ask", "Luna about it.", "I want to ask Luna about it."),
        ("I want to ask", "Jean-Luc.", "I want to ask Jean-Luc."),
        ("He said that", "I'm late.", "He said that I'm late."),
        ("They come from the", "USA.", "They come from the USA."),
    ],
)
def test_piece_of_a_punctuating_recognizer_continues_an_unfinished_sentence_in_lower_case(
    text: str, piece: str, joined: str
) -> None:
    assert join_pieces(text, piece, WHISPER) == joined


@pytest.mark.parametrize(
    ("text", "piece", "joined"),
    [
        ("Good morning", "Tell me a story", "Good morning tell me a story"),
        ("Good morning", "Luna", "Good morning Luna"),
        ("Well", "I think so", "Well I think so"),
    ],
)
def test_piece_of_a_recognizer_without_punctuation_is_always_a_continuation(text: str, piece: str, joined: str) -> None:
    assert join_pieces(text, piece, SPHINX) == joined


def test_piece_after_a_cut_is_a_continuation_even_if_the_recognizer_wrote_a_full_stop() -> None:
    assert (
        join_pieces("It went on and on.", "Until the end.", WHISPER, is_cut=True) == "It went on and on until the end."
    )


def test_german_pieces_keep_their_capitals_because_nouns_have_them() -> None:
    german = Writing(is_punctuated=True, language="de")
    assert join_pieces("Ich ging zum.", "Markt.", german) == "Ich ging zum Markt."


def test_japanese_and_chinese_pieces_are_joined_without_a_space() -> None:
    assert join_pieces("今日は", "天気がいい。", Writing(is_punctuated=True, language="ja")) == "今日は天気がいい。"
