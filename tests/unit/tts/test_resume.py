from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertulia_shared.entries import AudioChunk
from tertulia_tts.resume import ResumePoint, resume_after

MS = 48  # bytes per millisecond, s16le mono at 24 kHz


def chunk(sentence: int, number: int, *, ms: int = 100, begins_ms: int = 0, text_at: int = 0) -> AudioChunk:
    ids = ("conversation", "message", "character")
    return AudioChunk(bytes(ms * MS), sentence, number, *ids, text_at=text_at, begins_at=begins_ms * MS // 2)


def resumed(last: AudioChunk | None) -> ResumePoint:
    return resume_after(last, engine="espeak", first_ms=40, rest_ms=80)


def test_message_without_published_chunks_is_resumed_at_the_beginning() -> None:
    assert resumed(None) == ResumePoint(sentence_index=0)


def test_message_is_resumed_in_the_last_published_sentence_after_its_published_sound() -> None:
    point = resumed(chunk(2, 4, ms=160, begins_ms=360))
    assert point.sentence_index == 2
    assert point.chunks_before(2) == 5
    assert point.bytes_before(2) == 520 * MS


def test_first_chunk_of_a_sentence_begins_at_its_first_sample() -> None:
    point = resumed(chunk(0, 0, ms=336))
    assert (point.chunks_before(0), point.bytes_before(0)) == (1, 336 * MS)


def test_chunk_of_an_older_release_lies_after_chunks_of_the_configured_lengths() -> None:
    assert resumed(chunk(0, 3, ms=80)).bytes_before(0) == (40 + 3 * 80) * MS


def test_nothing_of_a_sentence_after_the_resume_point_is_skipped() -> None:
    point = resumed(chunk(2, 4, begins_ms=360))
    assert (point.chunks_before(3), point.bytes_before(3)) == (0, 0)


def test_chunks_before_refuses_a_sentence_before_the_resume_point() -> None:
    with pytest.raises(ValueError, match="continue with sentence 2"):
        resumed(chunk(2, 4, begins_ms=360)).chunks_before(1)


@given(st.lists(st.integers(1, 336), min_size=1, max_size=12), st.data())
def test_resume_loses_and_repeats_no_sample(lengths_ms: list[int], data: st.DataObject) -> None:
    published = data.draw(st.integers(1, len(lengths_ms)))
    begin = sum(lengths_ms[: published - 1])
    point = resumed(chunk(0, published - 1, ms=lengths_ms[published - 1], begins_ms=begin or 0))
    if begin or published == 1:
        assert point.bytes_before(0) == sum(lengths_ms[:published]) * MS
    assert point.chunks_before(0) == published


def test_position_in_the_text_is_kept() -> None:
    assert resumed(chunk(1, 2, begins_ms=120, text_at=17)).text_at == 17
