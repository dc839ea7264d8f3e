"""Which sentences are spoken when a message is replayed."""

from __future__ import annotations

import pytest

from tertulia_gateway.rest.replay_text import MAX_PART_CHARS, KnownSentence, Part, parts_to_speak, plain_sentences

KNOWN = (
    KnownSentence(0, "One.", "*One.* "),
    KnownSentence(1, "", ""),
    KnownSentence(2, "Two three.", "2 3.\n"),
    KnownSentence(3, "", "😀"),
)


def test_known_sentences_are_spoken_as_they_were_and_discarded_ones_are_not() -> None:
    assert parts_to_speak("*One.* 2 3.\n😀", KNOWN) == [Part(0, "One."), Part(2, "Two three.")]


def test_interrupted_reply_ends_with_the_text_that_was_heard() -> None:
    assert parts_to_speak("*One.* 2", KNOWN) == [Part(0, "One."), Part(1, "2")]
    assert parts_to_speak("", KNOWN) == []


def test_text_without_known_sentences_is_split_and_has_no_markup() -> None:
    text = "# Tea\n\nBoil **water**. See [this](http://x.test)!\n```\ncode\n```\n- Pour… 好。行！ ***"
    assert [part.text for part in parts_to_speak(text, ())] == [
        "Tea", "Boil water .", "See this!", "Pour…", "好。", "行！",
    ]  # fmt: skip
    assert [part.index for part in parts_to_speak("A. B.", ())] == [0, 1]


@pytest.mark.parametrize("text", ["word " * 400, "x" * 1_000])
def test_long_sentence_is_split_without_loss(text: str) -> None:
    parts = plain_sentences(text)
    assert max(map(len, parts)) <= MAX_PART_CHARS
    assert "".join(parts).replace(" ", "") == text.replace(" ", "")
