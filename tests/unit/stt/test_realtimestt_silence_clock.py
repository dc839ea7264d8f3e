from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertulia_stt.engines.realtimestt.silence_clock import SilenceClock

CHUNK_S = 0.032
NOON = 1_800_000_000.0


def measured_silence(gaps: list[float]) -> float:
    """The silence, in seconds, that is measured at the last chunk. Chunks arrive at these intervals, and the silence
    begins with the first chunk.
    """
    clock, now = SilenceClock(CHUNK_S), NOON
    clock.chunk(now)
    began = clock.moved(0.0) or now
    for gap in gaps:
        now += gap
        clock.chunk(now)
        began = clock.moved(began)
    return now - began


def test_late_chunk_does_not_lengthen_the_measured_silence() -> None:
    assert measured_silence([CHUNK_S, 1.0, CHUNK_S]) == pytest.approx(3 * CHUNK_S, abs=1e-5)


def test_burst_of_chunks_does_not_shorten_the_measured_silence() -> None:
    assert measured_silence([0.0, 0.0, 3 * CHUNK_S] * 5) == pytest.approx(15 * CHUNK_S, abs=1e-5)


def test_silence_start_time_of_zero_is_not_corrected() -> None:
    clock = SilenceClock(CHUNK_S)
    for now in (NOON, NOON + 1, NOON + 1):
        clock.chunk(now)
        assert clock.moved(0.0) == 0


@given(st.lists(st.floats(-10, 10), max_size=60))
def test_measured_silence_is_as_long_as_the_silent_audio_for_any_arrival_times(gaps: list[float]) -> None:
    assert measured_silence(gaps) == pytest.approx(len(gaps) * CHUNK_S, abs=1e-4)
