"""Synthesizes vowels, and sounds that people make while they listen: coughs, hums, laughter."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

RATE = 16_000
Samples = NDArray[np.float64]
Formants = Sequence[tuple[float, float, float]]
"""For each formant: frequency (Hz), amplitude, width (Hz)."""

AH: Formants = ((700, 1, 150), (1200, 0.6, 200), (2500, 0.2, 300))
EE: Formants = ((300, 1, 120), (2300, 0.6, 250), (3000, 0.3, 300))
NASAL: Formants = ((250, 1, 150), (1000, 0.05, 150))


def vowels(pitch: float, ms: int, *formants: Formants) -> Samples:
    """The vowels one after the other. `ms`: their total duration."""
    return np.concatenate([_voiced(pitch, ms // len(formants), vowel) for vowel in formants])


def hum(pitch: float, ms: int) -> Samples:
    return _voiced(pitch, ms, NASAL)


def noise(ms: int, seed: int = 1) -> Samples:
    """A burst of noise from 300 to 6,000 Hz that decays."""
    sound = np.random.default_rng(seed).normal(size=ms * RATE // 1000)
    spectrum, frequencies = np.fft.rfft(sound), np.fft.rfftfreq(len(sound), 1 / RATE)
    spectrum[(frequencies < 300) | (frequencies > 6_000)] = 0
    return _at_full_scale(np.fft.irfft(spectrum, len(sound)) * np.exp(-3 * np.arange(len(sound)) / len(sound)))


def cough(seed: int = 4) -> Samples:
    """A burst, a voiced part, a pause, and a weaker burst."""
    pause = np.zeros(RATE * 80 // 1000)
    return np.concatenate((noise(200, seed), _voiced(150, 180, AH) * 0.4, pause, noise(250, seed + 1) * 0.3))


def laughter(syllables: int) -> Samples:
    breath = noise(70) * 0.1
    return np.concatenate([np.concatenate((breath, _voiced(180 - 4 * at, 110, AH))) for at in range(syllables)])


def _voiced(pitch: float, ms: int, formants: Formants) -> Samples:
    """Harmonics of a pitch that falls by a tenth."""
    count = ms * RATE // 1000
    phase = 2 * np.pi * np.cumsum(np.linspace(pitch, pitch * 0.9, count)) / RATE
    sound = np.zeros(count)
    for harmonic in range(1, 30):
        level = sum(gain * np.exp(-(((harmonic * pitch - at) / width) ** 2)) for at, gain, width in formants)
        sound += np.sin(harmonic * phase) * level
    edges = np.minimum(np.arange(count), np.arange(count)[::-1])
    return _at_full_scale(sound * np.minimum(1, edges / (0.03 * RATE)))


def _at_full_scale(sound: Samples) -> Samples:
    return sound / np.abs(sound).max()
