"""How long it takes until the client has played everything that it was sent."""

from __future__ import annotations

from tertulia_gateway.conversation.playback import BYTES_PER_SECOND, RECEIPT_GRACE_S, Playback
from tertulia_shared.entries import Receipt


def test_remaining_playback_time_is_zero_before_the_first_frame() -> None:
    assert Playback().remaining(100.0) == 0.0


def test_remaining_playback_time_without_receipts_is_the_length_of_the_unplayed_audio() -> None:
    playback = Playback()
    playback.sent("m", 0, 0, BYTES_PER_SECOND, 10.0)
    playback.sent("m", 0, 1, BYTES_PER_SECOND, 10.1)
    assert playback.remaining(10.5) == 1.5
    assert playback.remaining(13.0) == 0.0


def test_frame_after_a_pause_starts_playing_when_it_is_sent() -> None:
    playback = Playback()
    playback.sent("m", 0, 0, BYTES_PER_SECOND, 10.0)
    playback.sent("m", 1, 0, BYTES_PER_SECOND, 20.0)
    assert playback.remaining(20.0) == 1.0


def test_receipt_for_the_last_frame_ends_playback_at_once() -> None:
    playback = Playback()
    playback.sent("a", 5, 9, BYTES_PER_SECOND, 0.0)
    playback.sent("b", 1, 2, BYTES_PER_SECOND * 60, 0.0)
    for receipt in (Receipt("a", 5, 9, 0), Receipt("b", 1, 1, 0), Receipt("b", 0, 9, 0)):
        playback.receipt(receipt)
        assert playback.remaining(1.0) > 0
    playback.receipt(Receipt("b", 1, 2, 0))
    assert playback.remaining(1.0) == 0.0


def test_receipt_that_says_that_nothing_was_played_does_not_end_playback() -> None:
    playback = Playback()
    playback.sent("m", 0, 0, BYTES_PER_SECOND, 0.0)
    playback.receipt(Receipt("m", 0, 0, 0))
    assert not playback.was_heard
    assert playback.remaining(0.5) > 0


def test_client_with_receipts_gets_extra_time_up_to_a_limit() -> None:
    playback = Playback()
    playback.sent("m", 0, 0, BYTES_PER_SECOND, 0.0)
    playback.sent("m", 0, 1, BYTES_PER_SECOND, 0.0)
    playback.receipt(Receipt("m", 0, 0, 1000))
    assert playback.remaining(2.0) == RECEIPT_GRACE_S
    assert playback.remaining(2.0 + RECEIPT_GRACE_S) == 0.0


def test_remaining_playback_time_is_zero_after_an_interruption() -> None:
    playback = Playback()
    playback.sent("m", 0, 0, BYTES_PER_SECOND, 0.0)
    playback.flush()
    assert playback.remaining(0.0) == 0.0
