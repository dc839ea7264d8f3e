"""Metrics of one open conversation: turns, interruptions, and the latency of each turn's first text and first audio.

It is called for each event and frame that the gateway sends to this client. Events that were written before the
conversation was opened are replays. They are ignored, because they would distort the latencies.
"""

from __future__ import annotations

from collections.abc import Callable

from tertulia_shared.codec import Fields, number
from tertulia_shared.metrics import Histogram, Metrics, catalogue
from tertulia_shared.metrics.hop import Hop


class ConversationMetrics:
    """The metrics of one conversation. `wall_ms` returns milliseconds since 1970, as in the entries."""

    def __init__(self, metrics: Metrics, wall_ms: Callable[[], int]) -> None:
        self._metrics = metrics
        self._wall_ms = wall_ms
        self._opened_ms = wall_ms()
        self._events = Hop(metrics, "events", wall_ms)
        self._audio = Hop(metrics, "audio", wall_ms)
        self._accepted_ms = 0
        self._first_text: Histogram | None = None
        """Records the latency of the turn's first text. None after that text was sent."""
        self._first_audio: Histogram | None = None

    def event_sent(self, kind: bytes, fields: Fields) -> None:
        """Count an event other than `llm_chunk`."""
        at_ms = number(fields, b"ts")
        if at_ms < self._opened_ms:
            return
        self._events.taken(fields)
        if kind == b"turn_accepted":
            source = fields.get(b"source", b"").decode(errors="replace")
            self._metrics.of(catalogue.TURNS, source).inc()
            self._accepted_ms = at_ms
            self._first_text = self._metrics.of(catalogue.TURN_FIRST_TEXT, source)
            self._first_audio = self._metrics.of(catalogue.TURN_FIRST_SOUND, source)
        elif kind == b"interrupted":
            self._metrics.of(catalogue.INTERRUPTIONS, fields.get(b"cause", b"").decode(errors="replace")).inc()
            self._first_text = self._first_audio = None

    def text_sent(self) -> None:
        """Record the latency of the turn's first `llm_chunk`."""
        if self._first_text is not None:
            self._first_text.observe(self._since_accepted_s())
            self._first_text = None

    def audio_sent(self, fields: Fields, *, asked_ms: int) -> None:
        """Record the latency of a message's first audio entry. `asked_ms`: when the gateway began to wait for this
        entry.
        """
        self._audio.taken(fields, since_ms=asked_ms)
        if self._first_audio is not None:
            self._first_audio.observe(self._since_accepted_s())
            self._first_audio = None

    def _since_accepted_s(self) -> float:
        return max(0, self._wall_ms() - self._accepted_ms) / 1000
