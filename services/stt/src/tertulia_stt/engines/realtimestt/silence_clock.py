"""Measures silence by the amount of silent audio instead of wall time. Pure: the caller passes the time.

RealtimeSTT stores the wall time at which silence begins, and compares it with the clock at each later chunk. If the
network or this process stalls for half a second in a pause between two words, the utterance would end in the middle of
the sentence. So before each chunk, the stored time is moved forward by the time that passed since the previous chunk,
minus the length of that chunk. The measured silence is then as long as the silent audio.
"""

from __future__ import annotations


class SilenceClock:
    """Corrects the stored start time of silence. Each chunk is `chunk_s` seconds long."""

    def __init__(self, chunk_s: float) -> None:
        self._chunk_s = chunk_s
        self._last: float | None = None
        self._ahead_s = 0.0

    def chunk(self, now: float) -> None:
        """Call before each chunk, with the current time."""
        # After a stall, chunks arrive in a burst. For them the value is negative, which compensates for the stall.
        self._ahead_s = 0.0 if self._last is None else now - self._last - self._chunk_s
        self._last = now

    def moved(self, began: float) -> float:
        """The corrected value of `began`, the start time of silence. 0 means that there is no silence, and stays 0."""
        return began + self._ahead_s if began else 0
