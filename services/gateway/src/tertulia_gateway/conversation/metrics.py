"""How long the user waits for a turn's first text and first sound, and what else one connection counts of its talk.

Fed with what is sent to this client. What it is sent again, or for the first time long after, says nothing of the wait:
turns from before the connection had opened the conversation are left out.
"""

from __future__ import annotations

from collections.abc import Callable

from tertulia_shared.codec import Fields, number
from tertulia_shared.metrics import Histogram, Metrics, catalogue
from tertulia_shared.metrics.hop import Hop


class Waits:
    """One open conversation's. `wall_ms`: milliseconds since 1970, as entries carry."""

    def __init__(self, metrics: Metrics, wall_ms: Callable[[], int]) -> None:
        self._metrics = metrics
        self._wall_ms = wall_ms
        self._since_ms = wall_ms()
        self._events = Hop(metrics, "events", wall_ms)
        self._audio = Hop(metrics, "audio", wall_ms)
        self._accepted_ms = 0
        self._text: Histogram | None = None
        """What is waited for, where something is."""
        self._sound: Histogram | None = None

    def event(self, kind: bytes, fields: Fields) -> None:
        """An event other than a piece of text was sent."""
        at_ms = number(fields, b"ts")
        if at_ms < self._since_ms:
            return
        self._events.taken(fields)
        if kind == b"turn_accepted":
            source = fields.get(b"source", b"").decode(errors="replace")
            self._metrics.of(catalogue.TURNS, source).inc()
            self._accepted_ms = at_ms
            self._text = self._metrics.of(catalogue.TURN_FIRST_TEXT, source)
            self._sound = self._metrics.of(catalogue.TURN_FIRST_SOUND, source)
        elif kind == b"interrupted":
            self._metrics.of(catalogue.INTERRUPTIONS, fields.get(b"cause", b"").decode(errors="replace")).inc()
            self._text = self._sound = None

    def text(self) -> None:
        """A piece of text was sent."""
        if self._text is not None:
            self._text.observe(self._so_far())
            self._text = None

    def sound(self, fields: Fields, *, asked_ms: int) -> None:
        """A message's first sound was sent; its entry, and when the gateway began to wait for it."""
        self._audio.taken(fields, since_ms=asked_ms)
        if self._sound is not None:
            self._sound.observe(self._so_far())
            self._sound = None

    def _so_far(self) -> float:
        return max(0, self._wall_ms() - self._accepted_ms) / 1000
