from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertulia_llm.text.heard import SpokenSentence, heard_text

REPLY = [
    SpokenSentence("Hello there. ", 1000, complete=True),
    SpokenSentence("The quick brown fox, they say.", 2400, complete=True),
]


@pytest.mark.parametrize(
    ("played_ms", "heard"),
    [
        (-5, ""),
        (0, ""),
        (499, ""),  # half of ten letters
        (500, "Hello"),
        (999, "Hello"),
        (1000, "Hello there. "),
        (1100, "Hello there. "),
        (1000 + 840, "Hello there. The quick"),
        (1000 + 1700, "Hello there. The quick brown fox,"),
        (3399, "Hello there. The quick brown fox, they"),
        (3400, "Hello there. The quick brown fox, they say."),
        (99_999, "Hello there. The quick brown fox, they say."),
    ],
)
def test_whole_sentences_and_the_share_of_the_one_that_was_cut(played_ms: int, heard: str) -> None:
    assert heard_text(REPLY, played_ms) == heard


def test_a_sentence_without_spaces_is_cut_at_a_character() -> None:
    sentence = SpokenSentence("今日は、いい天気です。", 900, complete=True)
    assert heard_text([sentence], 300) == "今日は、"
    assert heard_text([sentence], 899) == "今日は、いい天気で"
    assert heard_text([SpokenSentence("สวัสดี", 600, complete=True)], 300) == "สวั"


def test_a_sentence_still_being_made_is_never_whole() -> None:
    first = SpokenSentence("One two three. ", 1100, complete=True)
    growing = SpokenSentence("Four five six.", 1200, complete=False)
    assert heard_text([first, growing], 1100 + 500) == "One two three. Four"
    assert heard_text([first, growing], 1100 + 1200) == "One two three. Four five"
    assert heard_text([first, growing, first], 99_999) == "One two three. Four five"


def test_a_sentence_still_being_made_is_not_taken_for_shorter_than_it_will_be() -> None:
    pace = SpokenSentence("abcdefghij. ", 1000, complete=True)
    growing = SpokenSentence("abcde fghij klmno pqrst", 500, complete=False)
    assert heard_text([pace, growing], 1500) == "abcdefghij. abcde"


def test_a_sentence_without_audio_is_passed_over() -> None:
    silent = SpokenSentence("Lost. ", 0, complete=True)
    assert heard_text([silent, *REPLY], 1000) == "Lost. Hello there. "
    assert heard_text([silent], 0) == ""
    assert heard_text([], 1000) == ""


SENTENCES = st.lists(
    st.builds(
        SpokenSentence,
        written=st.text(alphabet="ab é,.'-\n今日。สั👍", max_size=30),
        duration_ms=st.integers(0, 3000),
        complete=st.sampled_from([True, True, True, False]),
    ),
    max_size=5,
)


@given(sentences=SENTENCES, played_ms=st.integers(0, 12_000), more_ms=st.integers(0, 3000))
def test_what_was_heard_is_a_beginning_that_only_grows(
    sentences: list[SpokenSentence], played_ms: int, more_ms: int
) -> None:
    written = "".join(sentence.written for sentence in sentences)
    heard = heard_text(sentences, played_ms)
    assert written.startswith(heard)
    assert heard_text(sentences, played_ms + more_ms).startswith(heard)


@given(sentences=SENTENCES)
def test_a_reply_played_to_its_end_is_heard_whole(sentences: list[SpokenSentence]) -> None:
    complete = [SpokenSentence(sentence.written, sentence.duration_ms, complete=True) for sentence in sentences]
    total_ms = sum(sentence.duration_ms for sentence in complete)
    assert heard_text(complete, max(total_ms, 1)) == "".join(sentence.written for sentence in sentences)


@given(words=st.lists(st.text(alphabet="abé'", min_size=1, max_size=8), min_size=1), played_ms=st.integers(0, 1000))
def test_no_word_is_heard_in_part(words: list[str], played_ms: int) -> None:
    heard = heard_text([SpokenSentence(" ".join(words), 1000, complete=True)], played_ms)
    assert heard.split(" ") == words[: len(heard.split(" "))] or heard == ""
