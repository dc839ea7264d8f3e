"""Turns the model's samples into the PCM of a phrase: even level, no silence at the ends, a gap of a fixed length."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tertulia_tts.engine import SAMPLE_RATE

SENTENCE_GAP_MS: Final = 200
"""Silence after a sentence."""
PHRASE_GAP_MS: Final = 130
"""Silence after a phrase inside a sentence, as long as the model's own pause at a comma."""

_SILENCE_DBFS: Final = -56.0
_FRAME: Final = SAMPLE_RATE * 5 // 1000
_LEAD_FRAMES: Final = 2
"""Frames of 5 ms that are kept before the first sound."""
_TAIL_FRAMES: Final = 6
"""Frames that are kept after the last sound. They fade out."""
_MAX: Final = 32_000
_KNEE: Final = 0.8
"""Samples above this share of the full scale are compressed, so that loud voices do not clip."""


def finished(samples: NDArray[np.float32], gain_db: float, gap_ms: int) -> bytes:
    """The PCM of a phrase. It is empty if there is no sound in it."""
    even = samples * np.float32(10 ** (gain_db / 20))
    frames = even[: len(even) // _FRAME * _FRAME].reshape(-1, _FRAME)
    sounding = np.flatnonzero(np.square(frames).mean(axis=1) > 10 ** (_SILENCE_DBFS / 10))
    if not sounding.size:
        return b""
    begin = max(0, int(sounding[0]) - _LEAD_FRAMES) * _FRAME
    last = (int(sounding[-1]) + 1) * _FRAME
    speech = _limited(even[begin : last + _TAIL_FRAMES * _FRAME])
    fading = len(speech) - (last - begin)
    speech[len(speech) - fading :] *= np.linspace(1, 0, fading, dtype=np.float32)
    gap = np.zeros(max(0, SAMPLE_RATE * gap_ms // 1000 - fading), np.float32)
    return np.rint(np.concatenate((speech, gap)) * _MAX).astype("<i2").tobytes()


def _limited(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Samples whose amplitude stays below 1."""
    above = np.abs(samples) > _KNEE
    limited = samples.copy()
    excess = (np.abs(samples[above]) - _KNEE) / (1 - _KNEE)
    limited[above] = np.sign(samples[above]) * (_KNEE + (1 - _KNEE) * np.tanh(excess))
    return limited
