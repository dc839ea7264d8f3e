"""Audio goes out in the order in which messages were started, and never of an old epoch."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tertulia_gateway.commands import AudioMark
from tertulia_gateway.conversation.audio_queue import AudioQueue
from tertulia_shared.codec import Fields


def started(message_id: str, ts: int = 1) -> Fields:
    return {b"message_id": message_id.encode(), b"character_id": b"c", b"ts": str(ts).encode()}


def begin(queue: AudioQueue, *message_ids: str, epoch: int = 1) -> None:
    for message_id in message_ids:
        queue.see(b"message_started", started(message_id), epoch)


def ids(queue: AudioQueue) -> list[str]:
    return [message.message_id for message in queue.waiting]


def test_messages_are_heard_in_the_order_of_their_start() -> None:
    queue = AudioQueue()
    begin(queue, "a", "b")
    assert queue.head is not None
    assert queue.head.message_id == "a"
    queue.done("a")
    assert ids(queue) == ["b"]


def test_a_message_that_is_announced_again_is_heard_once() -> None:
    queue = AudioQueue()
    begin(queue, "a")
    queue.done("a")
    begin(queue, "a")
    assert queue.head is None


def test_a_new_epoch_ends_all_that_waits() -> None:
    queue = AudioQueue()
    begin(queue, "a", "b", epoch=1)
    message = queue.head
    assert message is not None
    queue.see(b"interrupted", {}, 2)
    assert queue.head is None
    assert queue.is_dropped(message)
    begin(queue, "late", epoch=1)
    assert queue.head is None


def test_a_reply_that_failed_without_a_word_is_silent() -> None:
    queue = AudioQueue()
    begin(queue, "a", "b")
    queue.see(b"message_complete", {b"message_id": b"a", b"status": b"failed", b"text": b""}, 1)
    queue.see(b"message_complete", {b"message_id": b"b", b"status": b"failed", b"text": b"So"}, 1)
    assert queue.is_silent("a")
    assert not queue.is_silent("b")


def test_a_client_that_heard_a_part_hears_the_rest() -> None:
    queue = AudioQueue()
    begin(queue, "a", "b", "c")
    queue.keep_from(AudioMark("b", "2-3"))
    assert [(message.message_id, message.after) for message in queue.waiting] == [("b", "2-3"), ("c", "0-0")]


def test_a_client_that_heard_an_older_turn_hears_all_of_this_one() -> None:
    queue = AudioQueue()
    begin(queue, "old", epoch=1)
    begin(queue, "a", epoch=2)
    queue.keep_from(AudioMark("old", "9-0"))
    assert ids(queue) == ["a"]


def test_an_epoch_that_went_back_begins_anew() -> None:
    queue = AudioQueue(epoch=7)
    queue.reset(1)
    begin(queue, "a", epoch=1)
    assert ids(queue) == ["a"]


EVENT = st.tuples(
    st.sampled_from([b"message_started", b"interrupted", b"turn_accepted", b"message_complete", b"done"]),
    st.sampled_from("abcdef"),
    st.integers(0, 4),
)


@given(st.lists(EVENT, max_size=40))
def test_whatever_happens_only_the_newest_epoch_waits_each_message_once(events: list[tuple[bytes, str, int]]) -> None:
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
        waiting = ids(queue)
        assert queue.epoch == newest
        assert all(message.epoch == newest for message in queue.waiting)
        assert waiting == [each for each in order if each in waiting]
