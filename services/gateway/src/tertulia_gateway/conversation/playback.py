"""Estimates when the client has played all its audio: from its receipts, or if it sends none, from the audio's length.
No I/O.
"""

from __future__ import annotations

from tertulia_shared.entries import SAMPLE_RATE_OUT, Receipt
from tertulia_shared.receipts import has_played

BYTES_PER_SECOND = SAMPLE_RATE_OUT * 2
RECEIPT_GRACE_S = 3.0
"""If the client sends receipts: how long to wait for them beyond the audio's length. The client may buffer audio, or
its tab may be paused.
"""


class Playback:
    """Which audio one client was sent, and how far it has played. All times are monotonic seconds that the caller
    passes in.
    """

    def __init__(self) -> None:
        self._until = 0.0
        self._last: tuple[str, int, int] | None = None
        """The last frame sent: message id, sentence index, chunk index."""
        self._heard_all = True
        self._sends_receipts = False

    def sent(self, message_id: str, sentence_index: int, chunk_index: int, pcm_bytes: int, now: float) -> None:
        """Record that a frame was sent. The client plays it after all frames before it."""
        self._until = max(self._until, now) + pcm_bytes / BYTES_PER_SECOND
        self._last = (message_id, sentence_index, chunk_index)
        self._heard_all = False

    def receipt(self, receipt: Receipt) -> None:
        """Record that the client has played the audio up to the chunk that the receipt names, or none of it yet."""
        self._sends_receipts = True
        if self._last is not None and receipt.message_id == self._last[0] and has_played(receipt):
            self._heard_all = (receipt.sentence_index, receipt.chunk_index) >= self._last[1:]

    @property
    def was_heard(self) -> bool:
        """True if the client has played everything that it was sent. The value is only valid once `remaining` returns
        0.

        If the client sends receipts, the last one must be for the last frame; a client without receipts is assumed to
        have played everything. False if no audio was sent on this connection.
        """
        return self._last is not None and (self._heard_all or not self._sends_receipts)

    def flush(self) -> None:
        """Record an interruption: the client drops the audio that it has not played."""
        self._until = 0.0
        self._heard_all = True

    def remaining(self, now: float) -> float:
        """Seconds until the client must have played everything; 0 if it has."""
        if self._heard_all:
            return 0.0
        return max(0.0, self._until - now + (RECEIPT_GRACE_S if self._sends_receipts else 0.0))
