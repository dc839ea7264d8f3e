from __future__ import annotations

import random

import pytest

from tertulia_shared.codec import BadEntry, pack
from tertulia_stt.checkpoint import MAX_ENTRIES, Checkpoint, CheckpointTracker, read_checkpoint
from tertulia_stt.turn import NO_TURN, Phase, Turn


def pcm(samples: int) -> bytes:
    return b"\1\0" * samples


def test_session_without_a_checkpoint_starts_at_the_beginning() -> None:
    start = read_checkpoint({})
    assert (start, start.after) == (Checkpoint(), "0-0")
    assert CheckpointTracker(start).add(1, pcm(100)) == pcm(100)


def stored(point: Checkpoint) -> dict[bytes, bytes]:
    return {
        name.encode(): value if isinstance(value, bytes) else str(value).encode()
        for name, value in point.fields().items()
        if value is not None
    }


@pytest.mark.parametrize(
    "turn",
    [
        NO_TURN,
        Turn(Phase.GROWING, "I went to the", 100, 900, is_cut=True),
        Turn(Phase.ENDED, "I went to the market.", 100, 900, version=3, guesses=2, ended_at=1000, was_ended=True),
    ],
)
def test_checkpoint_is_read_back_as_it_was_written(turn: Turn) -> None:
    point = Checkpoint(sample=1234, entry=7, entry_sample=1000, turn=turn)
    assert read_checkpoint(stored(point)) == point
    assert point.after == "6-0"


@pytest.mark.parametrize(
    "pending",
    [b"\xc1", pack([1]), pack({"text": "no phase"}), pack({"phase": "asleep"}), pack({"phase": "ended", "text": 5})],
    ids=["no msgpack", "a list", "no phase", "unknown phase", "a number for a text"],
)
def test_undecodable_turn_is_a_bad_entry(pending: bytes) -> None:
    with pytest.raises(BadEntry):
        read_checkpoint({b"pending": pending})


def test_fields_of_a_turn_that_a_newer_release_added_are_ignored() -> None:
    turn = read_checkpoint({b"pending": pack({"phase": "growing", "text": "Hello", "mood": "good"})}).turn
    assert turn == Turn(Phase.GROWING, "Hello")


@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        (0, Checkpoint(0, 1, 0)),
        (99, Checkpoint(99, 1, 0)),
        (100, Checkpoint(100, 2, 100)),
        (150, Checkpoint(150, 2, 100)),
        (299, Checkpoint(299, 3, 200)),
    ],
)
def test_checkpoint_contains_the_number_of_the_entry_with_its_sample(sample: int, expected: Checkpoint) -> None:
    tracker = CheckpointTracker(Checkpoint())
    for entry in (1, 2, 3):
        tracker.add(entry, pcm(100))
    assert tracker.checkpoint(sample) == expected


def test_tracker_without_entries_returns_the_checkpoint_it_started_with() -> None:
    start = Checkpoint(50, 3, 20)
    assert CheckpointTracker(start).checkpoint(60) == start


def test_tracker_that_starts_at_a_checkpoint_returns_exactly_the_samples_after_it() -> None:
    draw = random.Random(7)
    entries = [bytes(draw.randrange(256) for _ in range(2 * draw.randrange(1, 40))) for _ in range(30)]
    whole = b"".join(entries)
    for _ in range(50):
        sample = draw.randrange(len(whole) // 2)
        first = CheckpointTracker(Checkpoint())
        for number, entry in enumerate(entries, 1):
            first.add(number, entry)
        point = first.checkpoint(sample)
        second = CheckpointTracker(point)
        heard = b"".join(second.add(n, entries[n - 1]) for n in range(point.entry, len(entries) + 1))
        assert heard == whole[2 * sample :]


def test_tracker_keeps_a_bounded_number_of_entries_during_long_silence() -> None:
    tracker = CheckpointTracker(Checkpoint())
    for entry in range(1, MAX_ENTRIES + 1_000):
        tracker.add(entry, pcm(10))
    assert len(tracker) == MAX_ENTRIES
    last = MAX_ENTRIES + 999
    assert tracker.checkpoint(10 * (last - 1) + 5) == Checkpoint(10 * (last - 1) + 5, last, 10 * (last - 1))
