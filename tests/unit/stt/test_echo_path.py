"""Compares a microphone with the sound of a loudspeaker. Both are noise with the rhythm of speech."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tertulia_stt.band_powers import BANDS, FRAME_MS, BandPowers, Powers
from tertulia_stt.barge_in import SoundSource
from tertulia_stt.echo.detector import verdict
from tertulia_stt.echo.microphone import Recording
from tertulia_stt.echo.path import Comparison, EchoPath, compare

RATE = 16_000
DELAYS = 130
DELAY = 90
SECONDS = 4

Samples = NDArray[np.float64]


def voice(seed: int, seconds: float = SECONDS) -> Samples:
    """Syllables of 80 to 250 ms, each with a spectrum of its own."""
    rng = np.random.default_rng(seed)
    out = np.zeros(int(seconds * RATE))
    at = 0
    while at < len(out):
        length = int(rng.uniform(0.08, 0.25) * RATE)
        tones = rng.uniform(150, 5_000, 6)
        time = np.arange(length) / RATE
        sound = sum(np.sin(2 * np.pi * tone * time) for tone in tones) * np.hanning(length)
        out[at : at + length] = (sound * rng.uniform(0.2, 1) / 6)[: len(out) - at]
        at += length + int(rng.uniform(0, 0.12) * RATE)
    return out


def powers(sound: Samples) -> Powers:
    bands = BandPowers(RATE, 10_000)
    bands.feed((np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())
    return bands.rows()


def in_room(sound: Samples, gain: float = 0.3) -> Samples:
    response = np.zeros(2_000)
    response[[0, 60, 400, 1_500]] = (1, 0.5, -0.35, 0.2)
    noise = np.random.default_rng(99).normal(size=len(sound)) * 1e-4
    return np.convolve(sound, response)[: len(sound)] * gain + noise


def played(sound: Samples) -> Powers:
    """The powers of the played sound. Frame 0 of the microphone has the echo of frame `DELAY`."""
    rows = powers(sound)
    out = np.zeros((len(rows) + DELAYS, BANDS), np.float32)
    out[DELAY : DELAY + len(rows)] = rows
    return out


def test_comparison_finds_the_delay_of_an_echo_and_no_other_voice() -> None:
    sound = voice(1)
    compared = compare(powers(in_room(sound)), played(sound))
    assert compared.path is not None
    assert abs(compared.path.delay - DELAY) <= 1
    assert compared.other.sum() < 10


@pytest.mark.parametrize("gain", [0.1, 0.3, 1.0])
def test_comparison_finds_the_frames_of_a_word_over_the_echo(gain: float) -> None:
    sound, word = voice(1), voice(7, 0.4)
    microphone = in_room(sound, gain)
    microphone[2 * RATE : 2 * RATE + len(word)] += word
    compared = compare(powers(microphone), played(sound))
    assert compared.path is not None
    inside = slice(200, 240)
    assert compared.other[inside].sum() >= 12
    assert compared.other.sum() - compared.other[inside].sum() < 10


def test_comparison_finds_no_path_if_the_microphone_records_only_another_voice() -> None:
    compared = compare(powers(in_room(voice(2))), played(voice(1)))
    assert compared.path is None
    assert not compared.is_early


def test_comparison_finds_no_path_if_the_loudspeaker_is_silent() -> None:
    compared = compare(powers(in_room(voice(2))), played(np.zeros(SECONDS * RATE)))
    assert compared.path is None
    assert not compared.is_early


def test_comparison_is_early_until_the_loudspeaker_has_played_for_a_second() -> None:
    sound = voice(1, 0.9)
    assert compare(powers(in_room(sound)), played(sound)).is_early


def test_known_path_is_used_when_the_loudspeaker_has_just_begun() -> None:
    known = compare(powers(in_room(voice(1))), played(voice(1))).path
    sound = voice(3, 0.9)
    compared = compare(powers(in_room(sound)), played(sound), known)
    assert compared.path is known
    assert compared.other.sum() < 10


def test_known_path_is_given_up_if_the_echo_is_gone() -> None:
    known = EchoPath(DELAY, np.full(BANDS, 0.1, np.float32))
    assert compare(powers(in_room(voice(2))), played(voice(1)), known).path is None


def test_band_powers_do_not_depend_on_the_sizes_of_the_chunks() -> None:
    pcm = (voice(1) * 32767).astype("<i2").tobytes()
    whole, pieces = BandPowers(RATE, 10_000), BandPowers(RATE, 10_000)
    whole.feed(pcm)
    for at in range(0, len(pcm), 1_234):
        pieces.feed(pcm[at : at + 1_234])
        pieces.rows()
    assert np.allclose(whole.rows(), pieces.rows())


def test_band_powers_keep_only_the_last_frames() -> None:
    bands = BandPowers(RATE, 100)
    bands.feed((voice(1) * 32767).astype("<i2").tobytes())
    assert len(bands.rows()) == 100
    assert bands.first_frame == SECONDS * 1000 // FRAME_MS - 100 - 3  # the last window is longer than a frame


def compared(other: NDArray[np.bool_]) -> Comparison:
    rest = np.zeros((len(other), BANDS), np.float32)
    return Comparison(EchoPath(DELAY, np.ones(BANDS, np.float32)), other, rest)


@pytest.mark.parametrize(("frames", "source"), [(10, SoundSource.USER), (9, SoundSource.ECHO)])
def test_user_speaks_if_enough_frames_close_together_have_another_voice(frames: int, source: SoundSource) -> None:
    other = np.zeros(200, np.bool_)
    other[100 : 100 + frames] = True
    other[[5, 60, 190]] = True
    recording = Recording(np.zeros((200, BANDS), np.float32), 16_000, 0.0)
    found = verdict(compared(other), recording, begun=16_000)
    assert found.source is source
    if source is SoundSource.USER:
        assert found.user_from == 16_000 + 100 * 160


def test_another_voice_before_the_utterance_does_not_count() -> None:
    other = np.zeros(200, np.bool_)
    other[50:80] = True
    recording = Recording(np.zeros((200, BANDS), np.float32), 16_000, 0.0)
    assert verdict(compared(other), recording, begun=16_000 + 100 * 160).source is SoundSource.ECHO


def test_only_the_last_of_two_sounds_with_a_pause_between_them_counts() -> None:
    other = np.zeros(200, np.bool_)
    other[20:40] = other[120:140] = True
    recording = Recording(np.zeros((200, BANDS), np.float32), 16_000, 0.0)
    assert verdict(compared(other), recording, begun=16_000).user_from == 16_000 + 120 * 160
