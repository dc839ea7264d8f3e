"""Resamples a short recording with the standard library alone. No I/O.

A windowed-sinc interpolator in polyphase form (J. O. Smith, "Digital Audio Resampling", CCRMA). It takes about a tenth
of the recording's length, which is fast enough for a file that is sent in real time. The tts workers resample with a
library instead.
"""

from __future__ import annotations

import math
from array import array
from functools import cache
from operator import mul
from typing import Final

ZERO_CROSSINGS: Final = 16
"""The number of zero crossings of the sinc on each side. At 16 kHz the passband is flat within 0.1 dB up to 6.4 kHz;
aliases are attenuated by 45 dB from 8.4 kHz and by 70 dB from 9 kHz."""
PASSBAND: Final = 0.92
"""The filter's edge, as a share of the lower rate's Nyquist frequency."""
LOWEST, HIGHEST = -32_768, 32_767


def resampled(samples: array[int], hz: int, to_hz: int) -> array[int]:
    """Resample 16-bit sound to `to_hz`; the duration stays the same (the number of samples is rounded down)."""
    if hz == to_hz:
        return samples
    common = math.gcd(hz, to_hz)
    up, down = to_hz // common, hz // common
    cutoff = PASSBAND * min(1.0, to_hz / hz)
    reach = math.ceil(ZERO_CROSSINGS / cutoff)

    @cache
    def taps(phase: int) -> tuple[float, ...]:
        return _taps(phase / up, cutoff, reach)

    silence = array("h", bytes(2 * reach))  # `reach` samples of two bytes each
    padded = silence + samples + silence
    out = array("h")
    for number in range(len(samples) * up // down):
        at, phase = divmod(number * down, up)
        value = round(sum(map(mul, taps(phase), padded[at + 1 : at + 1 + 2 * reach])))
        out.append(max(LOWEST, min(HIGHEST, value)))
    return out


def _taps(fraction: float, cutoff: float, reach: int) -> tuple[float, ...]:
    """The filter weights of the `2 * reach` samples around a position that is `fraction` (0..1) after a sample."""
    weights = [_sinc(cutoff * (k - fraction)) * _hann((k - fraction) / reach) for k in range(1 - reach, reach + 1)]
    total = sum(weights)  # the sum is near 1 / cutoff; dividing by it keeps a constant signal exact
    return tuple(weight / total for weight in weights)


def _sinc(x: float) -> float:
    return math.sin(math.pi * x) / (math.pi * x) if x else 1.0


def _hann(x: float) -> float:
    return 0.5 + 0.5 * math.cos(math.pi * x) if abs(x) < 1 else 0.0
