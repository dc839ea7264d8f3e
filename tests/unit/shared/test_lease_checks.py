from __future__ import annotations

import pytest

from tertulia_shared.lease_checks import LeaseChecks

LEASE_S = 3.0


def looked(checks: LeaseChecks, now: float, *, is_pending: bool | None, took_s: float = 0.0) -> None:
    checks.begin_look(now)
    checks.end_look(now + took_s, is_pending=is_pending)


def times_of_checks(checks: LeaseChecks, begin: float, end: float) -> list[float]:
    """When checks are begun by a worker that waits until each is due."""
    now, found = begin, list[float]()
    while now < end:
        if checks.begin_check(now):
            found.append(now)
        now = max(now + 0.001, now + checks.until_due(now))
    return found


@pytest.mark.parametrize("lease_s", [0.5, 3, 60])
def test_no_check_is_due_while_no_lease_can_have_expired(lease_s: float) -> None:
    checks = LeaseChecks(lease_s)
    for i in range(10):
        looked(checks, i * lease_s / 3, is_pending=False)
        assert checks.until_due(i * lease_s / 3) == pytest.approx(lease_s)
    assert times_of_checks(checks, 3 * lease_s, 4 * lease_s - 0.01) == []


def test_check_is_due_a_lease_after_the_last_look_that_found_no_work() -> None:
    checks = LeaseChecks(LEASE_S)
    looked(checks, 10, is_pending=False)
    for now in (11, 12, 13):
        looked(checks, now, is_pending=True)
    assert times_of_checks(checks, 13, 14) == pytest.approx([13, 13.25, 13.5, 13.75])


@pytest.mark.parametrize("lease_s", [3, 60])
def test_checks_are_frequent_as_soon_as_a_starting_worker_sees_work(lease_s: float) -> None:
    checks = LeaseChecks(lease_s)
    assert checks.begin_check(10)
    looked(checks, 10, is_pending=True)
    assert checks.until_due(10) == 0.25


def test_checks_come_at_every_look_if_it_cannot_be_read_who_holds_work() -> None:
    checks = LeaseChecks(LEASE_S)
    for now in range(10, 20):
        assert checks.begin_check(now)
        looked(checks, now, is_pending=None)


@pytest.mark.parametrize("is_pending", [True, False])
def test_live_holders_can_renew_their_leases_before_the_check_after_a_stall(*, is_pending: bool) -> None:
    checks = LeaseChecks(LEASE_S)
    looked(checks, 10, is_pending=True)
    checks.stalled(20)
    looked(checks, 20.1, is_pending=is_pending)
    assert not checks.begin_check(20.9)
    assert checks.until_due(20.9) > 0


def test_look_that_redis_answers_late_counts_as_a_stall() -> None:
    checks = LeaseChecks(LEASE_S)
    looked(checks, 10, is_pending=True)
    looked(checks, 11, is_pending=True, took_s=2.9)
    assert times_of_checks(checks, 13.9, 15) == pytest.approx([14.9])


def test_no_check_begins_while_a_look_is_unanswered_for_long() -> None:
    checks = LeaseChecks(LEASE_S)
    looked(checks, 10, is_pending=False)
    checks.begin_look(11)
    assert not checks.begin_check(13.05)
    assert checks.until_due(13.05) == pytest.approx(1.0)
