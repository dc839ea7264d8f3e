from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence

import pytest

from tertulia_stt.engine import RecognitionFailed, STTEvent, TranscriptionUpdate, VadDetectStart, VadDetectStop
from tertulia_stt.threaded import ThreadedSession

ONE_SECOND = bytes(32_000)


class Scripted:
    """A recognizer that blocks until `gate` is set, and then yields `per_piece` events for each piece. It fails if a
    piece is `broken`.
    """

    def __init__(self, *, per_piece: int = 1, broken: bytes | None = None) -> None:
        self.gate = threading.Event()
        self.per_piece = per_piece
        self.broken = broken
        self.heard = 0
        self.sent = 0
        self.closed = threading.Event()
        self.expected: list[tuple[int, Sequence[str], int]] = []
        """For each call of `expect`: the number of samples heard before, the words, and the thread."""

    def begin(self) -> Iterator[STTEvent]:
        yield VadDetectStart(0)

    def expect(self, words: Sequence[str]) -> None:
        self.expected.append((self.heard, words, threading.get_ident()))

    def accept(self, pcm: bytes) -> Iterator[STTEvent]:
        self.gate.wait()
        if pcm == self.broken:
            raise ZeroDivisionError("the model divided by zero")
        self.heard += len(pcm) // 2
        for _ in range(self.per_piece):
            self.sent += 1
            yield TranscriptionUpdate(self.heard, str(self.sent))

    def finish(self) -> Iterator[STTEvent]:
        yield VadDetectStop(self.heard)

    def close(self) -> None:
        self.closed.set()


async def until_idle() -> None:
    """Let all tasks run until each of them waits for something external."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_feed_waits_while_too_much_audio_is_unprocessed() -> None:
    recognizer = Scripted()
    session = ThreadedSession(recognizer, max_backlog_s=1.0)
    await session.feed(ONE_SECOND)
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(session.feed(ONE_SECOND))
        await until_idle()
        assert not waiting.done()
        recognizer.gate.set()
    await session.finish()
    assert [event async for event in session.events()][-1] == VadDetectStop(32_000)
    await session.close()


async def test_piece_longer_than_the_backlog_limit_is_accepted_if_no_audio_is_unprocessed() -> None:
    recognizer = Scripted()
    recognizer.gate.set()
    session = ThreadedSession(recognizer, max_backlog_s=0.1)
    await session.feed(ONE_SECOND)
    await session.finish()
    assert [event async for event in session.events()][-1] == VadDetectStop(16_000)
    await session.close()


async def test_recognizer_waits_while_too_many_events_are_unread() -> None:
    recognizer = Scripted(per_piece=100)
    recognizer.gate.set()
    session = ThreadedSession(recognizer, max_events=5)
    await session.feed(bytes(64))
    await session.finish()
    events = session.events()
    for read in range(1, 50):
        await anext(events)
        assert recognizer.sent <= read + 5
    assert len([event async for event in events]) == 102 - 49
    await session.close()


async def test_close_ends_a_recognizer_that_waits_for_events_to_be_read() -> None:
    recognizer = Scripted(per_piece=100)
    recognizer.gate.set()
    session = ThreadedSession(recognizer, max_events=1)
    await session.feed(bytes(64))
    await session.close()
    assert recognizer.closed.is_set()


async def test_close_ends_a_feed_that_waits() -> None:
    recognizer = Scripted()
    session = ThreadedSession(recognizer, max_backlog_s=0.1)
    await session.feed(ONE_SECOND)
    waiting = asyncio.ensure_future(session.feed(ONE_SECOND))
    await until_idle()
    closing = asyncio.ensure_future(session.close())
    with pytest.raises(RecognitionFailed, match="ended"):
        await waiting
    recognizer.gate.set()
    await closing
    assert recognizer.closed.is_set()


async def test_error_of_the_recognizer_is_raised_after_the_events_before_it() -> None:
    recognizer = Scripted(broken=b"\1\1")
    recognizer.gate.set()
    closed: list[ThreadedSession] = []
    session = ThreadedSession(recognizer, on_closed=closed.append)
    await session.feed(b"\0\0")
    await session.feed(b"\1\1")
    events = session.events()
    assert [await anext(events), await anext(events)] == [VadDetectStart(0), TranscriptionUpdate(1, "1")]
    with pytest.raises(RecognitionFailed, match="divided by zero"):
        await anext(events)
    with pytest.raises(RecognitionFailed, match="divided by zero"):
        await session.feed(b"\0\0")
    assert recognizer.closed.is_set()
    assert closed == [session]
    await session.close()


async def test_recognizer_gets_expected_words_in_its_own_thread_after_the_audio_that_was_fed_before() -> None:
    recognizer = Scripted()
    session = ThreadedSession(recognizer)
    session.expect(["Luna"])
    await session.feed(ONE_SECOND)
    session.expect(["Luna", "Ivy"])
    recognizer.gate.set()
    await session.finish()
    assert [event async for event in session.events()][-1] == VadDetectStop(16_000)
    assert [(heard, words) for heard, words, _ in recognizer.expected] == [(0, ("Luna",)), (16_000, ("Luna", "Ivy"))]
    assert threading.get_ident() not in {thread for _, _, thread in recognizer.expected}
    await session.close()
