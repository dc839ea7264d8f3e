"""The sound of one message, with the time at which the client plays it. Pure."""

from __future__ import annotations

from collections import deque
from typing import Final

from tertulia_shared.entries import SAMPLE_RATE_OUT, AudioChunk, Receipt
from tertulia_stt.band_powers import FRAME_MS, BandPowers, Powers

MAX_FRAMES: Final = 6_000
"""The last minute of a message is kept."""
RECEIPTS: Final = 8
"""The time is computed from the receipt with the least delay among this many receipts."""
_SAMPLES_PER_MS: Final = SAMPLE_RATE_OUT / 1000
_BYTES_PER_SAMPLE: Final = 2


class PlayedMessage:
    """The chunks of a message from one of its sentences on. Times are in ms since 1970."""

    def __init__(self, *, is_from_start: bool = True) -> None:
        self._bands = BandPowers(SAMPLE_RATE_OUT, MAX_FRAMES)
        self._ends: dict[tuple[int, int], float] = {}  # where each chunk ends, in ms after the first chunk's beginning
        self._length_ms = 0.0
        self._skipped_ms = 0.0 if is_from_start else float("inf")  # the length of the message before the first chunk
        self._receipts: deque[tuple[Receipt, int]] = deque(maxlen=RECEIPTS)
        self.first_ms: float | None = None
        """The assumed time of the first chunk as long as the client has sent no receipt."""
        self.is_complete = False

    @property
    def start_ms(self) -> float | None:
        """The time at which the client began to play the first chunk; None if unknown."""
        if not self._receipts:
            return self.first_ms
        for receipt, _ in self._receipts:
            end = self._ends.get((receipt.sentence_index, receipt.chunk_index))
            if end is not None:  # a client may have played more than it says: a part of the next chunk
                end += receipt.next_samples / _SAMPLES_PER_MS
                self._skipped_ms = max(0.0, min(self._skipped_ms, receipt.played_ms - end))
        if self._skipped_ms == float("inf"):
            return None
        return min(ts - receipt.played_ms for receipt, ts in self._receipts) + self._skipped_ms

    @property
    def end_ms(self) -> float | None:
        """The time at which the client has played all chunks that were added; None if unknown."""
        return None if self.start_ms is None else self.start_ms + self._length_ms

    @property
    def heard_until_ms(self) -> float | None:
        """The last time at which the receipts show that the client played the message; None if there is no receipt."""
        start = self.start_ms
        if start is None or not self._receipts:
            return None
        return start + max(receipt.played_ms for receipt, _ in self._receipts) - self._skipped_ms

    def heard(self, receipt: Receipt, ts: int) -> None:
        """Note a receipt: the client has played a part. `ts`: the time at which the gateway wrote the receipt."""
        if not self._receipts or self._receipts[-1][1] != ts:
            self._receipts.append((receipt, ts))

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
        """Copy the message's powers into `onto`, at the time at which they are played. The first frame of `onto` is at
        `start_ms`.
        """
        if self.start_ms is None:
            return
        rows = self._bands.rows()
        place = round((self.start_ms - start_ms) / FRAME_MS) + self._bands.first_frame
        begin, end = max(0, place), min(len(onto), place + len(rows))
        if begin < end:
            onto[begin:end] = rows[begin - place : end - place]
