"""The sound of one message, and when the client plays it. Pure."""

from __future__ import annotations

from typing import Final

from tertulia_shared.entries import SAMPLE_RATE_OUT, AudioChunk, Receipt
from tertulia_stt.echo.bands import FRAME_MS, BandPowers, Powers

MAX_FRAMES: Final = 6_000
"""The last minute of a message is kept."""
_SAMPLES_PER_MS: Final = SAMPLE_RATE_OUT / 1000
_BYTES_PER_SAMPLE: Final = 2


class PlayedMessage:
    """The chunks of a message from one of its sentences on. Times are in ms since 1970."""

    def __init__(self, receipt: Receipt | None = None, receipt_ms: int = 0) -> None:
        self._bands = BandPowers(SAMPLE_RATE_OUT, MAX_FRAMES)
        self._ends: dict[tuple[int, int], float] = {}  # where each chunk ends, in ms after the first chunk's beginning
        self._length_ms = 0.0
        self._receipt = receipt
        self._receipt_ms = receipt_ms
        self.first_ms: float | None = None
        """When the first chunk is played if the client has sent no receipt."""
        self.is_complete = False

    @property
    def start_ms(self) -> float | None:
        """When the client played the beginning of the first chunk; None if that is not known."""
        if self._receipt is not None:
            end = self._ends.get((self._receipt.sentence_index, self._receipt.chunk_index))
            return None if end is None else self._receipt_ms - end
        return self.first_ms

    @property
    def end_ms(self) -> float | None:
        """When the client has played the chunks that were added."""
        return None if self.start_ms is None else self.start_ms + self._length_ms

    def heard(self, receipt: Receipt, ts: int) -> None:
        """The client has played a part. `ts`: when the gateway wrote the receipt."""
        self._receipt, self._receipt_ms = receipt, ts

    def add(self, chunk: AudioChunk, ts: int) -> None:
        """Add the next chunk. `ts`: when it was written."""
        if chunk.is_final:
            self.is_complete = True
            return
        if not self._ends and self.first_ms is None:
            self.first_ms = ts
        self._bands.feed(chunk.audio)
        self._length_ms += len(chunk.audio) / _BYTES_PER_SAMPLE / _SAMPLES_PER_MS
        self._ends[chunk.sentence_index, chunk.chunk_index] = self._length_ms

    def lay(self, onto: Powers, start_ms: float) -> None:
        """Put the message's powers to their places in `onto`, whose first frame is at `start_ms`."""
        if self.start_ms is None:
            return
        rows = self._bands.rows()
        place = round((self.start_ms - start_ms) / FRAME_MS) + self._bands.first_frame
        begin, end = max(0, place), min(len(onto), place + len(rows))
        if begin < end:
            onto[begin:end] = rows[begin - place : end - place]
