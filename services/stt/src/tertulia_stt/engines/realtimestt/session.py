"""One listening session with one recorder: feeds audio in real time, and converts the recorder's callbacks to events.

Audio is passed directly to the recorder, which has its own threads. The session adds the thread `stt-session`, which
waits for transcripts and shuts the recorder down. All threads pass their results to the event loop by
`call_soon_threadsafe`. The port's methods run on the event loop too, so no lock is needed.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from enum import Enum
from queue import SimpleQueue
from typing import Any, Final

from tertulia_stt.engine import BYTES_PER_SAMPLE, RecognitionFailed, Silence, STTEvent, TranscriptionUpdate
from tertulia_stt.engines.realtimestt.callbacks import CHUNK_S, RecorderCallbacks
from tertulia_stt.engines.realtimestt.ordering import Note, Ordering, Over, Transcribed
from tertulia_stt.engines.realtimestt.recorder import CHUNK_SAMPLES, shut_down
from tertulia_stt.engines.realtimestt.throttle import Throttle

CHUNK_BYTES: Final = CHUNK_SAMPLES * BYTES_PER_SAMPLE
MAX_UNHEARD_CHUNKS: Final = 4
"""Maximum number of chunks that were fed to the recorder and are not processed yet. At this number, `feed` waits."""
MAX_UNREAD_EVENTS: Final = 256
MAX_WAITING_NOTES: Final = 32
"""Maximum number of notes that wait for the final text of an earlier utterance. At this number, `feed` waits."""
STALLED_S: Final = 20.0
"""If a recorder processes no audio for this long, in seconds, it counts as broken."""
DRAIN_S: Final = 0.2


class _Signal(Enum):
    RECORDED = "an utterance was recorded"
    FINISH = "there is no more audio"
    DONE = "all that was recorded is transcribed"
    CLOSE = "end now"


class RecorderSession:
    """A `RecognitionSession`. Its recorder is made with the session's `callbacks`, and then passed to `start`.

    `words`: words that are likely to occur, until `expect` sets others. `on_closed` is called on the event loop when
    all threads of the session have ended.
    """

    def __init__(
        self, first_sample: int, words: Sequence[str], *, on_closed: Callable[[RecorderSession], None]
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._on_closed = on_closed
        self._first = first_sample
        self.hotwords = ", ".join(words)  # replaced on the event loop, read by the threads that transcribe
        self._recorder: Any = None
        self._thread = threading.Thread(target=self._run, name="stt-session", daemon=True)
        self._signals: SimpleQueue[_Signal] = SimpleQueue()
        self._closing = threading.Event()
        # The attributes below are used on the event loop only.
        self._throttle = Throttle()
        self._rest = bytearray()  # the end of the input that does not fill a chunk yet
        self._ordering = Ordering(first_sample)
        # bounded, because `feed` waits while it has `MAX_UNREAD_EVENTS`
        self._output: asyncio.Queue[STTEvent | None] = asyncio.Queue()
        self._change = asyncio.Event()  # set when a condition that `feed` waits for may have changed
        self._over = False
        self._failure: RecognitionFailed | None = None
        self._stopped = asyncio.Event()
        self.callbacks = RecorderCallbacks(
            first_sample,
            note=self._note,
            on_processed=lambda: self._post(self._change.set),
            on_recorded=lambda: self._signals.put(_Signal.RECORDED),
        )

    def start(self, recorder: Any) -> None:
        """Start listening with this recorder."""
        self._recorder = self.callbacks.recorder = recorder
        self._thread.start()

    @property
    def is_cancelled(self) -> bool:
        """True if the session is closing, so that no transcription is needed any more."""
        return self._closing.is_set()

    # -- the port

    async def feed(self, pcm: bytes) -> None:
        if len(pcm) % BYTES_PER_SAMPLE:
            raise ValueError(f"PCM must be whole 16-bit samples, but a piece has {len(pcm)} bytes")
        self._check_open()
        self._rest += pcm
        while len(self._rest) >= CHUNK_BYTES:
            await self._may_feed()
            self._check_open()
            chunk = bytes(self._rest[:CHUNK_BYTES])
            del self._rest[:CHUNK_BYTES]
            self._feed_chunk(chunk)

    def expect(self, words: Sequence[str]) -> None:
        self.hotwords = ", ".join(words)

    async def events(self) -> AsyncIterator[STTEvent]:
        while not self._closing.is_set():
            event = await self._output.get()
            if event is None:
                self._output.put_nowait(None)  # put the end marker back, so that a later call of `events` ends as well
                break
            self._change.set()
            yield event
        if self._failure is not None and not self._closing.is_set():
            raise self._failure

    async def finish(self) -> None:
        if not self._over:
            self._end_input()
            if self._rest:  # the samples that pad the last chunk are not counted in positions
                samples = len(self._rest) // BYTES_PER_SAMPLE
                self.callbacks.fed_samples += samples
                self._recorder.feed_audio(bytes(self._rest.ljust(CHUNK_BYTES, b"\0")))
            self._signals.put(_Signal.FINISH)

    async def close(self) -> None:
        self._closing.set()
        self._end_input()
        self._output.put_nowait(None)
        self._recorder.interrupt_stop_event.set()  # ends the thread's wait for a transcription
        self._signals.put(_Signal.CLOSE)
        await self._stopped.wait()
        self._thread.join()  # the thread ends right after it has posted the call of `_stop`

    def _end_input(self) -> None:
        self._over = True
        self._change.set()

    def _check_open(self) -> None:
        if self._failure is not None:
            raise self._failure
        if self._over:
            raise RecognitionFailed("the recognition session has ended; open another one")

    async def _may_feed(self) -> None:
        """Wait until the next chunk may be fed, or until the session ends."""
        while not self._over:
            self._change.clear()
            wait_s = self._throttle.wait_s(self._loop.time())
            unheard = self.callbacks.unprocessed_chunks >= MAX_UNHEARD_CHUNKS
            unread = self._output.qsize() >= MAX_UNREAD_EVENTS or self._ordering.waiting >= MAX_WAITING_NOTES
            if not (wait_s or unheard or unread):
                return
            try:
                async with asyncio.timeout(STALLED_S if unheard else None if unread else wait_s):
                    await self._change.wait()
            except TimeoutError:
                if unheard:
                    self._fail(RecognitionFailed(f"the recorder has processed no audio for {STALLED_S:g} s"))

    def _feed_chunk(self, chunk: bytes) -> None:
        self._throttle.passed(self._loop.time(), CHUNK_S)
        self.callbacks.fed_samples += CHUNK_SAMPLES
        self._recorder.feed_audio(chunk)

    # -- called by the threads, run on the event loop

    def _take(self, note: Note) -> None:
        for event in self._ordering.take(note):
            if isinstance(event, TranscriptionUpdate | Silence) and self._output.qsize() >= MAX_UNREAD_EVENTS:
                continue  # too many events are unread: drop this event, because the next one of its kind replaces it
            self._output.put_nowait(event)
        self._change.set()

    def _fail(self, failure: RecognitionFailed) -> None:
        if self._failure is None:
            self._failure = failure
            self._no_more_events()

    def _no_more_events(self) -> None:
        self._end_input()
        self._output.put_nowait(None)

    def _stop(self) -> None:
        self._no_more_events()
        self._stopped.set()
        self._on_closed(self)

    def _note(self, note: Note) -> None:
        self._post(self._take, note)

    def _post(self, call: Callable[..., None], *args: object) -> None:
        try:
            self._loop.call_soon_threadsafe(call, *args)
        except RuntimeError:  # the loop was closed before this session was closed
            self._closing.set()

    # -- on the session's thread

    def _run(self) -> None:
        try:
            self._transcribe()
        except Exception as error:  # noqa: BLE001 - an error of the library ends only its session
            if not self._closing.is_set():
                failure = RecognitionFailed(f"speech recognition failed: {error}")
                failure.__cause__ = error
                self._post(self._fail, failure)
        finally:
            try:
                shut_down(self._recorder)
            finally:
                self._post(self._stop)

    def _transcribe(self) -> None:
        recorder = self._recorder
        recorder.listen()
        # `text()` would set these attributes when it waits for speech for the first time. Here it is called only after
        # an utterance was recorded, because while `text()` waits it can miss the beginning of speech or the end of a
        # recording.
        recorder.stop_recording_on_voice_deactivity = True
        recorder.continuous_listening = True
        number = 0
        last_end = self._first
        while not self._closing.is_set():
            match self._signals.get():
                case _Signal.RECORDED:
                    number += 1
                    text = recorder.text() or ""
                    if self._closing.is_set():
                        return
                    end = self.callbacks.ends.popleft()
                    start = max(last_end, end - self.callbacks.audio_samples)
                    last_end = min(end, self._first + self.callbacks.fed_samples)
                    self._note(Transcribed(number, text, min(start, last_end), last_end))
                case _Signal.FINISH:
                    self._cut_off()
                    self._signals.put(_Signal.DONE)  # handled after the utterances that are recorded already
                case _Signal.DONE:
                    self._note(Over(self._first + self.callbacks.fed_samples))
                    self._post(self._no_more_events)
                    return
                case _Signal.CLOSE:
                    return

    def _cut_off(self) -> None:
        """Wait until the recorder has processed all audio, and then end the current recording."""
        deadline = time.monotonic() + STALLED_S
        while not self._recorder.drain_audio_input(timeout=DRAIN_S):
            if self._closing.is_set():
                return
            if time.monotonic() > deadline:
                raise RecognitionFailed(f"the recorder has processed no audio for {STALLED_S:g} s")
        if self._recorder.is_recording:  # safe, because without audio the recorder's thread is idle
            self.callbacks.is_last = True
            self._recorder.stop()
