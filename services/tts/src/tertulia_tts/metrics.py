"""The tts stage's metrics: how fast sentences are synthesized."""

from __future__ import annotations

import time
from collections.abc import Callable

from tertulia_shared.metrics import Metrics, catalogue
from tertulia_shared.tracing import NO_SPAN, SpanHandle
from tertulia_tts.engine import BYTES_PER_SAMPLE, SAMPLE_RATE

BYTES_PER_SECOND = SAMPLE_RATE * BYTES_PER_SAMPLE


class SpeechMetrics:
    """The metrics of one engine. `clock` returns seconds since an arbitrary start."""

    def __init__(self, metrics: Metrics, engine: str, clock: Callable[[], float] = time.perf_counter) -> None:
        self.first_chunk = metrics.of(catalogue.TTS_FIRST_CHUNK, engine)
        self.ratio = metrics.of(catalogue.TTS_RATIO, engine)
        self.audio = metrics.of(catalogue.TTS_AUDIO, engine)
        self._replaced_voices = metrics.of(catalogue.TTS_REPLACED_VOICES)
        self._metrics = metrics
        self.stand_ins = metrics.of(catalogue.TTS_STAND_INS, engine)
        self._failures = metrics.of(catalogue.TTS_FAILURES)
        self.clock = clock

    def start_span(self, name: str, turn_id: str, parent: str | None = None) -> SpanHandle:
        """Start a span of the turn's trace. See `Tracer.start`."""
        return self._metrics.tracer.start(name, turn_id, parent=parent)

    def begin(self, span: SpanHandle = NO_SPAN) -> SentenceTimer:
        """Start the timer of a sentence. `span`: the sentence's span, which the timer ends."""
        return SentenceTimer(self, span)

    def voice_replaced(self) -> None:
        """Count a message that another voice speaks than its character's."""
        self._replaced_voices.inc()

    def failed(self) -> None:
        """Count a sentence that cannot be spoken and is skipped."""
        self._failures.inc()


class SentenceTimer:
    """The measurements of one sentence."""

    def __init__(self, metrics: SpeechMetrics, span: SpanHandle) -> None:
        self._metrics = metrics
        self._span = span
        self._begun = metrics.clock()

    def first_chunk(self) -> None:
        """Record the latency of the first chunk of the sentence that was not published before."""
        self._span.event("first sound")
        self._metrics.first_chunk.observe(self._metrics.clock() - self._begun)

    def done(self, pcm_bytes: int) -> None:
        """Record how long the synthesis of the complete sentence, with so many bytes of PCM, took relative to the
        length of its sound. Nothing is recorded for a sentence without sound.
        """
        audio_s = pcm_bytes / BYTES_PER_SECOND
        self._span.end(audio_s=audio_s)
        if pcm_bytes:
            self._metrics.audio.inc(audio_s)
            self._metrics.ratio.observe((self._metrics.clock() - self._begun) / audio_s)
