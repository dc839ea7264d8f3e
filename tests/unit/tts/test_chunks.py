from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertulia_tts.chunks import LONGEST_BYTES, Chunker, ChunkLengths

MS = 48  # bytes per millisecond, s16le mono at 24 kHz


def pcm(ms: int) -> bytes:
    return bytes(index % 251 for index in range(ms * MS))


def chunker_of(first_ms: int = 40, rest_ms: int = 100) -> Chunker:
    return Chunker(ChunkLengths(first_ms, rest_ms))


def chunks_of(chunker: Chunker, pieces: list[bytes], lead_s: float = 0.0) -> list[bytes]:
    return [chunk for piece in pieces for chunk in chunker.feed(piece, lead_s)] + chunker.finish()


def lengths_ms(lengths: ChunkLengths, leads_s: list[float]) -> list[int]:
    return [lengths.next(lead_s, is_first=number == 0) // MS for number, lead_s in enumerate(leads_s)]


def test_chunks_stay_short_while_the_listener_has_no_sound_left() -> None:
    assert lengths_ms(ChunkLengths(40, 80), [0.0] * 5) == [40, 78, 78, 78, 78]


def test_chunks_double_up_to_the_longest_while_the_lead_is_long() -> None:
    lengths = lengths_ms(ChunkLengths(40, 80), [0.0, 3.0, 3.0, 3.0, 3.0, 3.0, 3.0])
    assert lengths == [40, 78, 142, 248, 419, 675, 1187]


def test_chunk_is_not_longer_than_the_lead() -> None:
    assert lengths_ms(ChunkLengths(40, 80), [0.0, 0.04, 0.12, 0.15, 0.05]) == [40, 78, 99, 142, 78]


def test_long_chunk_is_not_longer_than_half_the_lead() -> None:
    assert lengths_ms(ChunkLengths(40, 200), [9.0, 0.5, 0.66, 0.8, 0.9]) == [200, 334, 334, 334, 419]


def test_sentence_that_begins_with_a_lead_has_no_short_first_chunk() -> None:
    lengths = ChunkLengths(40, 80)
    lengths_ms(lengths, [0.0, 1.0, 1.0])
    assert lengths_ms(lengths, [1.0]) == [248]


def test_sentence_that_begins_without_a_lead_has_a_short_first_chunk() -> None:
    lengths = ChunkLengths(40, 80)
    lengths_ms(lengths, [0.0, 1.0, 1.0])
    assert lengths_ms(lengths, [0.0, 1.0, 1.0]) == [40, 78, 142]


def test_first_chunk_of_a_sentence_with_a_long_lead_is_as_long_as_the_others() -> None:
    assert lengths_ms(ChunkLengths(40, 200), [9.0] * 5) == [200, 334, 590, 1016, 1187]


def test_chunks_that_are_complete_at_once_count_for_the_lead() -> None:
    chunks = chunks_of(chunker_of(40, 80), [pcm(1500)])
    assert [len(chunk) // MS for chunk in chunks] == [40, 78, 99, 163, 291, 334, 419, 74]


@given(
    st.binary(max_size=180_000), st.lists(st.integers(1, 6_000), max_size=40), st.lists(st.floats(0, 3), min_size=41)
)
def test_chunks_hold_all_the_sound_and_none_is_empty(audio: bytes, sizes: list[int], leads_s: list[float]) -> None:
    audio = audio[: len(audio) // 2 * 2]
    chunker = chunker_of()
    chunks: list[bytes] = []
    at = 0
    for size, lead_s in zip([*sizes, len(audio)], leads_s, strict=False):
        chunks += chunker.feed(audio[at : at + size * 2], lead_s)
        at += size * 2
    chunks += chunker.finish()
    assert b"".join(chunks) == audio
    assert all(len(chunk) <= LONGEST_BYTES for chunk in chunks)
    assert all(chunks)


def test_chunk_is_returned_as_soon_as_it_is_complete() -> None:
    chunker = chunker_of(40, 100)
    assert chunker.feed(pcm(39)) == []
    assert [len(chunk) for chunk in chunker.feed(pcm(1))] == [40 * MS]
    assert chunker.feed(bytes(4_766)) == []
    assert [len(chunk) for chunk in chunker.feed(bytes(2))] == [4_768]
    assert chunker.finish() == []


@pytest.mark.parametrize(("rest_ms", "taken"), [(80, 3_744), (100, 4_768), (78, 3_744), (90, 90 * MS), (200, 200 * MS)])
def test_short_chunks_are_a_little_shorter_than_set_if_they_then_fit_redis_memory(rest_ms: int, taken: int) -> None:
    assert ChunkLengths(40, rest_ms).next(0.0, is_first=False) == taken


def test_piece_as_long_as_a_chunk_is_returned_without_a_copy() -> None:
    chunker = chunker_of(90, 90)
    for piece in (pcm(90), pcm(90)):
        (chunk,) = chunker.feed(piece)
        assert chunk is piece


def test_empty_audio_yields_no_chunk() -> None:
    assert chunks_of(chunker_of(), [b"", b""]) == []


def test_pcm_with_an_incomplete_sample_is_refused() -> None:
    with pytest.raises(ValueError, match="whole 16-bit samples, not 3 bytes"):
        chunker_of().feed(b"abc")


@pytest.mark.parametrize("ms", [0, 19, 201])
def test_chunk_length_out_of_range_is_refused(ms: int) -> None:
    with pytest.raises(ValueError, match=f"first_ms must be 20 to 200 ms, not {ms}"):
        ChunkLengths(first_ms=ms)
    with pytest.raises(ValueError, match=f"rest_ms must be 20 to 200 ms, not {ms}"):
        ChunkLengths(rest_ms=ms)
