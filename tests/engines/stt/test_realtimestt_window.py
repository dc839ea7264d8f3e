"""The length of Whisper's window in the engine realtimestt."""

from __future__ import annotations

import numpy as np
import pytest

from tertulia_stt.engines.realtimestt.whisper import without_padding

WINDOW = 3000
"""The frames of 30 s, to which faster-whisper pads each spectrogram."""


@pytest.mark.parametrize(
    ("speech", "expected"), [(0, 1000), (80, 1000), (600, 1000), (750, 1200), (2550, 3000), (2900, 3000), (3000, 3000)]
)
@pytest.mark.parametrize("shape", [(80,), (1, 80)], ids=["one", "batch"])
def test_window_is_the_speech_and_four_seconds(speech: int, expected: int, shape: tuple[int, ...]) -> None:
    features = np.zeros((*shape, WINDOW), dtype=np.float32)
    features[..., :speech] = -0.5
    short = without_padding(features)
    assert short.shape == (*shape, expected)
    assert (short == features[..., :expected]).all()
    assert short.flags.c_contiguous
