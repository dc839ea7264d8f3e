"""The token bucket, on a clock that the test moves."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tertulia_gateway.rate_limit import TokenBucket


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_token_bucket_allows_a_burst_and_then_the_average_rate() -> None:
    clock = Clock()
    bucket = TokenBucket(10, 3, clock)
    assert [bucket.take() for _ in range(4)] == [True, True, True, False]
    clock.now = 0.1
    assert [bucket.take(), bucket.take()] == [True, False]
    clock.now = 100
    assert [bucket.take() for _ in range(4)] == [True, True, True, False]


@given(st.lists(st.tuples(st.floats(0, 2), st.floats(0, 5)), max_size=50))
def test_token_bucket_never_allows_more_than_the_burst_plus_the_average_rate(steps: list[tuple[float, float]]) -> None:
    clock = Clock()
    bucket = TokenBucket(2, 5, clock)
    passed = 0.0
    for wait, amount in steps:
        clock.now += wait
        if bucket.take(amount):
            passed += amount
        assert passed <= 5 + 2 * clock.now + 1e-6
