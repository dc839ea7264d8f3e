from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tertulia_tts.engine import SAMPLE_RATE
from tertulia_tts.engines.kokoro.sound import finished

GAP_MS = 200


def tone(amplitude: float, seconds: float = 0.5) -> NDArray[np.float32]:
    time = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return (amplitude * np.sin(2 * np.pi * 200 * time)).astype(np.float32)


def silence(seconds: float) -> NDArray[np.float32]:
    return np.random.default_rng(1).normal(0, 1e-4, int(seconds * SAMPLE_RATE)).astype(np.float32)


def samples(pcm: bytes) -> NDArray[np.int16]:
    return np.frombuffer(pcm, "<i2")


def test_silence_at_both_ends_is_replaced_by_the_gap() -> None:
    made = samples(finished(np.concatenate((silence(0.4), tone(0.3), silence(0.7))), 0, GAP_MS))
    assert len(made) / SAMPLE_RATE == pytest.approx(0.5 + GAP_MS / 1000, abs=0.02)
    loud = np.flatnonzero(np.abs(made) > 1_000)
    assert loud[0] / SAMPLE_RATE < 0.02
    assert (len(made) - loud[-1]) / SAMPLE_RATE == pytest.approx(GAP_MS / 1000, abs=0.01)


def test_sound_without_silence_at_the_end_gets_the_whole_gap() -> None:
    made = samples(finished(tone(0.3), 0, GAP_MS))
    assert not made[-SAMPLE_RATE * GAP_MS // 1000 :].any()


def test_silence_alone_gives_nothing() -> None:
    assert finished(silence(1), 0, GAP_MS) == b""
    assert finished(np.empty(0, np.float32), 0, GAP_MS) == b""


def test_gain_changes_the_level() -> None:
    quiet, loud = (samples(finished(tone(0.2), gain, 0)).astype(float) for gain in (0, 6))
    assert np.abs(loud).max() / np.abs(quiet).max() == pytest.approx(10 ** (6 / 20), rel=0.01)


def test_loud_sound_is_compressed_and_does_not_clip() -> None:
    peaks = [int(np.abs(samples(finished(tone(amplitude), 0, 0))).max()) for amplitude in (0.9, 1.0, 1.2)]
    assert peaks[0] < peaks[1] < peaks[2] < 32_767
