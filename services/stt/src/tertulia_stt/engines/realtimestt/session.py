"""One listening session on one recorder: feeds audio at the pace of speech, and turns the recorder's calls into events.

Audio goes directly to the recorder, which has its own threads. The session adds a thread, `stt-session`, which waits
for transcripts and shuts the recorder down. All threads pass their results to the event loop by
`call_soon_threadsafe`, and the port's methods run there, so no state needs a lock.

Positions are exact to 32 ms: the recorder reports the chunk of 512 samples at which something happened. The moment may
differ from run to run by a few chunks: a separate thread looks for speech, and the recorder measures silence by the
wall clock, which the session corrects with every chunk.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from enum import Enum
from queue import SimpleQueue
from typing import Any, Final

from tertulia_stt.engine import BYTES_PER_SAMPLE, SAMPLE_RATE, RecognitionFailed, STTEvent, TranscriptionUpdate
from tertulia_stt.engines.realtimestt.ordering import (
    Began,
    Ended,
    Listening,
    Note,
    Ordering,
    Over,
    Partial,
    Transcribed,
)
from tertulia_stt.engines.realtimestt.recorder import CHUNK_SAMPLES
from tertulia_stt.engines.realtimestt.silence_clock import SilenceClock
from tertulia_stt.engines.realtimestt.throttle import Throttle

CHUNK_BYTES: Final = CHUNK_SAMPLES * BYTES_PER_SAMPLE
CHUNK_S: Final = CHUNK_SAMPLES / SAMPLE_RATE
MAX_UNHEARD_CHUNKS: Final = 4
"""Maximum number of chunks fed to the recorder and not processed yet. Beyond it, `feed` waits."""
MAX_UNREAD_EVENTS: Final = 256
MAX_WAITING_NOTES: Final = 32
"""Maximum number of notes that wait for an earlier utterance's text. Beyond it, `feed` waits for the model."""
MAX_UTTERANCE_CHUNKS: Final = 30 * SAMPLE_RATE // CHUNK_SAMPLES
"""An utterance is cut at this length: Whisper's window is 30 s, and buffers must be bounded."""
STALLED_S: Final = 20.0
"""A recorder that processes no audio for this long is broken."""
DRAIN_S: Final = 0.2
JOIN_S: Final = 30.0
"""Maximum wait of closing, in seconds, for a transcription that cannot be cancelled."""


class _Signal(Enum):
    RECORDED = "an utterance was recorded"
    FINISH = "there is no more audio"
    DONE = "all that was recorded is transcribed"
    CLOSE = "end now"


