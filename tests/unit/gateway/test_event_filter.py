"""What becomes of each event: sent, dropped as stale, or the sign of a newer client."""

from __future__ import annotations

import pytest

from tertulia_gateway.conversation.event_filter import REPLIES, Decision, EventFilter
from tertulia_shared.codec import Fields


def at(epoch: int) -> Fields:
    return {b"epoch": str(epoch).encode()}


def client(name: str) -> Fields:
    return {b"client": name.encode(), b"epoch": b"0"}


@pytest.mark.parametrize("kind", sorted(REPLIES))
def test_what_an_old_reply_still_says_is_dropped(kind: bytes) -> None:
    feed = EventFilter("me", claimed=True)
    assert feed.decide(kind, at(1)) is Decision.SEND
    assert feed.decide(b"interrupted", at(2)) is Decision.SEND
    assert feed.decide(kind, at(1)) is Decision.SKIP
    assert feed.decide(kind, at(2)) is Decision.SEND


@pytest.mark.parametrize("kind", [b"message_heard", b"message_complete", b"vad_start", b"error"])
def test_how_an_old_reply_ended_is_told(kind: bytes) -> None:
    feed = EventFilter("me", claimed=True)
    feed.decide(b"interrupted", at(2))
    assert feed.decide(kind, at(1)) is Decision.SEND
    assert feed.epoch == 2


def test_an_epoch_that_only_a_lost_state_explains() -> None:
    feed = EventFilter("me", claimed=True)
    feed.decide(b"turn_accepted", at(5))
    assert feed.decide(b"turn_accepted", at(1)) is Decision.SEND_AFTER_LOSS
    assert feed.decide(b"llm_chunk", at(1)) is Decision.SEND


def test_turn_with_the_epoch_of_the_turn_before_it_shows_that_redis_lost_the_state() -> None:
    feed = EventFilter("me", claimed=True)
    assert feed.decide(b"interrupted", at(1)) is Decision.SEND  # written with the turn, so it has the same epoch
    assert feed.decide(b"turn_accepted", at(1)) is Decision.SEND
    assert feed.decide(b"turn_accepted", at(1)) is Decision.SEND_AFTER_LOSS


def test_after_a_reset_any_epoch_is_accepted() -> None:
    feed = EventFilter("me", claimed=True)
    feed.decide(b"turn_accepted", at(5))
    feed.reset()
    assert feed.decide(b"turn_accepted", at(1)) is Decision.SEND


def test_another_client_behind_mine_has_replaced_me() -> None:
    feed = EventFilter("me", claimed=False)
    assert feed.decide(b"client_changed", client("before")) is Decision.SKIP
    assert feed.decide(b"client_changed", client("me")) is Decision.SKIP
    assert feed.decide(b"client_changed", client("me")) is Decision.SKIP
    assert feed.decide(b"client_changed", client("newer")) is Decision.REPLACED
