"""Estimates until when the listener of a message has audio to play."""

from __future__ import annotations

from tertulia_tts.engine import BYTES_PER_SAMPLE, SAMPLE_RATE


class Playout:
    """The playout of one message: it begins with the first published chunk, and goes on without a pause while there is
    audio. Times are in seconds, of any one clock.
    """

    def __init__(self) -> None:
        self._ends = 0.0

    def published(self, pcm_bytes: int, now: float) -> None:
        """Audio of this length was published at the time `now`."""
        if not pcm_bytes:
            return
        self._ends = self.ends(now) + pcm_bytes / BYTES_PER_SAMPLE / SAMPLE_RATE

    def ends(self, now: float) -> float:
        """The time at which the listener has played all published audio; `now` if there is none left."""
        return max(self._ends, now)

    def lead_s(self, now: float) -> float:
        """Seconds of published audio that the listener has not played yet."""
        return max(self._ends - now, 0.0)
