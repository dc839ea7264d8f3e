"""The sound of the microphone, and when it was recorded."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

from tertulia_stt.band_powers import FRAME_MS, BandPowers, Powers
from tertulia_stt.engine import BYTES_PER_SAMPLE, SAMPLE_RATE

FRAME_SAMPLES: Final = SAMPLE_RATE * FRAME_MS // 1000
MAX_FRAMES: Final = 1_200
"""The last twelve seconds are kept."""
CLOCK_CHUNKS: Final = 200
"""The time of a sample is computed from the chunk with the least delay among this many chunks."""


@dataclass(frozen=True, slots=True)
class Recording:
    """Frames of the microphone. `start_ms`: when the first frame arrived at the gateway (ms since 1970)."""

    powers: Powers
    first_sample: int
    start_ms: float


class MicrophoneSound:
    """The last seconds of a session's microphone."""

    def __init__(self) -> None:
        self._bands = BandPowers(SAMPLE_RATE, MAX_FRAMES)
        self._start: int | None = None  # the sample with which frame 0 begins
        self._clock: deque[float] = deque(maxlen=CLOCK_CHUNKS)

    def add(self, first_sample: int, pcm: bytes, ts: int) -> None:
        """Add a chunk. `ts`: when the gateway wrote it (ms since 1970)."""
        if self._start is None:
            self._start = first_sample
        end = first_sample + len(pcm) // BYTES_PER_SAMPLE
        self._clock.append(ts - end * 1000 / SAMPLE_RATE)
        self._bands.feed(pcm)

    def until(self, sample: int, max_frames: int) -> Recording | None:
        """The last frames before a sample; None if none is kept."""
        if self._start is None:
            return None
        rows = self._bands.rows()
        end = min(len(rows), (sample - self._start) // FRAME_SAMPLES - self._bands.first_frame)
        begin = max(0, end - max_frames)
        if end <= begin:
            return None
        first_sample = self._start + (self._bands.first_frame + begin) * FRAME_SAMPLES
        return Recording(rows[begin:end], first_sample, min(self._clock) + first_sample * 1000 / SAMPLE_RATE)
