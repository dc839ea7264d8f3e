"""The input of smart-turn: the log-mel spectrogram of the last 8 s of a recording."""

from __future__ import annotations

from typing import Final

import numpy as np

from tertulia_stt.engine import BYTES_PER_SAMPLE, SAMPLE_RATE
from tertulia_stt.log_mel import BANDS, Samples
from tertulia_stt.log_mel import log_mel as spectrogram_of

__all__ = ["BANDS", "FRAMES", "SAMPLES", "last_samples", "log_mel"]

SECONDS: Final = 8
SAMPLES: Final = SECONDS * SAMPLE_RATE
FRAMES: Final = 800
_QUIETEST_VARIANCE: Final = 1e-7


def last_samples(pcm16k: bytes) -> Samples:
    """The samples of the last 8 s of PCM, from -1 to 1. A shorter recording gets silence before it."""
    pcm = np.frombuffer(pcm16k[-SAMPLES * BYTES_PER_SAMPLE :], dtype="<i2")
    samples = np.zeros(SAMPLES, dtype=np.float32)
    if len(pcm):
        samples[-len(pcm) :] = pcm / np.float32(32768)
    return samples


def log_mel(samples: Samples) -> Samples:
    """The spectrogram of `SAMPLES` samples, scaled to the same variance: `BANDS` rows of `FRAMES` values."""
    scaled = (samples - samples.mean()) / np.sqrt(samples.var() + _QUIETEST_VARIANCE)
    return spectrogram_of(scaled, FRAMES)
