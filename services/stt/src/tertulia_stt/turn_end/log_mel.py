"""The log-mel spectrogram that Whisper's encoder takes, for the last 8 s of a recording.

Parameters: Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision" (2022), section 2.2: 80 mel
bands, windows of 25 ms, steps of 10 ms. The mel scale is Slaney's: linear up to 1 kHz, logarithmic above.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from tertulia_stt.engine import BYTES_PER_SAMPLE, SAMPLE_RATE

SECONDS: Final = 8
SAMPLES: Final = SECONDS * SAMPLE_RATE
BANDS: Final = 80
FRAMES: Final = 800
_WINDOW: Final = 400
_STEP: Final = 160
_HERTZ_PER_MEL: Final = 200 / 3
_LINEAR_UP_TO_HERTZ: Final = 1000.0
_LINEAR_UP_TO_MEL: Final = _LINEAR_UP_TO_HERTZ / _HERTZ_PER_MEL
_MELS_PER_LOG: Final = 27 / np.log(6.4)
_DYNAMIC_RANGE: Final = 8.0
"""Values below the loudest value by more than this many powers of ten are raised to that limit."""
_QUIETEST_POWER: Final = 1e-10
_QUIETEST_VARIANCE: Final = 1e-7

Samples = NDArray[np.float32]


def last_samples(pcm16k: bytes) -> Samples:
    """The samples of the last 8 s of PCM, from -1 to 1. A shorter recording gets silence before it."""
    pcm = np.frombuffer(pcm16k[-SAMPLES * BYTES_PER_SAMPLE :], dtype="<i2")
    samples = np.zeros(SAMPLES, dtype=np.float32)
    if len(pcm):
        samples[-len(pcm) :] = pcm / np.float32(32768)
    return samples


def log_mel(samples: Samples) -> Samples:
    """The spectrogram of `SAMPLES` samples: `BANDS` rows of `FRAMES` values."""
    scaled = (samples - samples.mean()) / np.sqrt(samples.var() + _QUIETEST_VARIANCE)
    padded = np.pad(scaled.astype(np.float64), _WINDOW // 2, mode="reflect")
    frames = sliding_window_view(padded, _WINDOW)[: FRAMES * _STEP : _STEP]
    spectrum = np.fft.rfft(frames * _hann())
    power = spectrum.real**2 + spectrum.imag**2
    mel = np.log10(np.maximum(_filters() @ power.T, _QUIETEST_POWER))
    return ((np.maximum(mel, mel.max() - _DYNAMIC_RANGE) + 4) / 4).astype(np.float32)


@cache
def _hann() -> NDArray[np.float64]:
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_WINDOW) / _WINDOW)


@cache
def _filters() -> NDArray[np.float64]:
    """Triangular filters: one row for each band, one column for each frequency. Each has the same area."""
    highest = float(_mel_of(np.array([SAMPLE_RATE / 2]))[0])
    edges = _hertz_of(np.linspace(0, highest, BANDS + 2, dtype=np.float64))
    frequencies = np.linspace(0, SAMPLE_RATE / 2, _WINDOW // 2 + 1)
    low, middle, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rising = (frequencies - low) / (middle - low)
    falling = (high - frequencies) / (high - middle)
    return np.maximum(0, np.minimum(rising, falling)) * 2 / (high - low)


def _mel_of(hertz: NDArray[np.float64]) -> NDArray[np.float64]:
    above = _LINEAR_UP_TO_MEL + np.log(np.maximum(hertz, 1) / _LINEAR_UP_TO_HERTZ) * _MELS_PER_LOG
    return np.where(hertz < _LINEAR_UP_TO_HERTZ, hertz / _HERTZ_PER_MEL, above)


def _hertz_of(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    above = _LINEAR_UP_TO_HERTZ * np.exp((mel - _LINEAR_UP_TO_MEL) / _MELS_PER_LOG)
    return np.where(mel < _LINEAR_UP_TO_MEL, mel * _HERTZ_PER_MEL, above)
