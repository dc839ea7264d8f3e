"""The summary of a conversation's beginning: what it covers, who may know it, and how changes affect it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertulia_shared.conversation_cast import Cast
from tertulia_shared.conversation_state import ConversationState, StateField
from tertulia_shared.conversation_summary import (
    MADE_MAX_CHARS,
    NO_SUMMARY,
    TEXT_MAX_CHARS,
    Summary,
    after_change,
    invalidates,
    is_known_to,
    summary_from_json,
    summary_of,
)

MADE = Summary(made="They met.", covers=40, since_ms=1000, until_ms=2000, made_at_ms=5000)


def test_summary_in_the_state_is_read_as_it_was_written() -> None:
    summary = replace(MADE, own="Otto is a dog.", off=True, usage={"prompt_tokens": 7, "cost": 0.5})
    raw = str(summary.fields()[StateField.SUMMARY]).encode()
    assert summary_of(ConversationState({b"summary": raw})) == summary
    assert summary.text == "Otto is a dog.\n\nThey met."
    assert summary.is_edited
    assert not MADE.is_edited


def test_empty_summary_is_written_too_because_it_is_newer_than_a_stored_one() -> None:
    assert MADE.forgotten(6000).fields() == {StateField.SUMMARY: '{"made_at_ms":6000}'}
    assert summary_of(ConversationState({})) == NO_SUMMARY


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"\xff", b"{", b"[]", b"7",
        b'{"made": 7, "covers": -1, "since_ms": true, "off": 1, "usage": [], "own": null}',
    ],
)  # fmt: skip
def test_impossible_summary_counts_as_missing(raw: bytes) -> None:
    assert summary_from_json(raw) == NO_SUMMARY


def test_text_that_is_too_long_covers_nothing() -> None:
    too_long = replace(MADE, made="x" * (TEXT_MAX_CHARS + 1))
    assert summary_from_json(too_long.to_json()).covers == 0


@given(st.binary(max_size=60))
def test_any_bytes_can_be_read(raw: bytes) -> None:
    assert summary_from_json(raw).covers == 0


def test_text_of_the_model_is_replaced_and_covers_more() -> None:
    longer = MADE.extended("They met and ate.", 80, (2500, 3000), {"prompt_tokens": 5}, 4000)
    assert (longer.text, longer.covers) == ("They met and ate.", 80)
    assert (longer.since_ms, longer.until_ms) == (1000, 3000)
    assert longer.made_at_ms == 5001, "later than the one before, also if the clock is behind"
    assert longer.extended("More.", 90, (1, 2), {"prompt_tokens": 5}, 0).usage == {"prompt_tokens": 10}
    assert NO_SUMMARY.extended("They met.", 40, (1000, 2000), {}, 5000) == MADE


def test_text_of_the_user_stays_before_that_of_the_model() -> None:
    edited = MADE.edited(6000, text="Otto is a dog.", covers=40)
    assert (edited.text, edited.covers, edited.is_edited) == ("Otto is a dog.", 40, True)
    longer = edited.extended("Later they ate.", 80, (2500, 3000), {}, 7000)
    assert longer.text == "Otto is a dog.\n\nLater they ate."
    assert longer.covers == 80


def test_edit_of_an_older_text_covers_only_what_that_text_covered() -> None:
    longer = MADE.extended("They met and ate.", 80, (2500, 3000), {}, 6000)
    assert longer.edited(7000, text="They met!", covers=40).covers == 40
    assert longer.edited(7000, text="They met!", covers=900).covers == 80
    assert longer.edited(7000, text="They met!").covers == 80


def test_edit_without_a_change_changes_nothing() -> None:
    assert MADE.edited(9000, text="They met.", off=False) is MADE
    assert MADE.edited(9000) is MADE
    off = MADE.edited(9000, off=True)
    assert (off.off, off.text, off.made_at_ms) == (True, "They met.", 9000)


def test_model_has_the_room_that_the_user_leaves() -> None:
    assert MADE.room == MADE_MAX_CHARS
    long = MADE.edited(6000, text="x" * (TEXT_MAX_CHARS - 300))
    assert long.room == 298
    assert len(long.extended("y" * long.room, 80, (1, 2), {}, 1).text) == TEXT_MAX_CHARS
    given_up = long.without_own()
    assert (given_up.text, given_up.is_edited, given_up.room) == (long.text, False, MADE_MAX_CHARS)


def test_change_of_a_covered_message_empties_the_summary() -> None:
    assert not invalidates(MADE, [])
    assert not invalidates(MADE, [41, 99])
    assert invalidates(MADE, [41, 40])
    assert not invalidates(replace(MADE, covers=0), [0]), "it covers no message, not even the first imported one"
    assert after_change(MADE, [41], 6000) is None
    emptied = after_change(replace(MADE, own="Mine.", off=True, usage={"prompt_tokens": 5}), [3], 6000)
    assert emptied == Summary(off=True, usage={"prompt_tokens": 5}, made_at_ms=6000)


@pytest.mark.parametrize(
    ("cast", "knows"),
    [
        (Cast(), True),
        (Cast(("luna",)), True),
        (Cast(("luna",), {"rex": (1500,)}), True),
        (Cast(("luna",), {"luna": (900,)}), True),  # came before the first turn
        (Cast(("luna",), {"luna": (1000,)}), True),
        (Cast(("luna",), {"luna": (1001,)}), False),  # came after it
        (Cast(("luna",), {"luna": (0, 1500, 1700)}), False),  # was away in between
        (Cast(("luna",), {"luna": (0, 2001, 2500)}), True),  # left after the last turn
        (Cast(("luna",), {"luna": (0, 2000, 2500)}), False),
        (Cast(("luna",), {"luna": (1500,)}, told=True), True),
        (Cast(None, {"luna": (1500,)}), True),
    ],
)
def test_only_who_heard_all_of_it_or_is_told_knows_the_summary(cast: Cast, *, knows: bool) -> None:
    assert is_known_to(MADE, cast, "luna") is knows


def test_text_of_the_user_that_stands_for_no_message_is_known_to_all() -> None:
    assert is_known_to(Summary(own="Otto is a dog."), Cast(("luna",), {"luna": (1500,)}), "luna")
