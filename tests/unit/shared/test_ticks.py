from __future__ import annotations

import pytest

from tertulia_shared.ticks import TICK_S, until_multiple, until_tick


def test_ticks_are_the_same_whenever_they_are_asked_for() -> None:
    ticks = {round(now_ms / 1000 + until_tick(now_ms / 1000), 6) for now_ms in range(1_000_000, 1_000_100)}
    assert sorted(ticks) == pytest.approx([1000 + TICK_S * number for number in range(1, 6)])


@pytest.mark.parametrize("now_s", [0.0, 0.02, 12.34, 1_000.0, 86_400.02, 98_765.4321, 98_765.4399, 98_765.44])
def test_next_tick_is_later_by_one_tick_at_most(now_s: float) -> None:
    assert 0 < until_tick(now_s) <= TICK_S


def test_tick_itself_is_followed_by_the_next_one() -> None:
    now_s = 86_400.0
    for _ in range(1000):
        assert until_tick(now_s) == TICK_S
        now_s += until_tick(now_s)


def test_ticks_that_are_further_apart_are_among_all_ticks() -> None:
    for now_ms in range(86_400_000, 86_400_100):
        now_s = now_ms / 1000
        later_s = until_tick(now_s, every=2)
        assert 0 < later_s <= 2 * TICK_S
        assert later_s - until_tick(now_s) == pytest.approx(0) or later_s - until_tick(now_s) == pytest.approx(TICK_S)


@pytest.mark.parametrize("interval_s", [0.042, 0.25, 1.0, 2.0])
def test_regular_work_meets_at_the_multiples_of_its_interval(interval_s: float) -> None:
    for now_ms in range(86_400_000, 86_404_000, 7):
        now_s = now_ms / 1000
        assert 0 < until_multiple(now_s, interval_s) <= interval_s
        met_at = (now_s + until_multiple(now_s, interval_s)) / interval_s
        assert met_at == pytest.approx(round(met_at), abs=1e-6)
