"""Computes the power of PCM in each frequency band. Two recordings of the same sound have similar band powers, even if
one was made through a loudspeaker and a room. Pure.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

FRAME_MS: Final = 10
"""A frame begins every 10 ms. It is `WINDOW_MS` long."""
WINDOW_MS: Final = 32
_EDGES: Final = (5, 7, 9, 12, 15, 19, 24, 30, 37, 45, 55, 67, 81, 98, 118, 142, 170)
"""The edges of the bands in steps of 31.25 Hz: 16 bands from 156 to 5,300 Hz."""
BANDS: Final = len(_EDGES) - 1

Powers: TypeAlias = NDArray[np.float32]
"""One row per frame, one column per band."""


class BandPowers:
    """The band powers of a stream of s16le mono PCM. Frame 0 begins at the first sample.

    Keeps the last `max_frames` frames.
    """

    def __init__(self, sample_rate: int, max_frames: int) -> None:
        self._hop = sample_rate * FRAME_MS // 1000
        self._size = sample_rate * WINDOW_MS // 1000
        self._window = np.hanning(self._size).astype(np.float32) * np.float32(2 / self._size / 32768)
        self._max_frames = max_frames
        self._pending: list[bytes] = []
        self._rest = np.zeros(0, np.float32)
        self._rows: Powers = np.zeros((0, BANDS), np.float32)
        self.first_frame = 0
        """The number of the first frame that is kept."""

    def feed(self, pcm: bytes) -> None:
        """Add PCM. The powers are computed when they are read."""
        self._pending.append(pcm)

    def rows(self) -> Powers:
        """The powers of the frames that are kept."""
        if self._pending:
            self._compute()
        return self._rows

    def _compute(self) -> None:
        pcm = np.frombuffer(b"".join(self._pending), "<i2").astype(np.float32)
        self._pending.clear()
        samples = np.concatenate((self._rest, pcm))
        count = max(0, (len(samples) - self._size) // self._hop + 1)
        self._rest = samples[count * self._hop :]
        if not count:
            return
        frames = np.lib.stride_tricks.sliding_window_view(samples, self._size)[:: self._hop][:count]
        spectrum = np.fft.rfft(frames * self._window, axis=1)[:, : _EDGES[-1]]
        power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32)
        added = np.add.reduceat(power, _EDGES[:-1], axis=1)
        rows = np.concatenate((self._rows, added))
        surplus = max(0, len(rows) - self._max_frames)
        self.first_frame += surplus
        self._rows = rows[surplus:]
