"""When a turn that is waited for is over."""

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


def see(progress: Progress, *events: Event) -> None:
    for each in events:
        progress.see(each)


def test_it_is_over_with_the_last_sound_and_not_before(progress: Progress) -> None:
    for each in TURN[:-1]:
        progress.see(each)
        assert not progress.over, each.type
    progress.see(TURN[-1])
    assert progress.over
    assert progress.names[M1] == "Luna"


def test_sound_may_be_complete_before_the_text_is(progress: Progress) -> None:
    see(progress, *TURN[:7], TURN[8])
    assert not progress.over
    progress.see(TURN[7])
    assert progress.over


def test_a_reply_that_is_announced_again_is_not_waited_for_twice(progress: Progress) -> None:
    see(progress, *TURN[:6], TURN[2], *TURN[6:])
    assert progress.over


def test_a_planned_reply_that_never_began_is_not_waited_for(progress: Progress) -> None:
    see(progress, *TURN[:2], event("error", turn_id=T, message="no model"), event("turn_complete", turn_id=T))
    assert progress.over
    assert progress.troubles == ["no model"]


@pytest.mark.parametrize("cut", [event("interrupted", 2), event("turn_accepted", 2, turn_id="turn-2")])
def test_it_is_over_when_it_is_cut_off(progress: Progress, cut: Event) -> None:
    see(progress, *TURN[:5], cut)
    assert progress.over
    assert progress.turns[T].cut_off


def test_its_own_beginning_does_not_cut_it_off(progress: Progress) -> None:
    see(progress, event("interrupted", 4), event("turn_accepted", 4, turn_id=T))
    assert not progress.over


def test_an_answer_to_a_repeated_turn_counts_as_accepted(progress: Progress) -> None:
    assert not progress.accepted(T)
    progress.see(event("turn_accepted", 0, turn_id=T))
    assert progress.accepted(T)
    assert not progress.over


def test_other_turns_do_not_matter(progress: Progress) -> None:
    see(progress, event("turn_complete", turn_id="other"), event("error", turn_id="other", message="x"))
    assert not progress.over
    assert not progress.troubles


def test_the_trouble_of_a_reply_is_its_turns(progress: Progress) -> None:
    see(progress, *TURN[:3], event("error", message_id=M1, message="it cannot be spoken"))
    assert progress.troubles == ["it cannot be spoken"]


def test_a_turn_that_is_known_only_later_is_waited_for_from_then_on() -> None:
    progress = Progress()
    assert progress.over
    progress.await_turn(T)
    assert not progress.over
    see(progress, *TURN)
    assert progress.over
