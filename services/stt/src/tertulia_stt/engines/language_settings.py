"""The setting of every engine that knows more than one language."""

from __future__ import annotations

from typing import Final

from pydantic import Field, field_validator

from tertulia_stt.settings import STTSettings

DETECT: Final = "auto"


class LanguageSettings(STTSettings):
    """The spoken language. `stt_language` is "" if it is to be detected."""

    stt_language: str = Field(
        "en",
        pattern=r"^([a-z]{2,3})?$",
        description="whisper, realtimestt, openai: language spoken (en, de, es, …); auto: it is detected, in each"
        " session (whisper), each utterance (realtimestt) or each request (openai)",
    )

    @field_validator("stt_language", mode="before")
    @classmethod
    def _detected(cls, language: object) -> object:
        # An empty variable cannot mean this: it counts as unset, and the default is a language.
        return "" if language == DETECT else language
