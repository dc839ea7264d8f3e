"""The end of an awaited turn."""

from __future__ import annotations

import pytest

from tertulia_cli.client.frames import Event
from tertulia_cli.client.progress import Progress

T, M1, M2 = "turn-1", "message-1", "message-2"


def event(type: str, epoch: int = 1, **fields: object) -> Event:
    return Event(type, "", epoch, {"type": type, **fields})


TURN = [
    event("turn_accepted", turn_id=T),
    event("turn_started", turn_id=T, replies=[{"message_id": M1, "character_name": "Luna"}, {"message_id": M2}]),
    event("message_started", turn_id=T, message_id=M1, character_name="Luna"),
    event("message_complete", message_id=M1),
    event("message_started", turn_id=T, message_id=M2, character_name="Rex"),
    event("audio_complete", message_id=M1),
    event("message_complete", message_id=M2),
    event("turn_complete", turn_id=T),
    event("audio_complete", message_id=M2),
]


@pytest.fixture
def progress() -> Progress:
    made = Progress()
    made.await_turn(T)
    return made


def apply(progress: Progress, *events: Event) -> None:
    for each in events:
        progress.apply(each)


def test_awaited_turn_is_over_after_its_last_audio(progress: Progress) -> None:
    for each in TURN[:-1]:
        progress.apply(each)
        assert not progress.over, each.type
    progress.apply(TURN[-1])
    assert progress.over
    assert progress.names[M1] == "Luna"


def test_awaited_turn_is_over_after_its_text_if_its_audio_ends_first(progress: Progress) -> None:
    apply(progress, *TURN[:7], TURN[8])
    assert not progress.over
    progress.apply(TURN[7])
    assert progress.over


def test_repeated_message_started_adds_no_awaited_reply(progress: Progress) -> None:
    apply(progress, *TURN[:6], TURN[2], *TURN[6:])
    assert progress.over


def test_planned_reply_that_never_starts_is_not_awaited(progress: Progress) -> None:
    apply(progress, *TURN[:2], event("error", turn_id=T, message="no model"), event("turn_complete", turn_id=T))
    assert progress.over
    assert progress.errors == ["no model"]


@pytest.mark.parametrize("cut", [event("interrupted", 2), event("turn_accepted", 2, turn_id="turn-2")])
def test_awaited_turn_is_over_when_it_is_interrupted(progress: Progress, cut: Event) -> None:
    apply(progress, *TURN[:5], cut)
    assert progress.over
    assert progress.turns[T].cut_off


def test_awaited_turn_is_not_interrupted_by_its_own_epoch(progress: Progress) -> None:
    apply(progress, event("interrupted", 4), event("turn_accepted", 4, turn_id=T))
    assert not progress.over


def test_repeated_turn_accepted_counts_as_accepted(progress: Progress) -> None:
    assert not progress.accepted(T)
    progress.apply(event("turn_accepted", 0, turn_id=T))
    assert progress.accepted(T)
    assert not progress.over


def test_events_of_other_turns_do_not_end_the_awaited_turn(progress: Progress) -> None:
    apply(progress, event("turn_complete", turn_id="other"), event("error", turn_id="other", message="x"))
    assert not progress.over
    assert not progress.errors


def test_error_of_a_reply_belongs_to_its_turn(progress: Progress) -> None:
    apply(progress, *TURN[:3], event("error", message_id=M1, message="it cannot be spoken"))
    assert progress.errors == ["it cannot be spoken"]


def test_spoken_turn_is_awaited_once_it_is_known() -> None:
    progress = Progress()
    assert progress.over
    progress.await_turn(T)
    assert not progress.over
    apply(progress, *TURN)
    assert progress.over


def test_reopened_turn_is_awaited_until_its_next_version_ends(progress: Progress) -> None:
    apply(progress, *TURN[:5], event("error", turn_id=T, message="no model"), event("turn_reopened", 2, turn_id=T))
    assert not progress.over
    assert not progress.errors
    apply(progress, event("turn_accepted", 3, turn_id=T))
    assert progress.accepted(T)
    apply(progress, event("turn_started", 3, turn_id=T, replies=[]), event("turn_complete", 3, turn_id=T))
    assert progress.over
    assert not progress.turns[T].cut_off
