from __future__ import annotations

import pytest

from tertulia_tts.resume import AudioPosition, ResumePoint, resume_after


def test_message_without_published_chunks_is_resumed_at_the_beginning() -> None:
    assert resume_after(None) == ResumePoint(sentence_index=0, skip_chunks=0)


def test_message_is_resumed_in_the_last_published_sentence_after_its_published_chunks() -> None:
    point = resume_after(AudioPosition(sentence_index=2, chunk_index=4))
    assert point.sentence_index == 2
    assert point.chunks_to_skip(2) == 5


def test_no_chunk_of_a_sentence_after_the_resume_point_is_skipped() -> None:
    assert resume_after(AudioPosition(2, 4)).chunks_to_skip(3) == 0


def test_chunks_to_skip_refuses_a_sentence_before_the_resume_point() -> None:
    with pytest.raises(ValueError, match="continue with sentence 2"):
        resume_after(AudioPosition(2, 4)).chunks_to_skip(1)


def test_resume_publishes_exactly_the_missing_chunks() -> None:
    message = [[(sentence, chunk) for chunk in range(3)] for sentence in range(3)]
    everything = [entry for sentence in message for entry in sentence]
    for done in range(len(everything) + 1):
        published = everything[:done]
        point = resume_after(AudioPosition(*published[-1]) if published else None)
        for sentence in range(point.sentence_index, len(message)):
            published += message[sentence][point.chunks_to_skip(sentence) :]
        assert published == everything


@pytest.mark.parametrize(("sentence", "chunk"), [(-1, 0), (0, -1)])
def test_audio_position_with_a_negative_index_is_refused(sentence: int, chunk: int) -> None:
    with pytest.raises(ValueError, match="count from 0"):
        AudioPosition(sentence, chunk)
