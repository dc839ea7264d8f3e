"""The functions that a recorder calls on its own threads. They count the audio, and make a note (`ordering.Note`) of
each call.

Positions are exact to 32 ms: the recorder reports the chunk of 512 samples at which something happened. The reported
chunk may differ from run to run by a few chunks, because a separate thread looks for speech. The recorder measures
silence by the wall clock; `on_recorded_chunk` corrects that.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from tertulia_stt.engine import SAMPLE_RATE, SILENCE_REPORTED_S
from tertulia_stt.engines.realtimestt.ordering import Began, Ended, Listening, Note, Partial, Quiet
from tertulia_stt.engines.realtimestt.recorder import CHUNK_SAMPLES
from tertulia_stt.engines.realtimestt.silence_clock import SilenceClock
from tertulia_stt.long_speech import MAX_SPEECH_MS, CutFinder

CHUNK_S: Final = CHUNK_SAMPLES / SAMPLE_RATE
MAX_UTTERANCE_CHUNKS: Final = MAX_SPEECH_MS * SAMPLE_RATE // 1000 // CHUNK_SAMPLES
"""Maximum length of an utterance in chunks. Longer speech is cut into several utterances (see `long_speech`)."""


class RecorderCallbacks:
    """The `Callbacks` of one recorder. The session sets the attribute `recorder`.

    `note` is called with each note, `on_processed` for each processed chunk, and `on_recorded` for each recorded
    utterance. Each attribute is written by only one thread; other threads may read a slightly old value.
    """

    def __init__(
        self,
        first_sample: int,
        *,
        note: Callable[[Note], None],
        on_processed: Callable[[], None],
        on_recorded: Callable[[], None],
    ) -> None:
        self._first = first_sample
        self._note = note
        self._on_processed = on_processed
        self._on_recorded = on_recorded
        self.recorder: Any = None
        self.fed_samples = 0
        """The number of samples that the recorder was given; written on the event loop."""
        self.is_last = False
        """True if the end of the input has ended the current recording; written on the session's thread."""
        # The attributes below are written by the recorder's threads.
        self._processed_chunks = 0
        self.ends: deque[int] = deque()
        """Where the recorded utterances end that still wait for their transcription."""
        self.audio_samples = 0
        """The length of the utterance being transcribed."""
        self._silence = SilenceClock(CHUNK_S)
        self._cuts = CutFinder(MAX_UTTERANCE_CHUNKS)
        self._is_cut = False  # the current recording was ended because of its length
        self._speech_chunks = 0  # the chunk after the last one with speech
        self._waits_since = 0  # the chunk after the last recording
        self._number = 0  # number of the current utterance
        self._began = 0  # the chunk at which the current utterance began
        self._speech_at = 0
        self._stop_at: int | None = None  # the position at which the VAD detected the end of speech
        self._stable = (0, "")  # utterance number and stable text; written on the realtime thread

    @property
    def unprocessed_chunks(self) -> int:
        """The number of chunks that were fed to the recorder and are not processed yet."""
        return self.fed_samples // CHUNK_SAMPLES - self._processed_chunks

    def on_recorded_chunk(self, chunk: bytes) -> None:
        """Note the chunk that the recorder processes next."""
        if self.recorder.is_recording:
            self._look_for_a_cut(chunk)
        elif (self._processed_chunks - self._waits_since) * CHUNK_S <= SILENCE_REPORTED_S:
            self._note(Quiet(self._position()))
        self._count_silence()
        self._processed_chunks += 1
        self._on_processed()

    def _look_for_a_cut(self, chunk: bytes) -> None:
        recorder, done = self.recorder, self._processed_chunks
        if not (recorder.speech_end_silence_candidate_start or recorder.speech_end_silence_start):
            self._speech_chunks = done
        loudness = float(np.abs(np.frombuffer(chunk, dtype="<i2").astype(np.float32)).mean())
        if self._cuts.is_cut(done - self._began, done - self._speech_chunks, loudness):
            self._is_cut = True
            recorder.stop()  # the recorder begins the next recording at once, so no audio is lost

    def _count_silence(self) -> None:
        # Right after this call, on this thread, the recorder compares both start times with `time.time()`.
        recorder, clock = self.recorder, self._silence
        clock.chunk(time.time())
        recorder.speech_end_silence_candidate_start = clock.moved(recorder.speech_end_silence_candidate_start)
        recorder.speech_end_silence_start = clock.moved(recorder.speech_end_silence_start)

    def on_vad_detect_start(self) -> None:
        # The recorder may have processed some audio before it calls this for the first time.
        self._note(Listening(self._position() if self._number else self._first))

    def on_vad_detect_stop(self) -> None:
        """Do nothing: `on_recording_start` is called at the same time."""

    def on_vad_start(self) -> None:
        self._speech_at = self._position()

    def on_vad_stop(self) -> None:
        self._stop_at = self._position()

    def on_recording_start(self) -> None:
        self._number += 1
        self._began = self._speech_chunks = self._processed_chunks
        self._is_cut = False
        self._cuts.begin()
        self._note(Began(self._number, self._position(), self._speech_at))

    def on_recording_stop(self) -> None:
        at = self._position()
        self.ends.append(self._first + self._processed_chunks * CHUNK_SAMPLES)
        self._waits_since = self._processed_chunks
        self._note(
            Ended(
                self._number,
                at,
                at if self._stop_at is None else self._stop_at,
                speech_end=self._first + self._speech_chunks * CHUNK_SAMPLES,
                is_cut=self._is_cut,
                is_last=self.is_last,
            )
        )
        self._stop_at = None
        self._on_recorded()

    def on_transcription_start(self, audio: Any) -> bool:
        self.audio_samples = len(audio)
        return False  # False lets the recorder transcribe the audio

    def on_realtime_text_stabilization_update(self, event: Any) -> None:
        """Store the utterance's number and its stable text for the two callbacks below, which are called right after
        this one.
        """
        text = event.stable_text.strip()
        self._stable = event.recording_id, text[:1].upper() + text[1:]

    def on_realtime_transcription_stabilized(self, text: str) -> None:  # noqa: ARG002 - it includes the unstable part
        number, stable = self._stable
        if stable:
            self._note(Partial(number, self._position(), stable, is_stable=True))

    def on_realtime_transcription_update(self, text: str) -> None:
        self._note(Partial(self._stable[0], self._position(), text))

    def _position(self) -> int:
        return self._first + min(self._processed_chunks * CHUNK_SAMPLES, self.fed_samples)
