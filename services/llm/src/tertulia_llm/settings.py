"""The llm worker's settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

from pydantic import AliasChoices, Field, SecretStr, field_validator

from tertulia_shared.model_connection import ModelConnection
from tertulia_shared.model_server import (
    OPENROUTER,
    checked_base_url,
    checked_body,
    checked_headers,
    checked_key,
    checked_model,
)
from tertulia_shared.settings import AnsweringSettings

MIN_CONTEXT_TOKENS = 512
"""The smallest context window that has enough space for a character's prompt, a question and an answer."""


class LLMSettings(AnsweringSettings):
    """The settings `TERTULIA_LLM_…`, and the API key of the model server."""

    openrouter_api_key: SecretStr = Field(
        SecretStr(""),
        validation_alias=AliasChoices("OPENROUTER_API_KEY"),
        description="key for the model server (OpenRouter or any other); without one the demo model answers",
    )
    llm_base_url: str = Field(OPENROUTER, description="OpenAI-compatible base URL")
    llm_model: str = Field(
        "openrouter/auto", min_length=1, max_length=200, description="model, unless the client asks for another"
    )
    llm_connection_dir: Path | None = Field(
        None,
        description="folder of the file with the server and key that were set in the page; empty: the data folder",
    )
    llm_concurrency: int = Field(64, ge=1, le=1000, description="most conversations that one worker answers at once")
    llm_max_tokens: int = Field(1024, ge=1, le=100_000, description="most tokens in a reply")
    llm_first_token_s: float = Field(30.0, gt=0, le=600, description="wait for the first token, in seconds")
    llm_stall_s: float = Field(20.0, gt=0, le=600, description="wait between tokens, in seconds")
    llm_retries: int = Field(3, ge=0, le=10, description="retries when the model server fails")
    llm_extra_body: str = Field(
        "", description="JSON object that is merged into each request to the model server; null removes a parameter"
    )
    llm_extra_headers: SecretStr = Field(
        SecretStr(""), description="JSON object of HTTP headers for each request to the model server"
    )
    llm_spoken_commands: bool = Field(
        default=True,
        description='whether "say that again", "say that differently" and "scratch that" are commands, if spoken',
    )
    llm_history_messages: int = Field(60, ge=2, le=1000, description="most history messages in a prompt")
    llm_context_chars: int = Field(48_000, ge=2_000, description="most characters in a prompt")
    llm_context_tokens: int = Field(
        0, ge=0, le=100_000_000, description="the model's context window in tokens; 0: as the model server says"
    )
    redis_budget_mb: int = Field(
        0, ge=0, description="memory limit for Redis in MB, if it has no maxmemory of its own (0: no limit)"
    )
    demo_tokens_per_second: float = Field(
        40.0, ge=0, le=10_000, description="speed of the demo model, in tokens per second (0: as fast as it can)"
    )

    @field_validator("llm_base_url")
    @classmethod
    def _base_url(cls, url: str) -> str:
        return checked_base_url(url)

    @field_validator("llm_model")
    @classmethod
    def _model(cls, name: str) -> str:
        return checked_model(name)

    @field_validator("openrouter_api_key")
    @classmethod
    def _key(cls, key: SecretStr) -> SecretStr:
        return SecretStr(checked_key(key.get_secret_value()))

    @field_validator("llm_extra_body")
    @classmethod
    def _extra_body(cls, text: str) -> str:
        checked_body(text)
        return text

    @field_validator("llm_extra_headers")
    @classmethod
    def _extra_headers(cls, text: SecretStr) -> SecretStr:
        checked_headers(text.get_secret_value())
        return text

    @field_validator("llm_context_tokens")
    @classmethod
    def _context_tokens(cls, tokens: int) -> int:
        if 0 < tokens < MIN_CONTEXT_TOKENS:
            raise ValueError(f"must be 0 or at least {MIN_CONTEXT_TOKENS}")
        return tokens

    @property
    def names_a_server(self) -> bool:
        """True if the environment sets a key or another server than the default."""
        return self.llm_base_url != OPENROUTER or bool(self.openrouter_api_key.get_secret_value())

    @property
    def connection_folder(self) -> Path:
        """The folder of the connection that was made in the page."""
        return (self.llm_connection_dir or self.data_dir).expanduser()

    def connected_to(self, connection: ModelConnection) -> Self:
        """The same settings with this connection. The extra headers may hold a secret for another server, so they are
        left out.
        """
        return self.model_copy(
            update={
                "llm_base_url": connection.address,
                "llm_model": connection.model,
                "openrouter_api_key": SecretStr(connection.key),
                "llm_extra_headers": SecretStr(""),
            }
        )

    @property
    def thinks_ahead(self) -> bool:
        """True if the model is asked for replies to a turn that is still tentative."""
        if self.think_ahead == "auto":  # with a key, a wrong guess may cost money
            return not self.openrouter_api_key.get_secret_value()
        return self.think_ahead == "on"

    @property
    def extra_body(self) -> dict[str, Any]:
        """The setting `llm_extra_body`, parsed."""
        return checked_body(self.llm_extra_body)

    @property
    def extra_headers(self) -> dict[str, str]:
        """The setting `llm_extra_headers`, parsed."""
        return checked_headers(self.llm_extra_headers.get_secret_value())
