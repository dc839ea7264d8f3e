from __future__ import annotations

import pytest

from tertulia_shared.retry_after import LONGEST_WAIT_S, retry_after_s, wait_before_retry


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "250", "retry-after": "7"}, 0.25),
        ({"retry-after": "Thu, 01 Jan 1970 00:01:10 GMT"}, 10.0),
        ({"retry-after": "Thu, 01 Jan 1970 00:00:10 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "nan"}, None),
    ],
)
def test_wait_is_read_in_all_its_forms(headers: dict[str, str], wait_s: float | None) -> None:
    assert retry_after_s(headers, now=60.0) == wait_s


def test_wait_doubles_if_the_server_asks_for_none() -> None:
    assert [wait_before_retry(attempt, None, 0.2) for attempt in range(3)] == [0.2, 0.4, 0.8]
    assert wait_before_retry(30, None, 0.2) == LONGEST_WAIT_S


def test_wait_that_the_server_asks_for_counts_unless_it_is_too_long() -> None:
    assert wait_before_retry(0, 3.0, 0.2) == 3.0
    assert wait_before_retry(0, LONGEST_WAIT_S + 1, 0.2) is None
