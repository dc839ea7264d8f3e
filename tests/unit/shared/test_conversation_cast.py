from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import pytest

from tertulia_shared.answering import MAX_DISCUSSION, MAX_MUTED, AnsweringRules
from tertulia_shared.conversation_cast import (
    MAX_AWAY,
    MAX_CHANGES,
    MAX_SEATS,
    Cast,
    cast_of,
    changed,
    possible_cast,
    seats_problem,
    stored_cast,
)
from tertulia_shared.conversation_state import ConversationState, StateField
from tertulia_shared.entries import ModelSettings
from tertulia_shared.ids import new_id
from tertulia_shared.store.validation import encode_settings
from tertulia_shared.user_name import to_store

LUNA, REX, SAGE = (f"00000000-0000-4000-8000-00000000000{number}" for number in (1, 2, 3))
EVERYONE = (LUNA, REX, SAGE)


def seat(before: Cast, *seats: str, now_ms: int, present: tuple[str, ...] | None = EVERYONE) -> Cast:
    return changed(before, seats, told=before.told, present=present, now_ms=now_ms)


def test_without_a_cast_the_active_characters_sit_in_their_order() -> None:
    assert Cast().seated({LUNA: "Luna", REX: "Rex"}, ["Rex", "Luna"]) == ["Rex", "Luna"]
    assert Cast().heard(LUNA, 0)


def test_cast_has_its_own_order_and_no_character_that_was_deleted() -> None:
    cast = Cast((SAGE, REX, LUNA))
    assert cast.seated({LUNA: "Luna", SAGE: "Sage"}, ["Luna"]) == ["Sage", "Luna"]


def test_character_that_comes_later_has_not_heard_what_was_said_before() -> None:
    cast = seat(Cast(), LUNA, SAGE, now_ms=100, present=(LUNA, REX))
    assert [cast.heard(SAGE, ms) for ms in (99, 100, 200)] == [False, True, True]
    assert cast.heard(LUNA, 0)


def test_character_that_leaves_and_comes_again_has_heard_its_two_stays() -> None:
    left = seat(Cast(), LUNA, now_ms=100)
    back = seat(left, LUNA, REX, now_ms=200)
    assert [left.heard(REX, ms) for ms in (0, 99, 100, 150)] == [True, True, False, False]
    assert [back.heard(REX, ms) for ms in (0, 99, 100, 199, 200)] == [True, True, False, False, True]


def test_same_change_a_second_time_has_no_effect() -> None:
    once = seat(Cast(), LUNA, SAGE, now_ms=100, present=(LUNA, REX))
    assert seat(once, LUNA, SAGE, now_ms=300) == once


def test_coming_and_going_between_two_turns_leaves_no_trace() -> None:
    before = seat(Cast(), LUNA, REX, now_ms=50)
    away = seat(before, LUNA, now_ms=100)
    assert seat(away, LUNA, REX, now_ms=100) == before


def test_change_of_the_order_is_no_arrival() -> None:
    assert seat(Cast(), SAGE, REX, LUNA, now_ms=100) == Cast((SAGE, REX, LUNA))


def test_characters_count_as_present_if_the_active_ones_are_unknown() -> None:
    assert seat(Cast(), LUNA, now_ms=100, present=None) == Cast((LUNA,))


def test_characters_that_are_told_have_heard_everything() -> None:
    cast = changed(Cast(), (LUNA, SAGE), told=True, present=(LUNA,), now_ms=100)
    assert cast.heard(SAGE, 1)
    assert not changed(cast, (LUNA, SAGE), told=False, present=(), now_ms=200).heard(SAGE, 1)


def test_no_seats_are_all_active_characters_again() -> None:
    assert changed(seat(Cast(), LUNA, now_ms=100), None, told=False, present=(), now_ms=200) == Cast()


def test_arrivals_stay_arrivals_however_often_a_character_comes_and_goes() -> None:
    cast = Cast((LUNA,))
    for ms in range(100, 2_000, 100):
        seats = (LUNA,) if REX in (cast.seats or ()) else (LUNA, REX)
        cast = seat(cast, *seats, now_ms=ms)
        assert cast.heard(REX, ms) is (REX in seats)
    assert len(cast.stays[REX]) <= MAX_CHANGES


def test_only_the_last_characters_that_left_are_remembered() -> None:
    cast = Cast(())
    for ms in range(1, 2 * MAX_AWAY):
        cast = seat(seat(cast, LUNA, new_id(), now_ms=100 * ms), LUNA, now_ms=100 * ms + 1)
    assert len(cast.stays) == MAX_AWAY + 1


def test_largest_cast_fits_into_the_stored_settings() -> None:
    seats = tuple(new_id() for _ in range(MAX_SEATS))
    times = tuple(range(4_102_444_800_000, 4_102_444_800_000 + MAX_CHANGES))
    cast = Cast(seats, dict.fromkeys((*seats, *(new_id() for _ in range(MAX_AWAY))), times), told=True)
    rules = AnsweringRules("everyone", tuple(new_id() for _ in range(MAX_MUTED)), MAX_DISCUSSION)
    settings = ModelSettings("m" * 200, 0.1234567890123, 0.1234567890123, 0.1234567890123, 1000, -0.1234567890123)
    encode_settings({**asdict(settings), **rules.stored(), **cast.stored(), **to_store("n" * 40)})


@pytest.mark.parametrize(
    "cast",
    [Cast(), Cast(told=True), Cast(()), Cast((LUNA, REX)), Cast((REX,), {LUNA: (0, 5), REX: (7,)}, told=True)],
)
def test_cast_is_kept_in_the_state_and_in_the_store(cast: Cast) -> None:
    fields = {str(name).encode(): str(value).encode() for name, value in cast.fields().items()}
    assert cast_of(ConversationState(fields)) == cast
    assert stored_cast(json.loads(json.dumps(cast.stored()))) == cast


@pytest.mark.parametrize(
    ("plain", "expected"),
    [
        (7, Cast()),
        ({"seats": "Luna", "told": True}, Cast(told=True)),
        ({"seats": [LUNA, LUNA]}, Cast()),
        ({"seats": [LUNA], "stays": 7, "told": 1}, Cast((LUNA,))),
        ({"seats": [LUNA], "stays": {"Luna": [1], REX: [True], SAGE: [-1], LUNA: [5]}}, Cast((LUNA,), {LUNA: (5,)})),
        ({"seats": [LUNA], "stays": {REX: list(range(9)), SAGE: []}}, Cast((LUNA,))),
    ],
)
def test_impossible_values_are_left_out(plain: Any, expected: Cast) -> None:
    assert possible_cast(plain) == expected


def test_damaged_state_counts_as_no_cast() -> None:
    assert cast_of(ConversationState({StateField.CAST.raw: b"\xff{"})) == Cast()


@pytest.mark.parametrize("seats", ["Luna", 7, ["Luna"], [LUNA, LUNA], [LUNA, 7], [new_id() for _ in range(21)]])
def test_problem_of_impossible_seats_is_named(seats: Any) -> None:
    assert seats_problem(seats)


@pytest.mark.parametrize("seats", [None, [], [LUNA], (LUNA, REX)])
def test_possible_seats_have_no_problem(seats: Any) -> None:
    assert not seats_problem(seats)
