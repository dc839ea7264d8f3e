"""The delays between the client's reconnects."""

from __future__ import annotations

from tertulia_cli.client.backoff import FIRST_WAIT_S, GIVE_UP_S, LONGEST_WAIT_S, SETTLED_S, Backoff


def test_reconnect_delay_doubles_up_to_its_bound() -> None:
    backoff, now, waits = Backoff(), 100.0, list[float]()
    while (wait_s := backoff.failed(now)) is not None:
        waits.append(wait_s)
        now += wait_s
    assert waits[:3] == [FIRST_WAIT_S, 2 * FIRST_WAIT_S, 4 * FIRST_WAIT_S]
    assert waits[-1] == LONGEST_WAIT_S
    assert GIVE_UP_S < now - 100.0 <= GIVE_UP_S + LONGEST_WAIT_S


def test_short_connection_does_not_reset_the_reconnect_delay() -> None:
    backoff = Backoff()
    assert backoff.failed(0.0, lived_s=0.1) == FIRST_WAIT_S
    assert backoff.failed(1.0, lived_s=0.1) == 2 * FIRST_WAIT_S
    assert backoff.failed(GIVE_UP_S + 1, lived_s=0.1) is None


def test_long_connection_resets_the_reconnect_delay() -> None:
    backoff = Backoff()
    backoff.failed(0.0)
    backoff.failed(1.0)
    assert backoff.failed(GIVE_UP_S * 10, lived_s=SETTLED_S) == FIRST_WAIT_S
