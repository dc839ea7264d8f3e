"""The settings of the engine `openai`."""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from tertulia_stt.engines.language_settings import LanguageSettings


class OpenAISTTSettings(LanguageSettings):
    """The settings `TERTULIA_STT_OPENAI_…`."""

    stt_openai_base_url: str = Field(
        "http://127.0.0.1:8000/v1",
        description="openai: server of /audio/transcriptions (speaches, vLLM, LocalAI, OpenAI, …)",
    )
    stt_openai_key: SecretStr = Field(SecretStr(""), description="openai: the server's key, if it needs one")
    stt_openai_model: str = Field("whisper-1", min_length=1, description="openai: model in the requests")
    stt_openai_partials: Literal["auto", "on", "off"] = Field(
        "auto",
        description="openai: partial texts while the user speaks, each by a request with all sound of the piece so far;"
        " auto: only if no key is set, because a hosted server charges for them",
    )
    stt_openai_partial_ms: int = Field(
        700, ge=200, le=10_000, description="openai: sound between two requests for a partial text, in ms"
    )
    stt_openai_timeout_s: float = Field(
        20.0, gt=0, le=600, description="openai: longest wait for an answer, in seconds"
    )
    stt_openai_retries: int = Field(3, ge=0, le=10, description="openai: retries of a request for a final text")

    @property
    def has_partials(self) -> bool:
        """Whether partial texts are requested."""
        has_key = bool(self.stt_openai_key.get_secret_value())
        return self.stt_openai_partials == "on" or (self.stt_openai_partials == "auto" and not has_key)

    @field_validator("stt_openai_base_url")
    @classmethod
    def _base_url(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("must be an http:// or https:// URL, such as http://127.0.0.1:8000/v1")
        return url.rstrip("/")
