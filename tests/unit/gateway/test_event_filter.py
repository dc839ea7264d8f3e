"""What becomes of each event: sent, dropped as stale, or the sign of a newer client."""

from __future__ import annotations

import pytest

from tertulia_gateway.conversation.event_filter import REPLIES, Feed, Verdict
from tertulia_shared.codec import Fields


def at(epoch: int) -> Fields:
    return {b"epoch": str(epoch).encode()}


def client(name: str) -> Fields:
    return {b"client": name.encode(), b"epoch": b"0"}


@pytest.mark.parametrize("kind", sorted(REPLIES))
def test_what_an_old_reply_still_says_is_dropped(kind: bytes) -> None:
    feed = Feed("me", claimed=True)
    assert feed.judge(kind, at(1)) is Verdict.SEND
    assert feed.judge(b"interrupted", at(2)) is Verdict.SEND
    assert feed.judge(kind, at(1)) is Verdict.SKIP
    assert feed.judge(kind, at(2)) is Verdict.SEND


@pytest.mark.parametrize("kind", [b"message_heard", b"message_complete", b"vad_start", b"error"])
def test_how_an_old_reply_ended_is_told(kind: bytes) -> None:
    feed = Feed("me", claimed=True)
    feed.judge(b"interrupted", at(2))
    assert feed.judge(kind, at(1)) is Verdict.SEND
    assert feed.epoch == 2


def test_an_epoch_that_only_a_lost_state_explains() -> None:
    feed = Feed("me", claimed=True)
    feed.judge(b"turn_accepted", at(5))
    assert feed.judge(b"turn_accepted", at(1)) is Verdict.SEND_AFTER_LOSS
    assert feed.judge(b"llm_chunk", at(1)) is Verdict.SEND


def test_turn_with_the_epoch_of_the_turn_before_it_shows_that_redis_lost_the_state() -> None:
    feed = Feed("me", claimed=True)
    assert feed.judge(b"interrupted", at(1)) is Verdict.SEND  # written with the turn, so it has the same epoch
    assert feed.judge(b"turn_accepted", at(1)) is Verdict.SEND
    assert feed.judge(b"turn_accepted", at(1)) is Verdict.SEND_AFTER_LOSS


def test_after_a_reset_any_epoch_is_accepted() -> None:
    feed = Feed("me", claimed=True)
    feed.judge(b"turn_accepted", at(5))
    feed.reset()
    assert feed.judge(b"turn_accepted", at(1)) is Verdict.SEND


def test_another_client_behind_mine_has_replaced_me() -> None:
    feed = Feed("me", claimed=False)
    assert feed.judge(b"client_changed", client("before")) is Verdict.SKIP
    assert feed.judge(b"client_changed", client("me")) is Verdict.SKIP
    assert feed.judge(b"client_changed", client("me")) is Verdict.SKIP
    assert feed.judge(b"client_changed", client("newer")) is Verdict.REPLACED
