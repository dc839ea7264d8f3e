"""Has the client played everything it was sent? From its receipts, or else from the sound's length. No I/O."""

from __future__ import annotations

from tertulia_shared.entries import SAMPLE_RATE_OUT, Receipt

BYTES_PER_SECOND = SAMPLE_RATE_OUT * 2
RECEIPT_GRACE_S = 3.0
"""How much later than the sound's length a client that sends receipts may finish: its own buffer, a paused tab."""


class Playback:
    """Times are the monotonic seconds that are passed in."""

    def __init__(self) -> None:
        self._until = 0.0
        self._last: tuple[str, int, int] | None = None
        self._heard_all = True
        self._gives_receipts = False

    def sent(self, message_id: str, sentence_index: int, chunk_index: int, pcm_bytes: int, now: float) -> None:
        """A frame went out: it is played when all before it has been."""
        self._until = max(self._until, now) + pcm_bytes / BYTES_PER_SECOND
        self._last = (message_id, sentence_index, chunk_index)
        self._heard_all = False

    def receipt(self, receipt: Receipt) -> None:
        """The client has played up to here."""
        self._gives_receipts = True
        if self._last is not None and receipt.message_id == self._last[0]:
            self._heard_all = (receipt.sentence_index, receipt.chunk_index) >= self._last[1:]

    @property
    def was_heard(self) -> bool:
        """Whether the client has heard all that it was sent, as far as one can know: a client that sends receipts has
        said so. Asked only once nothing remains. False if this connection was sent nothing."""
        return self._last is not None and (self._heard_all or not self._gives_receipts)

    def flush(self) -> None:
        """An interruption: nothing is left to be played."""
        self._until = 0.0
        self._heard_all = True

    def remaining(self, now: float) -> float:
        """Seconds until everything must have been played; 0 if it has been."""
        if self._heard_all:
            return 0.0
        return max(0.0, self._until - now + (RECEIPT_GRACE_S if self._gives_receipts else 0.0))
