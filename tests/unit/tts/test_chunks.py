from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertulia_tts.chunks import Chunker

MS = 48  # bytes per millisecond, s16le mono at 24 kHz


def pcm(ms: int) -> bytes:
    return bytes(index % 251 for index in range(ms * MS))


def chunks_of(chunker: Chunker, pieces: list[bytes]) -> list[bytes]:
    return [chunk for piece in pieces for chunk in chunker.feed(piece)] + chunker.finish()


def test_first_chunk_is_short_and_the_last_chunk_contains_the_remainder() -> None:
    chunks = chunks_of(Chunker(first_ms=40, rest_ms=100), [pcm(310)])
    assert [len(chunk) // MS for chunk in chunks] == [40, 100, 100, 70]


@given(st.binary(max_size=30_000), st.lists(st.integers(1, 6_000), max_size=40))
def test_chunks_do_not_depend_on_the_sizes_of_the_pcm_pieces(audio: bytes, sizes: list[int]) -> None:
    audio = audio[: len(audio) // 2 * 2]
    whole = chunks_of(Chunker(), [audio])
    pieces: list[bytes] = []
    at = 0
    for size in sizes:
        pieces.append(audio[at : at + size * 2])
        at += size * 2
    pieces.append(audio[at:])
    assert chunks_of(Chunker(), pieces) == whole
    assert b"".join(whole) == audio
    assert all(whole)


def test_chunk_is_returned_as_soon_as_it_is_complete() -> None:
    chunker = Chunker(first_ms=40, rest_ms=100)
    assert chunker.feed(pcm(39)) == []
    assert [len(chunk) for chunk in chunker.feed(pcm(1))] == [40 * MS]
    assert chunker.feed(pcm(99)) == []
    assert [len(chunk) for chunk in chunker.feed(pcm(1))] == [100 * MS]
    assert chunker.finish() == []


def test_piece_as_long_as_a_chunk_is_returned_without_a_copy() -> None:
    chunker = Chunker(first_ms=100, rest_ms=100)
    for piece in (pcm(100), pcm(100)):
        (chunk,) = chunker.feed(piece)
        assert chunk is piece


def test_empty_audio_yields_no_chunk() -> None:
    assert chunks_of(Chunker(), [b"", b""]) == []


def test_pcm_with_an_incomplete_sample_is_refused() -> None:
    with pytest.raises(ValueError, match="whole 16-bit samples, not 3 bytes"):
        Chunker().feed(b"abc")


@pytest.mark.parametrize("ms", [0, 19, 201])
def test_chunk_length_out_of_range_is_refused(ms: int) -> None:
    with pytest.raises(ValueError, match=f"first_ms must be 20 to 200 ms, not {ms}"):
        Chunker(first_ms=ms)
    with pytest.raises(ValueError, match=f"rest_ms must be 20 to 200 ms, not {ms}"):
        Chunker(rest_ms=ms)
