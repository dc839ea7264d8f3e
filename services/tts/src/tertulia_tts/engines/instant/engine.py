"""The engine `instant`, for benchmarks and tests. For each sentence it returns 1.2 s of a quiet tone, which is made in
advance. It yields pieces of 100 ms of a sine tone at -30 dBFS. The tone is audible, and has a different pitch for each
voice.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

import numpy as np

from tertulia_tts.engine import SAMPLE_RATE, Voice, choose_voice
from tertulia_tts.settings import TTSSettings

PIECE_MS = 100
PIECES = 12
LEVEL_DBFS = -30.0

# Multiples of 10 Hz, so that a piece contains a whole number of cycles and can be repeated without a click.
_TONES_HZ = {"luna": 440, "rex": 220, "sage": 330}


def create(_settings: TTSSettings) -> InstantEngine:
    """Create the engine, which has no settings."""
    return InstantEngine()


class InstantEngine:
    """A `SpeechEngine`. The text and the seed have no effect, except that blank text is silent."""

    name = "instant"

    def __init__(self) -> None:
        self._voices = tuple(
            Voice(voice, voice.capitalize(), "en", f"a quiet {hertz} Hz tone") for voice, hertz in _TONES_HZ.items()
        )
        self._pieces = {voice: _tone(hertz) for voice, hertz in _TONES_HZ.items()}

    async def start(self) -> None:
        """Do nothing, because there is no model to load."""

    def voices(self) -> Sequence[Voice]:
        return self._voices

    async def synthesize(self, text: str, voice: str, seed: int) -> AsyncGenerator[bytes, None]:  # noqa: ARG002 - a tone is not random
        if not text.strip():
            return
        piece = self._pieces[choose_voice(self._voices, voice).voice.id]
        for _ in range(PIECES):
            yield piece

    async def close(self) -> None:
        """Do nothing, because there are no resources to free."""


def _tone(hertz: int) -> bytes:
    seconds = np.arange(SAMPLE_RATE * PIECE_MS // 1000) / SAMPLE_RATE
    amplitude = 32767 * 10 ** (LEVEL_DBFS / 20)
    return np.rint(amplitude * np.sin(2 * np.pi * hertz * seconds)).astype("<i2").tobytes()
