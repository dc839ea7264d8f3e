"""How fast sentences are made: measured one by one, for the stage's metrics."""

from __future__ import annotations

import time
from collections.abc import Callable

from tertulia_shared.metrics import Metrics, catalogue
from tertulia_tts.engine import BYTES_PER_SAMPLE, SAMPLE_RATE

BYTES_PER_SECOND = SAMPLE_RATE * BYTES_PER_SAMPLE


class SpeechMetrics:
    """Measures for one engine. `clock`: seconds from any beginning."""

    def __init__(self, metrics: Metrics, engine: str, clock: Callable[[], float] = time.perf_counter) -> None:
        self.first_chunk = metrics.of(catalogue.TTS_FIRST_CHUNK, engine)
        self.ratio = metrics.of(catalogue.TTS_RATIO, engine)
        self.audio = metrics.of(catalogue.TTS_AUDIO, engine)
        self._failures = metrics.of(catalogue.TTS_FAILURES)
        self.clock = clock

    def begin(self) -> SentenceTimer:
        """A sentence was taken."""
        return SentenceTimer(self)

    def failed(self) -> None:
        """A sentence could not be spoken, and is left out."""
        self._failures.inc()


class SentenceTimer:
    """One sentence."""

    def __init__(self, metrics: SpeechMetrics) -> None:
        self._metrics = metrics
        self._begun = metrics.clock()
        self._bytes = 0

    def made(self, pcm: bytes) -> None:
        """Another piece has come from the engine."""
        self._bytes += len(pcm)

    def first_chunk(self) -> None:
        """The first chunk that was not there yet is on its way."""
        self._metrics.first_chunk.observe(self._metrics.clock() - self._begun)

    def done(self) -> None:
        """The sentence is complete. One without a sound says nothing of the timer."""
        if self._bytes:
            audio_s = self._bytes / BYTES_PER_SECOND
            self._metrics.audio.inc(audio_s)
            self._metrics.ratio.observe((self._metrics.clock() - self._begun) / audio_s)
