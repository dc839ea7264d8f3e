"""The settings of the engine `kokoro`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pydantic import Field, field_validator

from tertulia_tts.engines.kokoro.voices import KOKORO_VOICES
from tertulia_tts.settings import TTSSettings

VOICE_IDS: Final = tuple(known.voice.id for known in KOKORO_VOICES)
MIN_SPEED: Final = 0.5
MAX_SPEED: Final = 2.0


class KokoroSettings(TTSSettings):
    """The settings `TERTULIA_TTS_KOKORO_…`."""

    tts_kokoro_threads: int = Field(
        0, ge=0, le=64, description="kokoro: threads of the model; 0: one for each core, at most 4"
    )
    tts_kokoro_speeds: str = Field(
        "",
        max_length=10_000,
        description="kokoro: speed of single voices, as voice=factor, comma-separated: luna=1.1, rex=0.9 "
        f"({MIN_SPEED:g} to {MAX_SPEED:g}); the same for all tts workers",
    )

    @property
    def kokoro_speeds(self) -> Mapping[str, float]:
        """`tts_kokoro_speeds` as a mapping from voices to speeds."""
        return parse_speeds(self.tts_kokoro_speeds)

    @field_validator("tts_kokoro_speeds")
    @classmethod
    def _speeds(cls, text: str) -> str:
        parse_speeds(text)
        return text


def parse_speeds(text: str) -> Mapping[str, float]:
    """Parse a text such as `luna=1.1, rex=0.9`.

    Raises:
        ValueError: a part is not of this form, a voice is unknown or occurs twice, or a speed is out of range.
    """
    speeds: dict[str, float] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        voice, _, number = (side.strip() for side in part.partition("="))
        if voice in speeds:
            raise ValueError(f"the voice {voice!r} is named twice")
        try:
            speed = float(number)
        except ValueError:
            raise ValueError(f"{part!r} is not of the form voice=factor, such as luna=1.1") from None
        if not MIN_SPEED <= speed <= MAX_SPEED:
            raise ValueError(f"the speed of {voice!r} must be from {MIN_SPEED:g} to {MAX_SPEED:g}")
        if voice not in VOICE_IDS:
            raise ValueError(f"kokoro has no voice {voice!r}; its voices are {', '.join(VOICE_IDS)}")
        speeds[voice] = speed
    return speeds
