"""Sounds that are no speech, made by synthesis: what a microphone picks up in a room where nobody speaks.

All are 16 kHz s16le mono. Equal arguments give equal sound.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

RATE: Final = 16_000
Sound = NDArray[np.float64]


def room(seconds: float, seed: int = 1) -> bytes:
    """Pink noise whose level goes up and down, with the hum of a fan."""
    random, count = np.random.default_rng(seed), int(seconds * RATE)
    time = np.arange(count) / RATE
    level = 0.6 + 0.4 * np.sin(2 * np.pi * 0.13 * time)
    hum = sum(0.3 / number * np.sin(2 * np.pi * 50 * number * time) for number in (1, 2, 3, 5))
    return _pcm(_pink(random, count) * level + hum, 0.08)


def music(seconds: float, seed: int = 1) -> bytes:
    """Chords with overtones, a melody with vibrato and a drum, at 100 beats a minute."""
    random, beat_s = np.random.default_rng(seed), 0.6
    beats = [_beat(random, number, beat_s) for number in range(int(seconds / beat_s) + 1)]
    return _pcm(np.concatenate(beats)[: int(seconds * RATE)], 0.25)


def keyboard(seconds: float, seed: int = 1) -> bytes:
    """Key strokes, each a press and a release, in bursts of typing, over low noise."""
    random, count = np.random.default_rng(seed), int(seconds * RATE)
    sound, at = 0.004 * _pink(random, count), 0
    while at < count:
        for delay in (0, int(random.uniform(0.06, 0.1) * RATE)):
            _add(sound, at + delay, _burst(random, 0.02, 2500, 1500, decay_s=0.004) * random.uniform(0.2, 1))
        at += int(random.choice([random.uniform(0.09, 0.25), random.uniform(0.8, 2.5)], p=[0.9, 0.1]) * RATE)
    return _pcm(sound, 0.4)


def coughs(seconds: float, seed: int = 1) -> bytes:
    """Series of coughs: bursts of noise with the resonances of a throat, and a short voiced end."""
    random, count = np.random.default_rng(seed), int(seconds * RATE)
    sound, at = 0.003 * _pink(random, count), int(0.5 * RATE)
    while at < count:
        for number in range(int(random.integers(1, 4))):
            _add(sound, at + int(number * 0.45 * RATE), _cough(random))
        at += int(random.uniform(2, 5) * RATE)
    return _pcm(sound, 0.5)


NOISES: Final[Mapping[str, Callable[[float], bytes]]] = {
    "room": room, "music": music, "keyboard": keyboard, "coughs": coughs,
}  # fmt: skip


def _beat(random: np.random.Generator, number: int, beat_s: float) -> Sound:
    count = int(beat_s * RATE)
    time = np.arange(count) / RATE
    root = (220.0, 174.6, 261.6, 196.0)[number // 4 % 4]
    chord = sum(_tone(root * ratio, time) for ratio in (1, 1.25, 1.5))
    note = root * 2 * 2 ** (float(random.choice([0, 2, 4, 7, 9])) / 12)
    melody = _tone(note * (1 + 0.004 * np.sin(2 * np.pi * 5.5 * time)), time)
    drum = np.exp(-time / 0.03) * np.sin(2 * np.pi * 70 * time) + 0.3 * np.exp(-time / 0.02) * random.normal(size=count)
    return 0.3 * chord * np.exp(-time / 0.8) + 0.5 * melody * np.minimum(1, time / 0.02) + drum


def _tone(hertz: float | Sound, time: Sound) -> Sound:
    phase = 2 * np.pi * np.cumsum(np.broadcast_to(hertz, time.shape)) / RATE
    return np.sum([np.sin(phase * overtone) / overtone for overtone in range(1, 7)], axis=0)


def _cough(random: np.random.Generator) -> Sound:
    length_s = random.uniform(0.2, 0.35)
    wheeze = _burst(random, length_s, 500, 250, decay_s=0.08) + _burst(random, length_s, 1400, 500, decay_s=0.08)
    time = np.arange(len(wheeze)) / RATE
    voice = _tone(random.uniform(110, 180), time) * np.exp(-(((time - length_s * 0.8) / 0.04) ** 2))
    return wheeze + 0.15 * voice


def _burst(random: np.random.Generator, length_s: float, hertz: float, width: float, *, decay_s: float) -> Sound:
    """A burst of noise around a frequency that begins at once and fades."""
    count = int(length_s * RATE)
    spectrum = np.fft.rfft(random.normal(size=count))
    frequencies = np.fft.rfftfreq(count, 1 / RATE)
    filtered = np.fft.irfft(spectrum * np.exp(-(((frequencies - hertz) / width) ** 2)), count)
    faded = filtered * np.exp(-np.arange(count) / RATE / decay_s)
    return faded / np.abs(faded).max()


def _pink(random: np.random.Generator, count: int) -> Sound:
    spectrum = np.fft.rfft(random.normal(size=count))
    noise = np.fft.irfft(spectrum / np.sqrt(np.maximum(1, np.arange(len(spectrum)))), count)
    return noise / noise.std()


def _add(sound: Sound, at: int, part: Sound) -> None:
    fitting = part[: max(0, len(sound) - at)]
    sound[at : at + len(fitting)] += fitting


def _pcm(sound: Sound, peak: float) -> bytes:
    return (sound / np.abs(sound).max() * peak * 32767).astype("<i2").tobytes()
