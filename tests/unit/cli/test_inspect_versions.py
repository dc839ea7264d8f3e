"""Versions of a spoken turn in `tertulia inspect`: tentative, confirmed, withdrawn, and accepted again."""

from __future__ import annotations

import io

from rich.console import Console

from tertulia_cli.inspect import json_output, tables
from tertulia_cli.inspect.explanation import explain_turn
from tertulia_cli.inspect.timeline import build
from tertulia_cli.inspect.turns import Timeline, Withdrawn
from tertulia_shared.bus import Entry
from tertulia_shared.entries import UserTurn
from tertulia_shared.events import (
    Interrupted,
    MessageStarted,
    TurnAccepted,
    TurnComplete,
    TurnConfirmed,
    TurnExtended,
    TurnReopened,
    TurnStarted,
)
from tests.harness.sample_snapshot import M1, M2, T0, T1, T2, C, L, entry, replies, snapshot

FIRST = [
    entry(TurnAccepted(T1, "I went to the", "spoken", tentative=True), 0),
    entry(TurnStarted(T1, replies((M1, "Luna"))), 5),
    entry(MessageStarted(M1, T1, L, "Luna"), 10),
]
REOPENED = [*FIRST, entry(TurnReopened(T1), 300, 2)]
AGAIN = [
    *REOPENED,
    entry(TurnAccepted(T1, "I went to the market.", "spoken", tentative=True), 2_000, 3),
    entry(TurnStarted(T1, replies((M2, "Luna"))), 2_005, 3),
    entry(TurnConfirmed(T1), 2_350, 3),
    entry(TurnComplete(T1), 2_500, 3),
]


def timeline(events: list[Entry]) -> Timeline:
    return build(snapshot(events, turns=[entry(UserTurn(T1, C, "", "spoken"), 0)] * 2))


def status(shown: Timeline) -> str:
    out = io.StringIO()
    tables.show_timeline(Console(file=out, width=200), shown)
    return out.getvalue()


def test_turn_that_was_accepted_again_has_its_last_text_and_its_earlier_version() -> None:
    (turn,) = timeline(AGAIN).turns
    assert (turn.text, turn.epoch, turn.accepted) == ("I went to the market.", 3, T0 + 2_000)
    assert turn.earlier == (Withdrawn("I went to the", 1, T0, T0 + 300, tentative=True),)
    assert list(turn.messages) == [M2]
    assert turn.is_certain
    assert not turn.interrupted
    lines = explain_turn(turn)
    assert lines[1].startswith("An earlier version, “I went to the”, was tentative, and was withdrawn 300 ms later")
    assert lines[2] == "The llm worker got it 350 ms before it was certain."
    assert ("turn confirmed", T0 + 2_350) in turn.steps


def test_json_output_has_the_versions_of_a_turn() -> None:
    (turn,) = json_output.timeline_json(timeline(AGAIN))["turns"]
    assert turn["tentative"] is True
    assert (turn["times"]["confirmed"], turn["times"]["withdrawn"]) == (T0 + 2_350, None)
    assert turn["earlier"] == [
        {"text": "I went to the", "epoch": 1, "accepted": T0, "at": T0 + 300, "tentative": True},
    ]


def test_tentative_turn_waits_to_be_confirmed_and_is_not_stuck() -> None:
    shown = timeline(FIRST[:1])
    assert explain_turn(shown.turns[0])[1].startswith("It waits to be confirmed")
    assert shown.waiting == ()
    assert "tentative" in status(shown)


def test_reopened_turn_is_withdrawn_until_it_is_accepted_again_and_is_not_stuck() -> None:
    shown = timeline(REOPENED)
    assert explain_turn(shown.turns[0])[1] == "It was withdrawn 300 ms later, and has not come again yet."
    assert shown.waiting == ()
    assert "withdrawn" in status(shown)


def test_turn_that_was_accepted_again_but_not_started_is_listed_once_as_waiting() -> None:
    events = [*REOPENED, entry(TurnAccepted(T1, "I went to the market.", "spoken"), 2_000, 3)]
    assert timeline(events).waiting == (T1,)


def test_typed_turn_and_interruption_withdraw_a_tentative_turn() -> None:
    for later in (TurnAccepted(T2, "Hello", "typed"), Interrupted("request")):
        turn = timeline([*FIRST, entry(later, 100, 2)]).turns[0]
        assert turn.withdrawn == T0 + 100
        assert not turn.interrupted
        assert turn.cut is None


def test_confirmed_turn_that_is_reopened_was_not_tentative_any_more() -> None:
    events = [
        *FIRST,
        entry(TurnConfirmed(T1), 100),
        entry(TurnReopened(T1), 200, 2),
        entry(TurnAccepted(T1, "All of it.", "spoken"), 900, 3),
    ]
    assert [version.tentative for version in timeline(events).turns[0].earlier] == [False]


def test_extended_turn_has_the_replies_of_its_extension() -> None:
    events = [entry(TurnAccepted(T1, "Discuss that.", "typed"), 0), *FIRST[1:]]
    events.append(entry(TurnExtended(T1, replies((M1, "Luna"), (M2, "Rex"))), 20))
    assert [message.name for message in timeline(events).turns[0].messages.values()] == ["Luna", "Rex"]
