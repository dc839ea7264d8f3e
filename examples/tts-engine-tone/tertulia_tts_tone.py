"""The speech engine `tone`: hums one tone for each word. TERTULIA_TTS_ENGINE=tone chooses it.

One module is enough, as it imports nothing large. An engine that loads a library puts it into a second module, which
the spec's `factory` names: the spec is loaded by `tertulia doctor`, too.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

import numpy as np
from pydantic import Field

from tertulia_tts.engine import SAMPLE_RATE, EngineSpec, Voice, choose_voice
from tertulia_tts.settings import TTSSettings

LEVEL = 0.1
PITCH_HZ = {"luna": 440.0, "rex": 220.0, "sage": 330.0}  # the voices of the characters that a new store has


class ToneSettings(TTSSettings):
    """The worker's settings, and the engine's own: a field is set by `TERTULIA_` and its name."""

    tts_tone_word_ms: int = Field(120, ge=20, le=1000, description="tone: length of a word, in ms")


class ToneEngine:
    """A `SpeechEngine`: `start` and `close` have nothing to load or free."""

    name = "tone"

    def __init__(self, word_ms: int) -> None:
        self._samples = SAMPLE_RATE * word_ms // 1000
        self._voices = tuple(
            Voice(id, id.capitalize(), "en", f"hums at {pitch:g} Hz") for id, pitch in PITCH_HZ.items()
        )

    async def start(self) -> None: ...

    def voices(self) -> Sequence[Voice]:
        return self._voices

    async def synthesize(self, text: str, voice: str, seed: int) -> AsyncGenerator[bytes, None]:
        """Hum one tone for each word.

        Equal arguments must give equal sound: a worker that takes a message over relies on this.
        """
        pitch = PITCH_HZ[choose_voice(self._voices, voice).voice.id]
        for word in text.split():
            yield self._hum(pitch * (1 + (seed + len(word)) % 3 / 50))

    async def close(self) -> None: ...

    def _hum(self, hertz: float) -> bytes:
        """The tone of one word, as 16-bit PCM. It swells and fades, so that the next tone begins without a click."""
        position = np.arange(self._samples)
        swell = np.sin(np.pi * position / self._samples)
        return (32767 * LEVEL * swell * np.sin(2 * np.pi * hertz * position / SAMPLE_RATE)).astype("<i2").tobytes()


def create(settings: ToneSettings) -> ToneEngine:
    """The factory that the spec names."""
    return ToneEngine(settings.tts_tone_word_ms)


ENGINE = EngineSpec("tertulia_tts_tone:create", ToneSettings)
