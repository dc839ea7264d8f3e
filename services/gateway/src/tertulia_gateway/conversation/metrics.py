"""Metrics of one open conversation: turns, interruptions, and the latency of each turn's first text and first audio.

It is called for each event and frame that the gateway sends to this client. Events that were written before the
conversation was opened are replays. They are ignored, because they would distort the latencies.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tertulia_gateway.conversation.held_turn import CONFIRMED_MS
from tertulia_shared.codec import Fields, number
from tertulia_shared.metrics import Histogram, Metrics, catalogue
from tertulia_shared.metrics.hop import Hop
from tertulia_shared.tracing import NO_SPAN, root_of

WAITED_S: Final = 10.0
"""A turn that ends before its first sound counts as waited for in vain after this many seconds."""
MAX_MESSAGES: Final = 16
"""The gaps of this many messages are counted: a client plays few messages at once."""


class ConversationMetrics:
    """The metrics of one conversation. `wall_ms` returns milliseconds since 1970, as in the entries."""

    def __init__(self, metrics: Metrics, wall_ms: Callable[[], int]) -> None:
        self._metrics = metrics
        self._wall_ms = wall_ms
        self._opened_ms = wall_ms()
        self._events = Hop(metrics, "events", wall_ms)
        self._audio = Hop(metrics, "audio", wall_ms)
        self._span = NO_SPAN
        """The root span of the turn's trace."""
        self._source = ""
        self._certain_ms = 0
        """When the turn was accepted; for a turn that was tentative, when it was confirmed."""
        self._reopened = b""
        """The id of the reopened turn. Its next version is not counted as another turn."""
        self._first_text: Histogram | None = None
        """Records the latency of the turn's first text. None after that text was sent."""
        self._first_audio: Histogram | None = None
        self._gaps: dict[str, tuple[int, int]] = {}
        """The newest messages of which sound was sent: the number of their gaps and their total length in ms, as the
        client has reported them."""
        self._released_ms = 0
        """When the last held events were released. The time for which they were held does not count as latency."""

    def event_sent(self, kind: bytes, fields: Fields) -> None:
        """Count an event other than `llm_chunk`."""
        at_ms = number(fields, b"ts")
        confirmed_ms = number(fields, CONFIRMED_MS) if CONFIRMED_MS in fields else 0
        if confirmed_ms:
            self._released_ms = confirmed_ms
        if at_ms < self._opened_ms:
            return
        self._events.taken_since(max(at_ms, self._released_ms))
        if kind == b"turn_accepted":
            self._turn_accepted(fields, confirmed_ms or at_ms)
        elif kind == b"interrupted":
            self._metrics.of(catalogue.INTERRUPTIONS, fields.get(b"cause", b"").decode(errors="replace")).inc()
            self._end_turn()
        elif kind == b"turn_reopened":
            self._reopened = fields.get(b"turn_id", b"")
            self._first_text = self._first_audio = None
        elif kind == b"error":
            self._first_audio = None  # the client was told why there is no sound

    def _turn_accepted(self, fields: Fields, certain_ms: int) -> None:
        self._end_turn()
        source = fields.get(b"source", b"").decode(errors="replace")
        if fields.get(b"turn_id") != self._reopened:
            self._metrics.of(catalogue.TURNS, source).inc()
        self._certain_ms = certain_ms
        self._source = source
        turn_id = fields.get(b"turn_id", b"").decode(errors="replace")
        self._span = self._metrics.tracer.start(
            "turn", turn_id, parent="", id=root_of(turn_id), start_ns=certain_ms * 1_000_000
        )
        self._first_text = self._metrics.of(catalogue.TURN_FIRST_TEXT, source)
        self._first_audio = self._metrics.of(catalogue.TURN_FIRST_SOUND, source)

    def text_sent(self) -> None:
        """Record the latency of the turn's first `llm_chunk`."""
        if self._first_text is not None:
            self._span.event("first text")
            self._first_text.observe(self._since_certain_s())
            self._first_text = None

    def _end_turn(self) -> None:
        if self._first_audio is not None and self._since_certain_s() >= WAITED_S:
            self._metrics.of(catalogue.REPLIES_WITHOUT_SOUND, "waited").inc()
        self._first_text = self._first_audio = None
        self._span.end(source=self._source, result="interrupted")

    def turn_settled(self) -> None:
        """Record that the turn's text is complete and all its sound was sent."""
        self._span.end(source=self._source, result="complete")

    def audio_sent(self, message_id: str, fields: Fields, *, asked_ms: int) -> None:
        """Record the latency of a message's first audio entry. `asked_ms`: when the gateway began to wait for this
        entry.
        """
        self._audio.taken(fields, since_ms=asked_ms)
        self._gaps[message_id] = 0, 0
        if len(self._gaps) > MAX_MESSAGES:
            del self._gaps[next(iter(self._gaps))]
        if self._first_audio is not None:
            self._span.event("first sound")
            self._first_audio.observe(self._since_certain_s())
            self._first_audio = None

    def audio_complete(self, message_id: str) -> None:
        """Count a message that ended without any sound. Only for messages that were sent from their beginning."""
        if message_id not in self._gaps:
            self._metrics.of(catalogue.REPLIES_WITHOUT_SOUND, "silent").inc()
            self._first_audio = None

    def gaps_reported(self, message_id: str, gaps: int, gap_ms: int) -> None:
        """Count the gaps that are new in the client's report. Ignores messages of which it was sent no sound."""
        known = self._gaps.get(message_id)
        if known is None or gaps <= known[0]:
            return
        self._metrics.of(catalogue.CLIENT_GAPS).inc(gaps - known[0])
        self._metrics.of(catalogue.CLIENT_GAP_SECONDS).inc(max(0, gap_ms - known[1]) / 1000)
        self._gaps[message_id] = gaps, max(gap_ms, known[1])

    def _since_certain_s(self) -> float:
        return max(0, self._wall_ms() - self._certain_ms) / 1000
