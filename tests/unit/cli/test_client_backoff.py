"""When a lost connection is tried again."""

from __future__ import annotations

from tertulia_cli.client.backoff import FIRST_WAIT_S, GIVE_UP_S, LONGEST_WAIT_S, SETTLED_S, Outage


def test_the_wait_doubles_up_to_its_bound_and_the_outage_ends_in_giving_up() -> None:
    outage, now, waits = Outage(), 100.0, list[float]()
    while (wait_s := outage.failed(now)) is not None:
        waits.append(wait_s)
        now += wait_s
    assert waits[:3] == [FIRST_WAIT_S, 2 * FIRST_WAIT_S, 4 * FIRST_WAIT_S]
    assert waits[-1] == LONGEST_WAIT_S
    assert GIVE_UP_S < now - 100.0 <= GIVE_UP_S + LONGEST_WAIT_S


def test_a_connection_that_ends_at_once_is_part_of_the_outage() -> None:
    outage = Outage()
    assert outage.failed(0.0, lived_s=0.1) == FIRST_WAIT_S
    assert outage.failed(1.0, lived_s=0.1) == 2 * FIRST_WAIT_S
    assert outage.failed(GIVE_UP_S + 1, lived_s=0.1) is None


def test_one_that_lived_ends_it() -> None:
    outage = Outage()
    outage.failed(0.0)
    outage.failed(1.0)
    assert outage.failed(GIVE_UP_S * 10, lived_s=SETTLED_S) == FIRST_WAIT_S
