from __future__ import annotations

import itertools

from tertulia_llm.history.heard import BYTES_PER_MS, SPOKEN_MS_PER_CHAR, heard_text
from tertulia_shared.entries import Receipt

WRITTEN = ("Hello there, Jay. ", "I was counting the stars!")
SPOKEN = ("Hello there, Jay.", "I was counting the stars!")
CHUNKS = [100 * BYTES_PER_MS] * 10


def receipt(sentence: int, chunk: int, message_id: str = "m") -> Receipt:
    return Receipt(message_id, sentence, chunk, 0)


def heard(sentence: int, chunk: int, *, complete: bool = True) -> str:
    return heard_text(WRITTEN, SPOKEN, receipt(sentence, chunk), CHUNKS, complete=complete)


def test_heard_text_has_the_complete_sentences_and_the_played_words_of_the_last_one() -> None:
    assert heard(1, 4) == "Hello there, Jay. I was"
    assert heard(1, 9) == "".join(WRITTEN)


def test_heard_text_grows_with_the_position_of_the_receipt() -> None:
    heards = [heard(sentence, chunk) for sentence in (0, 1) for chunk in range(10)]
    for before, after in itertools.pairwise(heards):
        assert after.startswith(before)
    assert all("".join(WRITTEN).startswith(text) for text in heards)


def test_duration_of_incomplete_audio_is_estimated_from_the_text() -> None:
    assert len(SPOKEN[1]) * SPOKEN_MS_PER_CHAR > 1000
    assert heard(1, 9, complete=False) != "".join(WRITTEN)


def test_receipt_beyond_the_last_sentence_counts_as_one_for_the_last_sentence() -> None:
    assert heard(7, 9) == "".join(WRITTEN)
