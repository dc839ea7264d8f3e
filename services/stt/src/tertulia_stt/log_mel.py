"""The log-mel spectrogram that Whisper's encoder takes.

Parameters: Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision" (2022), section 2.2: 80 mel
bands, windows of 25 ms, steps of 10 ms. The mel scale is Slaney's: linear up to 1 kHz, logarithmic above.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from tertulia_stt.engine import SAMPLE_RATE

BANDS: Final = 80
STEP: Final = 160
"""Samples per frame of the spectrogram."""
_WINDOW: Final = 400
_HERTZ_PER_MEL: Final = 200 / 3
_LINEAR_UP_TO_HERTZ: Final = 1000.0
_LINEAR_UP_TO_MEL: Final = _LINEAR_UP_TO_HERTZ / _HERTZ_PER_MEL
_MELS_PER_LOG: Final = 27 / np.log(6.4)
_DYNAMIC_RANGE: Final = 8.0
"""Values below the loudest value by more than this many powers of ten are raised to that limit."""
_QUIETEST_POWER: Final = 1e-10

Samples = NDArray[np.float32]


def log_mel(samples: Samples, frames: int) -> Samples:
    """The spectrogram of samples from -1 to 1, followed by silence: `BANDS` rows of `frames` values.

    The part of the sound that does not fit into the frames is left out.
    """
    sounding = min(frames, len(samples) // STEP + 3)  # the windows of later frames contain silence only
    sound = np.zeros(sounding * STEP, dtype=np.float64)
    fitting = samples[: len(sound)]
    sound[: len(fitting)] = fitting
    padded = np.pad(sound, _WINDOW // 2, mode="reflect")
    windows = sliding_window_view(padded, _WINDOW)[: sounding * STEP : STEP]
    spectrum = np.fft.rfft(windows * _hann())
    power = spectrum.real**2 + spectrum.imag**2
    mel = np.full((BANDS, frames), np.log10(_QUIETEST_POWER))
    mel[:, :sounding] = np.log10(np.maximum(_filters() @ power.T, _QUIETEST_POWER))
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
