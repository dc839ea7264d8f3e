from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertulia_stt.engines.realtimestt.silence_clock import SilenceClock

CHUNK_S = 0.032
NOON = 1_800_000_000.0


def counted(gaps: list[float]) -> float:
    """Seconds of silence that are seen at the last of the chunks; they come at these intervals, the first begins it."""
    clock, now = SilenceClock(CHUNK_S), NOON
    clock.chunk(now)
    began = clock.moved(0.0) or now
    for gap in gaps:
        now += gap
        clock.chunk(now)
        began = clock.moved(began)
    return now - began


def test_a_chunk_that_comes_late_is_no_longer_silence_than_another() -> None:
    assert counted([CHUNK_S, 1.0, CHUNK_S]) == pytest.approx(3 * CHUNK_S, abs=1e-5)


def test_chunks_that_come_in_bunches_are_no_shorter_silence() -> None:
    assert counted([0.0, 0.0, 3 * CHUNK_S] * 5) == pytest.approx(15 * CHUNK_S, abs=1e-5)


def test_where_there_is_no_silence_none_begins() -> None:
    clock = SilenceClock(CHUNK_S)
    for now in (NOON, NOON + 1, NOON + 1):
        clock.chunk(now)
        assert clock.moved(0.0) == 0


@given(st.lists(st.floats(-10, 10), max_size=60))
def test_it_is_as_long_as_its_audio_whatever_the_clock_does(gaps: list[float]) -> None:
    assert counted(gaps) == pytest.approx(len(gaps) * CHUNK_S, abs=1e-4)
