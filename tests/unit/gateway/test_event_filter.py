"""The event filter skips stale events, detects that Redis has lost epochs, and notices newer clients."""

from __future__ import annotations

import pytest

from tertulia_gateway.conversation.event_filter import REPLIES, Decision, EventFilter
from tertulia_shared.codec import Fields


def at(epoch: int) -> Fields:
    return {b"epoch": str(epoch).encode()}


def client(name: str) -> Fields:
    return {b"client": name.encode(), b"epoch": b"0"}


@pytest.mark.parametrize("kind", sorted(REPLIES))
def test_progress_events_of_an_interrupted_reply_are_skipped(kind: bytes) -> None:
    events = EventFilter("me", claimed=True)
    assert events.decide(kind, at(1)) is Decision.SEND
    assert events.decide(b"interrupted", at(2)) is Decision.SEND
    assert events.decide(kind, at(1)) is Decision.SKIP
    assert events.decide(kind, at(2)) is Decision.SEND


@pytest.mark.parametrize("kind", [b"message_heard", b"message_complete", b"vad_start", b"error"])
def test_end_events_of_an_interrupted_reply_are_sent(kind: bytes) -> None:
    events = EventFilter("me", claimed=True)
    events.decide(b"interrupted", at(2))
    assert events.decide(kind, at(1)) is Decision.SEND
    assert events.epoch == 2


def test_turn_with_a_lower_epoch_is_sent_as_a_sign_of_data_loss() -> None:
    events = EventFilter("me", claimed=True)
    events.decide(b"turn_accepted", at(5))
    assert events.decide(b"turn_accepted", at(1)) is Decision.SEND_AFTER_LOSS
    assert events.decide(b"llm_chunk", at(1)) is Decision.SEND


def test_turn_with_an_equal_epoch_is_sent_as_a_sign_of_data_loss() -> None:
    events = EventFilter("me", claimed=True)
    # this event was written together with the turn, so both have the same epoch
    assert events.decide(b"interrupted", at(1)) is Decision.SEND
    assert events.decide(b"turn_accepted", at(1)) is Decision.SEND
    assert events.decide(b"turn_accepted", at(1)) is Decision.SEND_AFTER_LOSS


def test_late_event_from_before_a_data_loss_does_not_end_the_replies_after_it() -> None:
    events = EventFilter("me", claimed=True)
    events.decide(b"turn_accepted", at(5))
    events.decide(b"turn_accepted", at(1))
    assert events.decide(b"warning", at(5)) is Decision.SEND
    assert events.epoch == 1
    assert events.decide(b"llm_chunk", at(1)) is Decision.SEND
    assert events.decide(b"llm_chunk", at(5)) is Decision.SKIP
    assert events.decide(b"turn_accepted", at(2)) is Decision.SEND


def test_stream_that_begins_in_the_middle_of_a_turn_has_the_epoch_of_its_events() -> None:
    events = EventFilter("me", claimed=True)
    assert events.decide(b"llm_chunk", at(3)) is Decision.SEND
    assert events.epoch == 3


def test_event_filter_accepts_any_epoch_after_a_reset() -> None:
    events = EventFilter("me", claimed=True)
    events.decide(b"turn_accepted", at(5))
    events.reset()
    assert events.decide(b"turn_accepted", at(1)) is Decision.SEND


def test_client_is_replaced_only_by_a_client_that_connected_later() -> None:
    events = EventFilter("me", claimed=False)
    assert events.decide(b"client_changed", client("before")) is Decision.SKIP
    assert events.decide(b"client_changed", client("me")) is Decision.SKIP
    assert events.decide(b"client_changed", client("me")) is Decision.SKIP
    assert events.decide(b"client_changed", client("newer")) is Decision.REPLACED


def turn(epoch: int, turn_id: str = "t") -> Fields:
    return {**at(epoch), b"turn_id": turn_id.encode()}


def test_reopening_is_sent_once_to_a_client_that_has_the_turn() -> None:
    events = EventFilter("me", claimed=True)
    events.decide(b"turn_accepted", turn(1))
    assert events.decide(b"turn_reopened", turn(2)) is Decision.SEND
    assert events.decide(b"llm_chunk", at(1)) is Decision.SKIP
    # the next version was withdrawn before it was confirmed, so that the client did not get it
    assert events.decide(b"turn_reopened", turn(4)) is Decision.SKIP
    assert events.epoch == 4
    assert events.decide(b"turn_accepted", turn(5)) is Decision.SEND


def test_reopening_of_another_turn_is_skipped() -> None:
    events = EventFilter("me", claimed=True)
    events.decide(b"turn_accepted", turn(1, "u"))
    assert events.decide(b"turn_reopened", turn(2)) is Decision.SKIP
