"""The settings of the engine `openai`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from tertulia_shared.visible_text import invisible_fault
from tertulia_tts.engines.cloning_settings import CloningSettings


class OpenAISettings(CloningSettings):
    """The settings `TERTULIA_TTS_OPENAI_…`."""

    tts_openai_base_url: str = Field(
        "http://127.0.0.1:8880/v1", description="openai: server of /audio/speech (vLLM, SGLang, Kokoro, …)"
    )
    tts_openai_key: SecretStr = Field(SecretStr(""), description="openai: the server's key, if it needs one")
    tts_openai_model: str = Field("kokoro", min_length=1, description="openai: model in the requests")
    tts_openai_voices: str = Field(
        "luna=af_bella, rex=am_michael, sage=bm_george",
        max_length=10_000,
        description="openai: our voice=the server's voice, comma-separated; the first one is the default",
    )
    tts_openai_sample_rate: int = Field(
        24_000, ge=8_000, le=96_000, description="openai: samples per second of the PCM that the server sends"
    )
    tts_openai_timeout_s: float = Field(
        20.0, gt=0, le=600, description="openai: longest wait for the first sound, and between pieces, in seconds"
    )
    tts_openai_retries: int = Field(2, ge=0, le=10, description="openai: retries, only before the first sound")
    tts_openai_repeatable: bool = Field(
        default=False,
        description="openai: whether the server gives the same sound for the same text each time (most Kokoro servers);"
        " then a takeover continues at the same sample, else at the beginning of a clause",
    )
    tts_openai_cloning: Literal["off", "upload", "ref_audio"] = Field(
        "off",
        description="openai: how the server gets the voices of TERTULIA_VOICES_DIR: upload (once, to /audio/voices),"
        " ref_audio (with each request), or off (TERTULIA_TTS_OPENAI_VOICES names voices of the server)",
    )

    @property
    def openai_voices(self) -> Mapping[str, str]:
        """`tts_openai_voices` as a mapping from our voices to the server's voices, in order."""
        return parse_voices(self.tts_openai_voices)

    @field_validator("tts_openai_base_url")
    @classmethod
    def _base_url(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("must be an http:// or https:// URL, such as http://127.0.0.1:8880/v1")
        return url.rstrip("/")

    @field_validator("tts_openai_voices")
    @classmethod
    def _voices(cls, text: str) -> str:
        parse_voices(text)
        return text


def parse_voices(text: str) -> Mapping[str, str]:
    """Parse a text such as `luna=af_bella, rex=am_michael` to a mapping, in order.

    Raises:
        ValueError: a name is missing, contains an invisible character or occurs twice, or the text contains no names.
    """
    voices: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        ours, _, theirs = (side.strip() for side in part.partition("="))
        if not ours or not theirs:
            raise ValueError(f"{part!r} is not of the form our-voice=the-server's-voice")
        if fault := invisible_fault(ours):
            raise ValueError(f"the voice {ours!r} {fault}")
        if ours in voices:
            raise ValueError(f"the voice {ours!r} is named twice")
        voices[ours] = theirs
    if not voices:
        raise ValueError("at least one voice is needed, such as luna=af_bella")
    return voices
