"""Removes the silence before and after a sentence, and adds a gap of a fixed length after it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tertulia_tts.engine import SAMPLE_RATE

SILENCE_PEAK = 24
"""Samples up to this amplitude count as silence: -63 dBFS, which is quieter than espeak-ng's quietest consonants."""

LEAD_MS = 5
"""How much silence before the first sound is kept, so that the beginning of the sound is not lost."""

Samples = NDArray[np.int16]


class SilenceTrimmer:
    """Trims one sentence while it is being synthesized: silence is kept back until sound follows.

    Pauses between words are kept. A sentence of silence yields nothing.
    """

    def __init__(self, gap_ms: int) -> None:
        self._lead = SAMPLE_RATE * LEAD_MS // 1000
        self._gap = SAMPLE_RATE * gap_ms // 1000
        self._held: Samples = np.empty(0, np.int16)
        self._began = False

    def feed(self, samples: Samples) -> Samples:
        """Add samples. Returns all samples up to the last sound, including silence that was kept back."""
        # Two comparisons, because abs(-32768) does not fit into int16.
        sounding = np.flatnonzero((samples > SILENCE_PEAK) | (samples < -SILENCE_PEAK))
        if not sounding.size:
            self._held = np.concatenate((self._held, samples))
            if not self._began:
                self._held = self._held[-self._lead :]
            return np.empty(0, np.int16)
        end = int(sounding[-1]) + 1
        certain = np.concatenate((self._held, samples[:end]))
        if not self._began:
            self._began = True
            first = len(self._held) + int(sounding[0])
            certain = certain[max(0, first - self._lead) :]
        self._held = samples[end:]
        return certain

    def finish(self) -> Samples:
        """Return the gap that follows the last sound. It is empty if there was no sound."""
        if not self._began:
            return np.empty(0, np.int16)
        gap = np.zeros(self._gap, np.int16)
        # the last sound fades out below the threshold; removing that part would cause a click
        kept = self._held[: self._gap]
        gap[: len(kept)] = kept
        return gap
