"""The spectrogram of the engine whisper and of smart-turn equals the one that faster-whisper computes."""

from __future__ import annotations

from typing import Any

import faster_whisper.feature_extractor as reference
import numpy as np
import pytest

from tertulia_stt.log_mel import STEP, log_mel

FRAMES = 200


@pytest.mark.parametrize("samples", [0, 1, 399, 16_000, 30_001, 32_000, 40_000])
def test_spectrogram_equals_that_of_faster_whisper(samples: int) -> None:
    extractor: Any = reference.FeatureExtractor()
    sound = np.random.default_rng(samples).normal(0, 0.1, samples).astype(np.float32)
    sound[samples // 2 :] *= 0.001
    filled = np.concatenate([sound, np.zeros(FRAMES * STEP, np.float32)])[: FRAMES * STEP]
    np.testing.assert_allclose(log_mel(sound, FRAMES), extractor(filled, padding=0), atol=1e-5)
