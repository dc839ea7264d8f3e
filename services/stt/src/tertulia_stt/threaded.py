"""Runs the blocking recognizer of each session in a separate thread, with bounded queues in both directions.

A slow recognizer makes `feed` wait, and unread events make the recognizer wait. Neither affects other sessions.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Final, Protocol

from tertulia_stt.engine import BYTES_PER_SAMPLE, SAMPLE_RATE, RecognitionFailed, STTEvent

_SLICE_BYTES: Final = SAMPLE_RATE * BYTES_PER_SAMPLE // 10
"""Maximum length of a piece of audio for the recognizer. It is only 100 ms, so that the thread soon notices when the
session is closed.
"""


class BlockingRecognizer(Protocol):
    """The blocking part of an engine. All calls come from one thread. `close` is always called, as the last call."""

    def begin(self) -> Iterator[STTEvent]:
        """Start the session."""
        ...

    def expect(self, words: Sequence[str]) -> None:
        """Set the words that are likely to occur. See `RecognitionSession.expect`."""
        ...

    def accept(self, pcm: bytes) -> Iterator[STTEvent]:
        """Process a piece of audio. Each event is delivered as soon as it is yielded. `pcm` is empty after
        `ThreadedSession.wake`.
        """
        ...

    def finish(self) -> Iterator[STTEvent]:
        """End the input: yield the events of the remaining audio."""
        ...

    def close(self) -> None:
        """Free all resources, also in the middle of an utterance."""
        ...


class ThreadedSession:
    """A `RecognitionSession` whose recognizer runs in its own thread.

    `max_backlog_s` is the maximum length of unprocessed audio, `max_events` the maximum number of unread events.
    `on_closing` is called on the event loop when the session is closed: it ends what the thread waits for. `on_closed`
    is called there after the thread has closed the recognizer.
    """

    def __init__(
        self,
        recognizer: BlockingRecognizer,
        *,
        max_backlog_s: float = 2.0,
        max_events: int = 256,
        on_closing: Callable[[], None] | None = None,
        on_closed: Callable[[ThreadedSession], None] | None = None,
    ) -> None:
        self._recognizer = recognizer
        self._on_closing = on_closing
        self._on_closed = on_closed
        self._loop = asyncio.get_running_loop()
        self._max_backlog = int(max_backlog_s * SAMPLE_RATE) * BYTES_PER_SAMPLE
        self._backlog = 0  # number of bytes that are fed and not processed yet; used on the loop only
        self._room = asyncio.Event()
        self._input: queue.SimpleQueue[bytes | tuple[str, ...] | None] = (
            queue.SimpleQueue()
        )  # audio, which is bounded by the backlog, and words to expect
        self._output: asyncio.Queue[STTEvent | None] = asyncio.Queue()  # bounded by the semaphore
        self._unread = threading.Semaphore(max_events)
        self._closing = threading.Event()
        self._over = False  # no more input is accepted
        self._failure: RecognitionFailed | None = None
        self._stopped = asyncio.Event()
        # A daemon thread, so that the process can exit without waiting for a recognizer.
        self._thread = threading.Thread(target=self._run, name="stt-session", daemon=True)
        self._thread.start()

    async def feed(self, pcm: bytes) -> None:
        if len(pcm) % BYTES_PER_SAMPLE:
            raise ValueError(f"PCM must be whole 16-bit samples, but a piece has {len(pcm)} bytes")
        # When the backlog is empty, accept a piece of any size: otherwise `feed` would wait for ever with a piece that
        # exceeds the bound.
        while self._backlog and self._backlog + len(pcm) > self._max_backlog and not self._over:
            self._room.clear()
            await self._room.wait()
        if self._failure is not None:
            raise self._failure
        if self._over:
            raise RecognitionFailed("the recognition session has ended; open another one")
        self._backlog += len(pcm)
        for start in range(0, len(pcm), _SLICE_BYTES):
            self._input.put(pcm[start : start + _SLICE_BYTES])

    def wake(self) -> None:
        """Make the recognizer's thread call `accept` without audio, because a result is ready. Thread-safe."""
        self._input.put(b"")

    def expect(self, words: Sequence[str]) -> None:
        self._input.put(tuple(words))

    async def events(self) -> AsyncIterator[STTEvent]:
        while not self._closing.is_set():
            event = await self._output.get()
            if event is None:
                self._output.put_nowait(None)  # put the end marker back, for a reader that starts later
                break
            self._unread.release()
            yield event
        if self._failure is not None and not self._closing.is_set():
            raise self._failure

    async def finish(self) -> None:
        if not self._over:
            self._end_input()

    async def close(self) -> None:
        self._closing.set()
        self._end_input()
        if self._on_closing is not None:
            self._on_closing()
        self._unread.release()
        self._output.put_nowait(None)
        await self._stopped.wait()
        self._thread.join()  # the thread ends right after it has set `_stopped`

    def _end_input(self) -> None:
        self._over = True
        self._input.put(None)
        self._room.set()

    # The methods below run on the session's thread.

    def _run(self) -> None:
        failure: RecognitionFailed | None = None
        try:
            self._recognize()
        except RecognitionFailed as error:
            failure = error
        except Exception as error:  # noqa: BLE001 - an error of an engine ends only its session
            failure = RecognitionFailed(f"speech recognition failed: {error}")
            failure.__cause__ = error
        finally:
            try:
                self._recognizer.close()
            finally:
                self._on_loop(lambda: self._end(failure))

    def _recognize(self) -> None:
        if not self._deliver(self._recognizer.begin()):
            return
        while (given := self._input.get()) is not None and not self._closing.is_set():
            if isinstance(given, tuple):
                self._recognizer.expect(given)
                continue
            if not self._deliver(self._recognizer.accept(given)):
                return
            heard = len(given)
            self._on_loop(lambda heard=heard: self._heard(heard))
        if not self._closing.is_set():
            self._deliver(self._recognizer.finish())

    def _deliver(self, events: Iterator[STTEvent]) -> bool:
        """Deliver events one by one. Returns False if the session is closing."""
        for event in events:
            self._unread.acquire()
            if self._closing.is_set():
                return False
            self._on_loop(lambda event=event: self._output.put_nowait(event))
        return True

    def _on_loop(self, call: Callable[[], None]) -> None:
        try:
            self._loop.call_soon_threadsafe(call)
        except RuntimeError:  # the loop was closed before this session was closed
            self._closing.set()

    # The methods below run on the event loop.

    def _heard(self, size: int) -> None:
        self._backlog -= size
        self._room.set()

    def _end(self, failure: RecognitionFailed | None) -> None:
        self._failure = failure
        self._over = True
        self._room.set()
        self._output.put_nowait(None)
        self._stopped.set()
        if self._on_closed is not None:
            self._on_closed(self)
