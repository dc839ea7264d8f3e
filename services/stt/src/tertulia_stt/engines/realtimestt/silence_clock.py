"""Measures silence by the length of its audio instead of wall time. Pure: the caller passes the time.

RealtimeSTT stores the wall time at which silence begins, and compares it with the clock at each later chunk. If the
network or this process stalls for half a second in a pause between two words, the utterance would end in the middle of
the sentence. So before each chunk the stored time is shifted by the clock's lead over the audio since the previous
chunk: the measured silence is then as long as its audio.
"""

from __future__ import annotations


class SilenceClock:
    """Corrects the start time of silence, for chunks of `chunk_s` seconds."""

    def __init__(self, chunk_s: float) -> None:
        self._chunk_s = chunk_s
        self._last: float | None = None
        self._ahead_s = 0.0

    def chunk(self, now: float) -> None:
        """Call before each chunk, with the current time."""
        # Negative for chunks that arrive in a burst, which compensates for the stall before the burst.
        self._ahead_s = 0.0 if self._last is None else now - self._last - self._chunk_s
        self._last = now

    def moved(self, began: float) -> float:
        """`began` shifted by the clock's lead over the audio; 0 means no silence."""
        return began + self._ahead_s if began else 0
