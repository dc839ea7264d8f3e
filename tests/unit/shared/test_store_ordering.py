from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertulia_shared.store import InvalidRecord, supersedes, turn_position
from tests.harness.store_records import at, new_id, reply

NOW_MS = 1_772_366_400_000
LAST_EXACT_MS = int(datetime(2094, 1, 1, tzinfo=UTC).timestamp() * 1000)

milliseconds = st.integers(min_value=NOW_MS, max_value=LAST_EXACT_MS)


def test_positions_of_replies_lie_between_their_turn_and_the_next() -> None:
    positions = [turn_position(f"{NOW_MS}-0", slot) for slot in range(4)]
    positions += [turn_position(f"{NOW_MS}-1", slot) for slot in range(4)]
    positions += [turn_position(f"{NOW_MS + 1}-0", slot) for slot in range(4)]
    assert positions == sorted(set(positions))


@given(
    first=st.tuples(milliseconds, st.integers(0, 31), st.integers(0, 127)),
    second=st.tuples(milliseconds, st.integers(0, 31), st.integers(0, 127)),
)
def test_positions_are_in_the_order_of_turn_and_slot(first: tuple[int, int, int], second: tuple[int, int, int]) -> None:
    one = turn_position(f"{first[0]}-{first[1]}", first[2])
    other = turn_position(f"{second[0]}-{second[1]}", second[2])
    assert (one < other) == (first < second)
    assert (one == other) == (first == second)


@given(milliseconds)
def test_javascript_reads_every_position_exactly(ms: int) -> None:
    position = turn_position(f"{ms}-0", 127)
    assert position < 2**53
    assert int(float(position)) == position


@pytest.mark.parametrize("entry_id", ["", "5", "a-b", "-1-0", f"{NOW_MS}", f"{NOW_MS}-0-0", "12-0", f"{NOW_MS}-٣x"])
def test_turn_position_refuses_a_malformed_entry_id(entry_id: str) -> None:
    with pytest.raises(InvalidRecord, match="turn_entry_id"):
        turn_position(entry_id, 0)


@pytest.mark.parametrize("slot", [-1, 4096])
def test_turn_position_refuses_a_slot_out_of_range(slot: int) -> None:
    with pytest.raises(InvalidRecord, match="slot"):
        turn_position(f"{NOW_MS}-0", slot)


def test_write_with_higher_status_wins_and_otherwise_the_newer_one() -> None:
    streaming = reply(new_id(), 1, "Hel", "streaming")
    failed = replace(streaming, status="failed")
    complete = replace(streaming, status="complete")
    interrupted = replace(streaming, status="interrupted")
    ranked = [streaming, failed, complete, interrupted]
    for low, old in enumerate(ranked):
        for high, new in enumerate(ranked):
            much_later = replace(new, updated_at=at(3600))
            assert supersedes(much_later, old) == (high >= low)
    assert supersedes(complete, complete)
    assert not supersedes(replace(complete, updated_at=at(-1)), complete)
