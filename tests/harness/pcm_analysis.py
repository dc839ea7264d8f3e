"""Level and pitch of an engine's PCM (24 kHz s16le mono)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tertulia_tts.engine import SAMPLE_RATE


def samples(pcm: bytes) -> NDArray[np.float64]:
    """Samples, -32768 to 32767."""
    return np.frombuffer(pcm, "<i2").astype(np.float64)


def level_dbfs(pcm: bytes) -> float:
    """RMS."""
    return float(20 * np.log10(np.sqrt(np.mean(samples(pcm) ** 2)) / 32768))


def pitch_hz(pcm: bytes) -> float:
    """Median pitch of the voiced 40 ms frames, by autocorrelation between 55 and 450 Hz."""
    audio = samples(pcm)
    width = SAMPLE_RATE // 25
    found: list[float] = []
    for at in range(0, len(audio) - width, width // 2):
        frame = audio[at : at + width] - audio[at : at + width].mean()
        similar = np.correlate(frame, frame, "full")[width - 1 :]
        shortest, longest = SAMPLE_RATE // 450, SAMPLE_RATE // 55
        lag = shortest + int(similar[shortest:longest].argmax())
        if similar[0] > 0 and similar[lag] > 0.5 * similar[0]:
            found.append(SAMPLE_RATE / lag)
    return float(np.median(found))
