"""Which of the client's receipts count."""

from __future__ import annotations

import pytest

from tertulia_shared.bus import Entry
from tertulia_shared.codec import encode
from tertulia_shared.entries import Receipt
from tertulia_shared.receipts import (
    MAX_INDEX,
    MAX_NEXT_SAMPLES,
    Chunk,
    advanced,
    has_played,
    last_receipts,
    readable_receipts,
)


def receipt(sentence: int, chunk: int, message_id: str = "m", played_ms: int = 0, next_samples: int = 0) -> Receipt:
    return Receipt(message_id, sentence, chunk, played_ms, next_samples)


def entry(value: Receipt, **changed: bytes) -> Entry:
    flat = encode(value, ts=1, epoch=1)
    fields = dict(zip(flat[::2], flat[1::2], strict=True))
    return Entry("1-0", fields | {name.encode(): raw for name, raw in changed.items()})


@pytest.mark.parametrize("order", [[(0, 1), (1, 0), (1, 3)], [(1, 3), (0, 1), (1, 0)]])
def test_only_the_furthest_receipt_of_each_message_counts(order: list[tuple[int, int]]) -> None:
    entries = [entry(receipt(*place)) for place in order] + [entry(receipt(0, 0, "other"))]
    assert last_receipts(entries) == {"m": receipt(1, 3), "other": receipt(0, 0, "other")}


@pytest.mark.parametrize(
    "hostile",
    [
        entry(receipt(-5, 0)), entry(receipt(0, -1)), entry(receipt(0, 0, played_ms=-1)),
        entry(receipt(0, 0, next_samples=-1)), entry(receipt(0, 0, next_samples=MAX_NEXT_SAMPLES + 1)),
        entry(receipt(MAX_INDEX + 1, 0)), entry(receipt(0, 10**30)), entry(receipt(0, 0), sentence_index=b"9" * 5_000),
        entry(receipt(0, 0), sentence_index=b"1e3"), entry(receipt(0, 0), message_id=b"\xff"),
        entry(receipt(0, 0), v=b"99"), Entry("1-0", {}),
    ],
)  # fmt: skip
def test_receipt_with_impossible_numbers_is_skipped(hostile: Entry) -> None:
    assert readable_receipts([hostile, entry(receipt(0, 1))]) == [receipt(0, 1)]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (receipt(0, 0), False), (receipt(0, 0, played_ms=40), True), (receipt(0, 0, next_samples=1), True),
        (receipt(0, 1), True), (receipt(1, 0), True),
    ],
)  # fmt: skip
def test_receipt_for_the_first_chunk_without_any_sound_says_that_nothing_was_played(
    value: Receipt,
    expected: bool,  # noqa: FBT001 - pytest passes it by name
) -> None:
    assert has_played(value) is expected


def test_samples_after_the_chunk_decide_between_receipts_for_the_same_chunk() -> None:
    far, near = receipt(0, 1, next_samples=500), receipt(0, 1, next_samples=20)
    assert last_receipts([entry(far), entry(near)]) == {"m": far}


def test_receipt_of_an_older_release_counts_to_the_end_of_its_chunk() -> None:
    (read,) = readable_receipts([entry(receipt(0, 1))])
    assert b"next_samples" not in entry(receipt(0, 1)).fields
    assert read.next_samples == 0


@pytest.mark.parametrize(
    ("samples", "place"),
    [(0, (0, 1, 0)), (9, (0, 1, 9)), (10, (0, 2, 0)), (14, (0, 2, 4)), (15, (1, 0, 0)), (40, (1, 0, 25))],
)
def test_receipt_moves_over_the_chunks_that_were_played_to_their_end(samples: int, place: tuple[int, int, int]) -> None:
    moved = advanced(receipt(0, 1, next_samples=samples), [Chunk(0, 2, 10), Chunk(1, 0, 5)])
    assert moved == receipt(*place[:2], next_samples=place[2])
