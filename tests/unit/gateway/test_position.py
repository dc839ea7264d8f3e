"""A client's position: after events, interruptions and data losses, the audio queue, the timeline and the playback
agree.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from tertulia_gateway.conversation.event_filter import Decision
from tertulia_gateway.conversation.position import ClientPosition
from tertulia_shared.bus import Entry
from tertulia_shared.entries import Receipt
from tests.harness.virtual_time import now, virtual_time

SECOND_OF_PCM = 48_000


def event(kind: str, *, epoch: int = 1, **fields: str) -> Entry:
    given = {"type": kind, "ts": "1", "epoch": str(epoch), **fields}
    return Entry("7-0", {name.encode(): value.encode() for name, value in given.items()})


TURN = (event("turn_accepted", turn_id="t"), event("message_started", turn_id="t", message_id="m"))


@pytest.fixture
def position() -> ClientPosition:
    """A client that has a turn whose first frame was sent at second 0."""
    made = ClientPosition("me", claimed=True)
    for entry in TURN:
        made.advance(entry)
        made.has_event(entry)
    made.playback.sent("m", 0, 0, SECOND_OF_PCM, 0.0)
    return made


def test_interruption_drops_queued_audio_before_the_client_gets_the_event(position: ClientPosition) -> None:
    assert position.advance(event("interrupted", epoch=2)) is Decision.SEND
    assert position.audio.head is None
    assert position.playback.remaining(0.0) == 0.0
    assert position.timeline.turn_id == "t", "the timeline follows what the client has"


def test_raise_epoch_keeps_the_audio_if_the_epoch_is_not_higher(position: ClientPosition) -> None:
    position.raise_epoch(1)
    assert position.audio.head is not None
    assert position.playback.remaining(0.0) == 1.0


def test_turn_with_a_lower_epoch_is_accepted_and_drops_queued_audio(position: ClientPosition) -> None:
    position.raise_epoch(5)
    assert position.advance(event("turn_accepted", epoch=1, turn_id="u")) is Decision.SEND_AFTER_LOSS
    assert (position.epoch, position.audio.epoch, position.audio.head) == (1, 1, None)


def test_lower_epoch_is_accepted_after_accept_any_epoch(position: ClientPosition) -> None:
    position.accept_any_epoch()
    assert position.audio.head is None
    assert position.advance(event("turn_accepted", epoch=1, turn_id="u")) is Decision.SEND


def test_read_changes_the_id_of_the_last_entry_and_rebuild_does_not() -> None:
    fresh = ClientPosition("me", claimed=False, after="3-0")
    assert fresh.rebuild(TURN[0]) == [TURN[0]]
    assert fresh.rebuild(event("client_changed", client="another")) == []
    assert (fresh.after, fresh.timeline.turn_id) == ("3-0", "t")
    assert list(fresh.read(TURN[1])) == [TURN[1]]
    assert fresh.after == "7-0"


def test_reopening_drops_queued_audio_before_the_client_gets_the_event(position: ClientPosition) -> None:
    assert position.advance(event("turn_reopened", epoch=2, turn_id="t")) is Decision.SEND
    assert position.audio.head is None
    assert position.playback.remaining(0.0) == 0.0


def test_reopening_of_a_turn_that_the_client_does_not_have_is_skipped_and_raises_the_epoch() -> None:
    fresh = ClientPosition("me", claimed=True)
    assert fresh.advance(event("turn_reopened", epoch=2, turn_id="t")) is Decision.SKIP
    assert (fresh.epoch, fresh.audio.epoch) == (2, 2)


def test_turn_with_the_epoch_of_a_dropped_turn_is_a_sign_of_data_loss() -> None:
    fresh = ClientPosition("me", claimed=True)
    assert not fresh.read(event("turn_accepted", epoch=1, turn_id="t", tentative="1"))
    later = event("turn_accepted", epoch=1, turn_id="u")
    assert list(fresh.read(later)) == [later]
    assert fresh.advance(later) is Decision.SEND_AFTER_LOSS


CHANGES: dict[str, Callable[[ClientPosition], object]] = {
    "an event": lambda position: position.has_event(event("turn_complete", turn_id="t")),
    "sent audio": lambda position: position.audio_complete("m", 1),
    "a receipt": lambda position: position.played(Receipt("m", 0, 0, 1000)),
}


@pytest.mark.parametrize("name", CHANGES)
@virtual_time
async def test_turn_change_returns_once_for_each_change(name: str) -> None:
    position = ClientPosition("me", claimed=True)
    waiting = asyncio.create_task(position.turn_change(60.0))
    await asyncio.sleep(1.0)
    position.has_event(event("llm_chunk", message_id="m"))
    CHANGES[name](position)
    await waiting
    begun = now()
    await position.turn_change(60.0)
    assert now() - begun == pytest.approx(60.0)


@virtual_time
async def test_turn_change_does_not_return_for_an_llm_chunk() -> None:
    position = ClientPosition("me", claimed=True)
    position.has_event(event("llm_chunk", message_id="m"))
    begun = now()
    await position.turn_change(60.0)
    assert now() - begun == pytest.approx(60.0)
