"""The setting of every engine that knows more than one language."""

from __future__ import annotations

from pydantic import Field

from tertulia_stt.settings import STTSettings


class LanguageSettings(STTSettings):
    """The spoken language."""

    stt_language: str = Field(
        "en",
        pattern=r"^([a-z]{2,3})?$",
        description="whisper, realtimestt, openai: language spoken (en, de, es, …); empty: it is detected, in each"
        " session (whisper), each utterance (realtimestt) or each request (openai)",
    )
