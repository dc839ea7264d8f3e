"""The audio queue contains messages in the order in which they start, and no messages of an old epoch."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertulia_gateway.commands import AudioMark
from tertulia_gateway.conversation.audio_queue import AudioQueue
from tertulia_shared.codec import Fields, pack


def started(message_id: str, ts: int = 1) -> Fields:
    return {b"message_id": message_id.encode(), b"character_id": b"c", b"ts": str(ts).encode()}


def begin(queue: AudioQueue, *message_ids: str, epoch: int = 1) -> None:
    for message_id in message_ids:
        queue.see(b"message_started", started(message_id), epoch)


def announce(queue: AudioQueue, *message_ids: str, epoch: int = 1) -> None:
    queue.see(b"turn_started", {b"replies": pack([{"message_id": message_id} for message_id in message_ids])}, epoch)


def queued(queue: AudioQueue) -> list[str]:
    return [message.message_id for message in queue.waiting]


def test_audio_queue_contains_messages_in_the_order_in_which_they_start() -> None:
    queue = AudioQueue()
    begin(queue, "a", "b")
    assert queue.head is not None
    assert queue.head.message_id == "a"
    queue.done("a")
    assert queued(queue) == ["b"]


def test_repeated_message_started_does_not_queue_a_message_again() -> None:
    queue = AudioQueue()
    begin(queue, "a")
    queue.done("a")
    begin(queue, "a")
    assert queue.head is None


def test_newer_epoch_removes_all_messages_from_the_audio_queue() -> None:
    queue = AudioQueue()
    begin(queue, "a", "b", epoch=1)
    message = queue.head
    assert message is not None
    queue.see(b"interrupted", {}, 2)
    assert queue.head is None
    assert queue.is_dropped(message)
    begin(queue, "late", epoch=1)
    assert queue.head is None


def test_reply_that_failed_before_its_first_word_counts_as_silent() -> None:
    queue = AudioQueue()
    begin(queue, "a", "b")
    queue.see(b"message_complete", {b"message_id": b"a", b"status": b"failed", b"text": b""}, 1)
    queue.see(b"message_complete", {b"message_id": b"b", b"status": b"failed", b"text": b"So"}, 1)
    assert queue.is_silent("a")
    assert not queue.is_silent("b")


def test_keep_from_removes_the_audio_up_to_the_mark() -> None:
    queue = AudioQueue()
    begin(queue, "a", "b", "c")
    queue.keep_from(AudioMark("b", "2-3"))
    assert [(message.message_id, message.after) for message in queue.waiting] == [("b", "2-3"), ("c", "0-0")]


def test_keep_from_removes_nothing_if_the_mark_is_in_an_older_turn() -> None:
    queue = AudioQueue()
    begin(queue, "old", epoch=1)
    begin(queue, "a", epoch=2)
    queue.keep_from(AudioMark("old", "9-0"))
    assert queued(queue) == ["a"]


def test_audio_queue_accepts_messages_of_a_lower_epoch_after_a_reset() -> None:
    queue = AudioQueue(epoch=7)
    queue.reset(1)
    begin(queue, "a", epoch=1)
    assert queued(queue) == ["a"]


@pytest.mark.parametrize("change", ["queued", "announced", "interrupted"])
async def test_change_waits_until_a_message_is_queued_or_another_one_is_announced(change: str) -> None:
    queue = AudioQueue()
    if change == "interrupted":
        announce(queue, "a")
    waiting = asyncio.create_task(queue.change())
    await asyncio.sleep(0)
    assert not waiting.done()
    match change:
        case "queued":
            begin(queue, "a")
        case "announced":
            announce(queue, "a")
        case _:
            queue.raise_epoch(2)
    await waiting


def test_first_reply_of_a_turn_is_announced_until_it_begins() -> None:
    queue = AudioQueue()
    announce(queue, "a", "b")
    assert queue.announced == "a"
    assert queue.head is None
    begin(queue, "a")
    assert queue.announced == ""
    queue.done("a")
    announce(queue, "a", "b")
    assert queue.announced == "", "a reply that was sent is not announced again"


@pytest.mark.parametrize("cause", ["interruption", "loss", "end of the turn", "turn without replies", "another reply"])
def test_reply_is_no_longer_announced_if_it_will_not_begin(cause: str) -> None:
    queue = AudioQueue()
    announce(queue, "a")
    match cause:
        case "interruption":
            queue.see(b"interrupted", {}, 2)
        case "loss":
            queue.reset(0)
        case "end of the turn":
            queue.see(b"turn_complete", {b"turn_id": b"t"}, 1)
        case "another reply":
            begin(queue, "b")
        case _:
            announce(queue)
    assert queue.announced == ""


def test_turn_of_an_old_epoch_announces_nothing() -> None:
    queue = AudioQueue(epoch=2)
    announce(queue, "a", epoch=1)
    assert queue.announced == ""


@pytest.mark.parametrize("replies", [b"", b"\xc1", pack(None), pack(5), pack([]), pack([5]), pack([dict[str, str]()])])
def test_unreadable_list_of_replies_announces_nothing(replies: bytes) -> None:
    queue = AudioQueue()
    queue.see(b"turn_started", {b"replies": replies}, 1)
    queue.see(b"turn_started", {}, 1)
    assert queue.announced == ""


@pytest.mark.parametrize("cause", ["interruption", "loss", "failure"])
async def test_sending_task_is_cancelled_when_its_message_is_dropped_or_has_no_audio(cause: str) -> None:
    queue = AudioQueue()
    begin(queue, "a", "b")
    sending = asyncio.create_task(asyncio.Event().wait())
    assert queue.head is not None
    queue.cancel_when_dropped(queue.head, sending)
    queue.see(b"message_complete", {b"message_id": b"b", b"status": b"failed"}, 1)
    await asyncio.sleep(0)
    assert not sending.done()
    match cause:
        case "interruption":
            queue.raise_epoch(2)
        case "loss":
            queue.reset(0)
        case _:
            queue.see(b"message_complete", {b"message_id": b"a", b"status": b"failed"}, 1)
    await asyncio.wait([sending])
    assert sending.cancelled()


EVENT = st.tuples(
    st.sampled_from([b"message_started", b"interrupted", b"turn_accepted", b"message_complete", b"done"]),
    st.sampled_from("abcdef"),
    st.integers(0, 4),
)


@given(st.lists(EVENT, max_size=40))
def test_audio_queue_contains_each_message_of_the_newest_epoch_once(events: list[tuple[bytes, str, int]]) -> None:
    queue = AudioQueue()
    newest, order = 0, list[str]()
    for kind, message_id, epoch in events:
        if kind == b"done":
            queue.done(message_id)
        else:
            queue.see(kind, started(message_id), epoch)
        if kind in (b"message_started", b"interrupted", b"turn_accepted") and epoch > newest:
            newest, order = epoch, []
        if kind == b"message_started" and epoch == newest and message_id not in order:
            order.append(message_id)
        waiting = queued(queue)
        assert queue.epoch == newest
        assert all(message.epoch == newest for message in queue.waiting)
        assert waiting == [each for each in order if each in waiting]
