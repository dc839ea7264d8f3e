"""The event filter: stale events, lost epochs, newer clients."""

from __future__ import annotations

import pytest

from tertulia_gateway.conversation.event_filter import REPLIES, Decision, EventFilter
from tertulia_shared.codec import Fields


def at(epoch: int) -> Fields:
    return {b"epoch": str(epoch).encode()}


def client(name: str) -> Fields:
    return {b"client": name.encode(), b"epoch": b"0"}


@pytest.mark.parametrize("kind", sorted(REPLIES))
def test_progress_of_an_interrupted_reply_is_skipped(kind: bytes) -> None:
    events = EventFilter("me", claimed=True)
    assert events.decide(kind, at(1)) is Decision.SEND
    assert events.decide(b"interrupted", at(2)) is Decision.SEND
    assert events.decide(kind, at(1)) is Decision.SKIP
    assert events.decide(kind, at(2)) is Decision.SEND


@pytest.mark.parametrize("kind", [b"message_heard", b"message_complete", b"vad_start", b"error"])
def test_end_of_an_interrupted_reply_is_sent(kind: bytes) -> None:
    events = EventFilter("me", claimed=True)
    events.decide(b"interrupted", at(2))
    assert events.decide(kind, at(1)) is Decision.SEND
    assert events.epoch == 2


def test_turn_with_a_lower_epoch_shows_that_redis_lost_the_state() -> None:
    events = EventFilter("me", claimed=True)
    events.decide(b"turn_accepted", at(5))
    assert events.decide(b"turn_accepted", at(1)) is Decision.SEND_AFTER_LOSS
    assert events.decide(b"llm_chunk", at(1)) is Decision.SEND


def test_turn_with_an_equal_epoch_shows_that_redis_lost_the_state() -> None:
    events = EventFilter("me", claimed=True)
    assert events.decide(b"interrupted", at(1)) is Decision.SEND  # written with the turn, so it has the same epoch
    assert events.decide(b"turn_accepted", at(1)) is Decision.SEND
    assert events.decide(b"turn_accepted", at(1)) is Decision.SEND_AFTER_LOSS


def test_reset_filter_accepts_any_epoch() -> None:
    events = EventFilter("me", claimed=True)
    events.decide(b"turn_accepted", at(5))
    events.reset()
    assert events.decide(b"turn_accepted", at(1)) is Decision.SEND


def test_client_is_replaced_only_by_a_client_that_connected_after_it() -> None:
    events = EventFilter("me", claimed=False)
    assert events.decide(b"client_changed", client("before")) is Decision.SKIP
    assert events.decide(b"client_changed", client("me")) is Decision.SKIP
    assert events.decide(b"client_changed", client("me")) is Decision.SKIP
    assert events.decide(b"client_changed", client("newer")) is Decision.REPLACED
