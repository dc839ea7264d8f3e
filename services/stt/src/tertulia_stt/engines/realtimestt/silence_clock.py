"""Silence in audio time. Pure: time comes in as an argument.

RealtimeSTT notes the time when silence begins, and looks at the clock with each chunk that follows. So a pause between
two words in which the network or this process stands still for half a second would end the utterance amid the sentence.
Therefore, before a chunk is looked at, the noted time is moved by what the clock has run ahead of the audio since the
chunk before: what has passed since then is what was heard.
"""

from __future__ import annotations


class SilenceClock:
    """Where silence began, for chunks of `chunk_s` seconds."""

    def __init__(self, chunk_s: float) -> None:
        self._chunk_s = chunk_s
        self._last: float | None = None
        self._ahead_s = 0.0

    def chunk(self, now: float) -> None:
        """A chunk will be looked at now."""
        # Negative for chunks that come in a bunch: what was counted too little between two bunches is made good.
        self._ahead_s = 0.0 if self._last is None else now - self._last - self._chunk_s
        self._last = now

    def moved(self, began: float) -> float:
        """The time at which it would have begun, had this chunk come when it was spoken; 0 (there is none) stays 0."""
        return began + self._ahead_s if began else 0