class RecorderSession:
    """A `RecognitionSession`, and the `Callbacks` of its recorder. `start` gives it the recorder.

    `on_closed` is called on the event loop when no thread of the session runs any more.
    """

    def __init__(self, first_sample: int, *, on_closed: Callable[[RecorderSession], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._on_closed = on_closed
        self._first = first_sample
        self._recorder: Any = None
        self._thread = threading.Thread(target=self._run, name="stt-session", daemon=True)
        self._signals: SimpleQueue[_Signal] = SimpleQueue()
        self._closing = threading.Event()
        # On the event loop.
        self._throttle = Throttle()
        self._rest = bytearray()  # the last input, less than a chunk
        self._ordering = Ordering(first_sample)
        self._output: asyncio.Queue[STTEvent | None] = asyncio.Queue()  # bounded: `feed` waits while it is full
        self._change = asyncio.Event()  # set when a condition that `feed` waits for may have changed
        self._over = False
        self._failure: RecognitionFailed | None = None
        self._stopped = asyncio.Event()
        # One thread writes each of these; the others may read a slightly old value.
        self._fed = 0  # number of input samples; written on the loop
        self._heard = 0  # number of processed chunks; this and the next ones are written on the recording thread
        self._silence = SilenceClock(CHUNK_S)
        self._number = 0  # number of the current utterance
        self._began = 0  # the chunk at which the current utterance began
        self._speech_at = 0
        self._stop_at: int | None = None  # the position at which the VAD detected the end of speech
        self._is_cut = False
        self._ends: deque[int] = deque()  # ends of the recorded utterances that wait for transcription
        self._audio_samples = 0  # length of the utterance being transcribed
        self._stable = (0, "")  # utterance number and stable text; written on the realtime thread

    def start(self, recorder: Any) -> None:
        """Listen with this recorder."""
        self._recorder = recorder
        self._thread.start()

    @property
    def is_cancelled(self) -> bool:
        """True if the session is closing, so that its texts are not needed."""
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

    async def events(self) -> AsyncIterator[STTEvent]:
        while not self._closing.is_set():
            event = await self._output.get()
            if event is None:
                self._output.put_nowait(None)  # keep the end marker, so that a later call of `events` ends, too
                break
            self._change.set()
            yield event
        if self._failure is not None and not self._closing.is_set():
            raise self._failure

    async def finish(self) -> None:
        if not self._over:
            self._end_input()
            if self._rest:  # the padding of the last chunk does not count towards positions
                samples = len(self._rest) // BYTES_PER_SAMPLE
                self._fed += samples
                self._recorder.feed_audio(bytes(self._rest.ljust(CHUNK_BYTES, b"\0")))
            self._signals.put(_Signal.FINISH)

    async def close(self) -> None:
        self._closing.set()
        self._end_input()
        self._output.put_nowait(None)
        self._recorder.interrupt_stop_event.set()  # ends the thread's wait for a transcription
        self._signals.put(_Signal.CLOSE)
        await self._stopped.wait()
        self._thread.join()  # the thread ends right after it has posted `_stop`

    def _end_input(self) -> None:
        self._over = True
        self._change.set()

    def _check_open(self) -> None:
        if self._failure is not None:
            raise self._failure
        if self._over:
            raise RecognitionFailed("the recognition session has ended; open another one")

    async def _may_feed(self) -> None:
        """Wait until the next chunk may be fed, or the session ends."""
        while not self._over:
            self._change.clear()
            wait_s = self._throttle.wait_s(self._loop.time())
            unheard = self._fed // CHUNK_SAMPLES - self._heard >= MAX_UNHEARD_CHUNKS
            unread = self._output.qsize() >= MAX_UNREAD_EVENTS or self._ordering.waiting >= MAX_WAITING_NOTES
            if not (wait_s or unheard or unread):
                return
            try:
                async with asyncio.timeout(STALLED_S if unheard else None if unread else wait_s):
                    await self._change.wait()
            except TimeoutError:
                if unheard:
                    self._fail(RecognitionFailed(f"the recorder has looked at no audio for {STALLED_S:g} s"))

    def _feed_chunk(self, chunk: bytes) -> None:
        self._throttle.passed(self._loop.time(), CHUNK_S)
        self._fed += CHUNK_SAMPLES
        self._recorder.feed_audio(chunk)

    # -- on the event loop, from the threads

    def _take(self, note: Note) -> None:
        for event in self._ordering.take(note):
            if isinstance(event, TranscriptionUpdate) and self._output.qsize() >= MAX_UNREAD_EVENTS:
                continue  # unread events pile up, and a later update replaces this one
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

    def _post(self, call: Callable[..., None], *args: object) -> None:
        try:
            self._loop.call_soon_threadsafe(call, *args)
        except RuntimeError:  # the loop was closed before the session
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
        # `text()` would set these when it first waits for speech. Here it is called only for recorded utterances: while
        # it waits, it can miss the beginning of speech or the end of a recording.
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
                    end = self._ends.popleft()
                    start = max(last_end, end - self._audio_samples)
                    last_end = min(end, self._first + self._fed)
                    self._note(Transcribed(number, text, min(start, last_end), last_end))
                case _Signal.FINISH:
                    self._cut_off()
                    self._signals.put(_Signal.DONE)  # comes after the recorded utterances
                case _Signal.DONE:
                    self._note(Over(self._first + self._fed))
                    self._post(self._no_more_events)
                    return
                case _Signal.CLOSE:
                    return

    def _cut_off(self) -> None:
        """Wait until the recorder has processed the last audio, and end the current recording."""
        deadline = time.monotonic() + STALLED_S
        while not self._recorder.drain_audio_input(timeout=DRAIN_S):
            if self._closing.is_set():
                return
            if time.monotonic() > deadline:
                raise RecognitionFailed(f"the recorder has looked at no audio for {STALLED_S:g} s")
        if self._recorder.is_recording:  # the recording thread is idle, because no audio is left
            self._is_cut = True
            self._recorder.stop()

    # -- on the recorder's threads

    def on_recorded_chunk(self, chunk: bytes) -> None:  # noqa: ARG002 - the chunk that it processes next
        if self._recorder.is_recording and self._heard - self._began >= MAX_UTTERANCE_CHUNKS:
            self._recorder.stop()  # the recorder keeps listening, and no audio is lost
        self._count_silence()
        self._heard += 1
        self._post(self._change.set)

    def _count_silence(self) -> None:
        # The recorder compares both with `time.time()` right after this call, on this thread.
        recorder, clock = self._recorder, self._silence
        clock.chunk(time.time())
        recorder.speech_end_silence_candidate_start = clock.moved(recorder.speech_end_silence_candidate_start)
        recorder.speech_end_silence_start = clock.moved(recorder.speech_end_silence_start)

    def on_vad_detect_start(self) -> None:
        self._note(Listening(self._position()))

    def on_vad_detect_stop(self) -> None:
        """Ignored: `on_recording_start` comes at the same time."""

    def on_vad_start(self) -> None:
        self._speech_at = self._position()

    def on_vad_stop(self) -> None:
        self._stop_at = self._position()

    def on_recording_start(self) -> None:
        self._number += 1
        self._began = self._heard
        self._note(Began(self._number, self._position(), self._speech_at))

    def on_recording_stop(self) -> None:
        at = self._position()
        self._ends.append(self._first + self._heard * CHUNK_SAMPLES)
        self._note(Ended(self._number, at, at if self._stop_at is None else self._stop_at, is_cut=self._is_cut))
        self._stop_at = None
        self._signals.put(_Signal.RECORDED)

    def on_transcription_start(self, audio: Any) -> bool:
        self._audio_samples = len(audio)
        return False  # the recorder transcribes it

    def on_realtime_text_stabilization_update(self, event: Any) -> None:
        """Called right before the other two callbacks, with their utterance and its stable text."""
        text = event.stable_text.strip()
        self._stable = event.recording_id, text[:1].upper() + text[1:]

    def on_realtime_transcription_stabilized(self, text: str) -> None:  # noqa: ARG002 - it includes the unstable part
        number, stable = self._stable
        if stable:
            self._note(Partial(number, self._position(), stable, is_stable=True))

    def on_realtime_transcription_update(self, text: str) -> None:
        self._note(Partial(self._stable[0], self._position(), text))

    def _position(self) -> int:
        return self._first + min(self._heard * CHUNK_SAMPLES, self._fed)

    def _note(self, note: Note) -> None:
        self._post(self._take, note)


def shut_down(recorder: Any) -> None:
    """End a recorder and its threads. Blocks for about 10 ms, longer during a transcription."""
    recorder.shutdown()
    for thread in recorder._external_transcription_threads:  # noqa: SLF001 - there is no public way to join them
        thread.join(JOIN_S)
