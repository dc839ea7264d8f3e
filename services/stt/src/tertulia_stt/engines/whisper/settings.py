"""The settings of the engine `whisper`."""

from __future__ import annotations

from tertulia_stt.engines.whisper_settings import WhisperEngineSettings


class WhisperSettings(WhisperEngineSettings):
    """The settings of every engine that runs Whisper are enough."""
