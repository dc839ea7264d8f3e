from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tertulia_stt.engines.realtimestt.throttle import CATCH_UP, SLACK_S, Throttle

CHUNK_S = 0.032


def feed_all(throttle: Throttle, arrivals: list[float]) -> list[float]:
    """The times at which chunks are fed that arrive at these times."""
    now, passed = 0.0, list[float]()
    for arrival in arrivals:
        now = max(now, arrival)
        now += throttle.wait_s(now)
        throttle.passed(now, CHUNK_S)
        passed.append(now)
    return passed


def test_throttle_does_not_delay_audio_that_arrives_in_real_time() -> None:
    arrivals = [i * CHUNK_S for i in range(100)]
    assert feed_all(Throttle(), arrivals) == arrivals


def test_throttle_hardly_delays_audio_that_arrives_in_frames_of_100_ms() -> None:
    arrivals = [(i // 3) * 3 * CHUNK_S for i in range(99)]
    passed = feed_all(Throttle(), arrivals)
    assert max(at - arrival for at, arrival in zip(passed, arrivals, strict=True)) < CHUNK_S


def test_throttle_feeds_a_backlog_slightly_faster_than_real_time() -> None:
    passed = feed_all(Throttle(), [0.0] * 1000)
    assert abs(passed[-1] - (999 * CHUNK_S / CATCH_UP - SLACK_S)) < 0.001


@given(st.lists(st.floats(0, 1), min_size=2, max_size=60))
def test_throttle_never_feeds_a_backlog_faster_than_the_catch_up_rate(gaps: list[float]) -> None:
    arrivals, at = list[float](), 0.0
    for gap in gaps:
        at += gap
        arrivals.append(at)
    passed = feed_all(Throttle(), arrivals)
    for i, begun in enumerate(passed):
        for j in range(i, len(passed)):
            assert (j - i) * CHUNK_S <= (passed[j] - begun + SLACK_S) * CATCH_UP + 1e-6
