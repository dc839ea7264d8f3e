"""The spectrogram equals the one of Whisper's own front end.

The golden values are those of faster-whisper 1.2.1 (`FeatureExtractor`) for the same sound. tests/engines compares
whole spectrograms.
"""

from __future__ import annotations

import numpy as np

from tertulia_stt.log_mel import BANDS, Samples, log_mel

FRAMES = 200
GOLDEN_POINTS = ((0, 0), (10, 50), (40, 80), (79, 99), (20, 101), (5, 150), (79, 199))
"""Band and frame."""
GOLDEN = (1.31868, -0.60131, -0.60131, -0.31295, -0.13951, -0.60131, -0.60131)


def sweep(seconds: float = 1.0) -> Samples:
    """A tone that goes up from 100 Hz, with a second, weaker tone."""
    time = np.arange(int(seconds * 16_000)) / 16_000
    up = np.sin(2 * np.pi * (100 + 1500 * time) * time)
    return (0.4 * up + 0.05 * np.sin(2 * np.pi * 3000 * time)).astype(np.float32)


def test_spectrogram_equals_the_golden_values() -> None:
    spectrogram = log_mel(sweep(), FRAMES)
    assert spectrogram.shape == (BANDS, FRAMES)
    found = [spectrogram[point] for point in GOLDEN_POINTS]
    np.testing.assert_allclose(found, GOLDEN, atol=1e-5)


def test_silence_after_the_sound_is_the_same_as_samples_of_silence() -> None:
    longer = np.concatenate([sweep(), np.zeros(16_000, np.float32)])
    np.testing.assert_array_equal(log_mel(sweep(), FRAMES), log_mel(longer, FRAMES))


def test_sound_that_does_not_fit_is_left_out() -> None:
    assert log_mel(sweep(5), FRAMES).shape == (BANDS, FRAMES)


def test_spectrogram_of_nothing_is_that_of_silence() -> None:
    assert (log_mel(np.zeros(0, np.float32), 100) == np.float32(-1.5)).all()
