from __future__ import annotations

import pytest

from tertulia_shared.codec import encode
from tertulia_shared.entries import AudioChunk
from tertulia_shared.ids import new_id
from tertulia_tts.chunks import LONGEST_BYTES, Chunker, ChunkLengths
from tertulia_tts.entry_memory import ENTRY_BYTES, FITTING, fitting, split_at


def test_longest_chunk_fits_the_largest_size_of_the_allocator() -> None:
    assert LONGEST_BYTES == 57_344 - ENTRY_BYTES


@pytest.mark.parametrize(
    ("pcm_bytes", "found"), [(2, 2), (3_742, 3_742), (3_744, 3_744), (4_000, 3_744), (56_992, 56_992), (90_000, 56_992)]
)
def test_fitting_length_is_not_longer_than_the_given_one(pcm_bytes: int, found: int) -> None:
    assert fitting(pcm_bytes) == found


def test_fitting_lengths_are_whole_samples() -> None:
    assert all(length % 2 == 0 for length in FITTING)


@pytest.mark.parametrize(
    ("pcm_bytes", "at"),
    [
        (32_400, 0),
        (25_216, 24_224),
        (24_800, 20_128),  # 576 bytes after 24,224 would be shorter than `at_least`
        (16_500, 13_984),
        (10_560, 7_840),  # saves 1,024 bytes
        (10_562, 0),  # would save 512
        (16_016, 0),
        (4_000, 0),
        (900, 0),
    ],
)
def test_chunk_is_split_where_two_entries_take_less_memory(pcm_bytes: int, at: int) -> None:
    assert split_at(pcm_bytes, at_least=960) == at


def test_entry_has_no_more_than_the_assumed_bytes_beside_its_pcm() -> None:
    chunk = AudioChunk(b"", 99, 99, new_id(), new_id(), new_id(), text_at=500, begins_at=2_000_000, engine="an-engine")
    raw = encode(chunk, ts=10**12, epoch=99)
    # a listpack has up to three bytes for the length of each value, and some for the entry
    assert sum(map(len, raw)) + 3 * len(raw) <= ENTRY_BYTES


@pytest.mark.parametrize(("left", "lengths"), [(25_216, [24_224, 992]), (24_000, [24_000])])
def test_end_of_a_sentence_is_split_for_memory(left: int, lengths: list[int]) -> None:
    grown = ChunkLengths(40, 80)
    for _ in range(9):
        grown.next(9.0, is_first=False)
    chunker = Chunker(grown)
    assert chunker.feed(bytes(left), 9.0) == []
    assert [len(chunk) for chunk in chunker.finish()] == lengths
