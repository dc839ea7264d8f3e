"""The settings of every engine that runs Whisper."""

from __future__ import annotations

from pydantic import Field

from tertulia_stt.engines.language_settings import LanguageSettings


class WhisperEngineSettings(LanguageSettings):
    """The models and their threads."""

    stt_model: str = Field(
        "",
        max_length=1000,
        description="whisper, realtimestt: model for final texts, a folder in CTranslate2's format or, for realtimestt,"
        " a name; empty: whisper-base (whisper), small (realtimestt on a CPU) or large-v3-turbo (realtimestt with"
        " cuda)",
    )
    stt_realtime_model: str = Field(
        "",
        max_length=1000,
        description="whisper, realtimestt: model for partial texts, a folder or a name; empty: whisper-tiny.en for"
        " English and else the model for final texts (whisper), tiny (realtimestt on a CPU) or small (realtimestt with"
        " cuda)",
    )
    stt_threads: int = Field(
        0,
        ge=0,
        le=256,
        description="whisper, realtimestt: CPU threads; 0: one for each core, at most 4 for each model (whisper), or"
        " CTranslate2's choice (realtimestt)",
    )
