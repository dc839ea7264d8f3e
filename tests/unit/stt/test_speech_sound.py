"""Synthesized sounds are judged as words, murmurs or noise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from tertulia_stt.band_powers import Powers
from tertulia_stt.speech_sound import SoundKind, sound_of
from tests.harness.vocal_sounds import AH, EE, cough, hum, laughter, noise, vowels
from tests.unit.stt.test_echo_path import powers

Samples = NDArray[np.float64]


def recorded(sound: Samples) -> Powers:
    """The band powers of the sound in a quiet room with noise."""
    pause = np.zeros(3_200)
    whole = np.concatenate((pause, sound * 0.1 / np.sqrt(np.mean(sound**2)), pause))
    return powers(whole + np.random.default_rng(0).normal(size=len(whole)) * 1e-3)


@pytest.mark.parametrize(
    ("sound", "kind"),
    [
        (noise(300), SoundKind.NOISE),
        (cough(), SoundKind.NOISE),
        (np.concatenate((cough(), cough(seed=5))), SoundKind.NOISE),
        (hum(130, 600), SoundKind.MURMUR),
        (np.concatenate((hum(120, 220), np.zeros(800), hum(150, 320))), SoundKind.MURMUR),
        (vowels(140, 600, AH), SoundKind.MURMUR),
        (laughter(7), SoundKind.MURMUR),
        (vowels(140, 600, AH, EE), SoundKind.WORDS),
        (np.concatenate((noise(120) * 0.1, vowels(140, 200, EE), vowels(120, 250, AH))), SoundKind.WORDS),
    ],
    ids=["burst", "cough", "two coughs", "hum", "mm-hm", "long ah", "laughter", "two vowels", "consonant and vowels"],
)
def test_synthesized_sound_is_judged_as_words_murmur_or_noise(sound: Samples, kind: SoundKind) -> None:
    found = sound_of(recorded(sound))
    assert found is not None
    assert found.kind is kind


def test_only_frames_with_the_users_voice_are_judged() -> None:
    both = np.concatenate((vowels(140, 600, AH, EE), hum(130, 600)))
    rows = recorded(both)
    is_user = np.zeros(len(rows), np.bool_)
    is_user[82:] = True
    found = sound_of(rows, is_user)
    assert found is not None
    assert found.kind is SoundKind.MURMUR
    assert 400 <= found.voiced_ms <= 650


@pytest.mark.parametrize("sound", [np.zeros(16_000), np.zeros(0)])
def test_silence_gets_no_judgement(sound: Sequence[float]) -> None:
    assert sound_of(powers(np.asarray(sound))) is None
