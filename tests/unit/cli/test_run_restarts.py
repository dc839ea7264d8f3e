"""The restarts of a service that died."""

from __future__ import annotations

import pytest

from tertulia_cli.run.restarts import GiveUp, Restart, RestartPolicy, Restarts, describe_exit

PATIENCE = RestartPolicy(quick_s=10, quick_deaths=4, first_s=0.1, longest_s=0.3)


@pytest.mark.parametrize("code", [1, 2])
def test_service_that_refuses_to_start_is_not_restarted(code: int) -> None:
    verdict = Restarts(PATIENCE).ended(code, lived_s=0.5)
    assert isinstance(verdict, GiveUp)
    assert verdict.refused


@pytest.mark.parametrize("code", [1, 2])
def test_service_that_was_ready_before_is_restarted_after_a_refusal(code: int) -> None:
    restarts = Restarts(PATIENCE)
    restarts.ready()
    assert isinstance(restarts.ended(code, lived_s=0.5), Restart)


def test_killed_service_is_restarted_even_before_it_was_ready() -> None:
    assert Restarts(PATIENCE).ended(-9, lived_s=0.1) == Restart(0.0, "was killed by SIGKILL")


def test_service_that_dies_quickly_is_restarted_with_backoff_and_then_given_up() -> None:
    restarts = Restarts(PATIENCE)
    verdicts = [restarts.ended(3, lived_s=1) for _ in range(4)]
    assert [each.after_s for each in verdicts if isinstance(each, Restart)] == [0.0, 0.1, 0.2]
    last = verdicts[-1]
    assert isinstance(last, GiveUp)
    assert not last.refused
    assert "4 times in a row" in last.why


def test_long_run_of_a_service_resets_the_restart_backoff() -> None:
    restarts = Restarts(PATIENCE)
    for lived_s in (1, 1, 1, 3600, 1, 1, 1):
        assert isinstance(restarts.ended(-11, lived_s), Restart)
    assert isinstance(restarts.ended(-11, 1), GiveUp)


def test_exit_code_is_described_in_words() -> None:
    assert describe_exit(3) == "exited with code 3"
    assert describe_exit(-15) == "was killed by SIGTERM"
    assert describe_exit(-250) == "was killed by signal 250"
