from __future__ import annotations

import itertools
from collections.abc import Sequence

from tertulia_llm.history.heard import SAMPLES_PER_MS, SPOKEN_MS_PER_CHAR, heard_text
from tertulia_shared.entries import AudioChunk, Receipt

WRITTEN = ("Hello there, Jay. ", "I was counting the stars!")
SPOKEN = ("Hello there, Jay.", "I was counting the stars!")
CHUNK_MS = 100
TONE = b"\x00\x10\x00\xf0" * (CHUNK_MS * SAMPLES_PER_MS // 2)
SILENCE = b"\1\0" * (CHUNK_MS * SAMPLES_PER_MS)
TALKING = (TONE,) * 10


def heard(
    sentence: int,
    chunk: int,
    *,
    next_ms: int = 0,
    complete: bool = True,
    sounds: Sequence[Sequence[bytes]] = (TALKING, TALKING),
) -> str:
    receipt = Receipt("m", sentence, chunk, 0, next_ms * SAMPLES_PER_MS)
    audio = [
        AudioChunk(pcm, number, at, "c", "m", "luna")
        for number, chunks in enumerate(sounds)
        if number >= min(sentence, 1)
        for at, pcm in enumerate(chunks)
    ]
    return heard_text(WRITTEN, SPOKEN, receipt, audio, complete=complete)


def test_heard_text_has_the_complete_sentences_and_the_played_words_of_the_last_one() -> None:
    assert heard(1, 4) == "Hello there, Jay. I was"
    assert heard(1, 9) == "".join(WRITTEN)


def test_heard_text_includes_the_words_of_the_part_of_the_next_chunk_that_was_played() -> None:
    # the sentence has 20 letters in 1000 ms: "counting" ends after 600 ms
    assert heard(1, 4, next_ms=CHUNK_MS - 1) == "Hello there, Jay. I was"
    assert heard(1, 4, next_ms=CHUNK_MS) == "Hello there, Jay. I was counting"
    assert heard(1, 2, next_ms=3 * CHUNK_MS) == "Hello there, Jay. I was counting"


def test_played_part_of_the_next_chunk_may_be_of_the_next_sentence() -> None:
    # "I" ends after 50 ms
    assert heard(0, 9, next_ms=49) == "Hello there, Jay. "
    assert heard(0, 9, next_ms=50) == "Hello there, Jay. I"
    assert heard(0, 8, next_ms=CHUNK_MS + 50) == "Hello there, Jay. I"


def test_samples_after_the_last_chunk_that_exists_do_not_count() -> None:
    assert heard(1, 9, next_ms=900, complete=False) == heard(1, 9, complete=False)


def test_heard_text_grows_with_the_position_of_the_receipt() -> None:
    places = itertools.product(range(2), range(10), range(0, CHUNK_MS, 10))
    heards = [heard(sentence, chunk, next_ms=next_ms) for sentence, chunk, next_ms in places]
    for before, after in itertools.pairwise(heards):
        assert after.startswith(before)
    assert all("".join(WRITTEN).startswith(text) for text in heards)


def test_duration_of_incomplete_audio_is_estimated_from_the_text() -> None:
    assert len(SPOKEN[1]) * SPOKEN_MS_PER_CHAR > 1000
    assert heard(1, 9, complete=False) != "".join(WRITTEN)


def test_receipt_beyond_the_last_sentence_counts_as_one_for_the_last_sentence() -> None:
    assert heard(7, 9) == "".join(WRITTEN)


def test_words_take_no_time_in_a_pause() -> None:
    # "I was " in 300 ms, a pause of 400 ms, "counting the stars!" in 700 ms
    paused = (*TALKING[:3], *[SILENCE] * 4, *TALKING[:7])
    for chunk in range(2, 6):
        assert heard(1, chunk, sounds=(TALKING, paused)) == "Hello there, Jay. I was"
    assert heard(1, 9, sounds=(TALKING, paused)) == "Hello there, Jay. I was counting"


def test_all_words_of_a_sentence_were_heard_when_the_silence_after_it_begins() -> None:
    ended = (*TALKING, SILENCE, SILENCE)
    assert heard(0, 9, sounds=(ended, TALKING)) == WRITTEN[0]
    assert heard(0, 8, sounds=(ended, TALKING)) != WRITTEN[0]


def test_message_that_was_cut_off_in_the_silence_at_its_end_was_not_heard_to_its_end() -> None:
    ended = (*TALKING, SILENCE, SILENCE)
    assert heard(1, 9, sounds=(TALKING, ended)) == "Hello there, Jay. I was counting the"
    assert heard(1, 11, sounds=(TALKING, ended)) == "".join(WRITTEN)


def test_sentence_without_sound_counts_by_its_length() -> None:
    assert heard(1, 4, sounds=(TALKING, [bytes(len(TONE))] * 10)) == "Hello there, Jay. I was"
