"""A simulated room: how a microphone records a loudspeaker and a user."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tertulia_shared.entries import SAMPLE_RATE_IN, SAMPLE_RATE_OUT

USER_LEVEL = 0.1
"""Root mean square of the user's voice, as a share of full scale."""

Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Room:
    """The path of the sound from the loudspeaker to the microphone. `echo_db`: the level of the echo relative to the
    user's voice.
    """

    echo_db: float = -10.0
    noise_db: float = -40.0
    delay_ms: int = 180
    reverberation_s: float = 0.25
    seed: int = 1

    def response(self) -> Samples:
        """The impulse response: the direct sound, four reflections, a decaying tail, and a low-pass."""
        rng = np.random.default_rng(self.seed)
        length = int(SAMPLE_RATE_IN * self.reverberation_s)
        response = rng.normal(size=length) * np.exp(-6.9 * np.arange(length) / length) * 0.05
        for at, gain in ((0, 1.0), (37, 0.5), (113, -0.4), (260, 0.35), (611, 0.2)):
            response[at] += gain
        window = np.hanning(9)
        return np.convolve(response, window / window.sum()).astype(np.float32)

    def echo(self, played: Samples) -> Samples:
        """The part of the microphone's sound (16 kHz) that comes from the played sound (24 kHz)."""
        places = np.arange(len(played) * SAMPLE_RATE_IN // SAMPLE_RATE_OUT) * SAMPLE_RATE_OUT / SAMPLE_RATE_IN
        sound = np.convolve(np.interp(places, np.arange(len(played)), played), self.response()).astype(np.float32)
        sound *= np.float32(USER_LEVEL * 10 ** (self.echo_db / 20) / loudness(sound))
        return np.concatenate((np.zeros(SAMPLE_RATE_IN * self.delay_ms // 1000), sound)).astype(np.float32)


def loudness(sound: Samples) -> float:
    """Root mean square of the parts that are not silent."""
    return float(np.sqrt(np.mean(sound[np.abs(sound) > 1e-3 * np.abs(sound).max()] ** 2)))


def at_user_level(sound: Samples) -> Samples:
    return sound * np.float32(USER_LEVEL / loudness(sound))


def pcm(sound: Samples) -> bytes:
    return (np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes()
