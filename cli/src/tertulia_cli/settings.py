"""The command's settings: where the gateway is, and what it needs to know to start the services."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pydantic import AliasChoices, Field, SecretStr

from tertulia_shared.settings import CommonSettings

OPENROUTER: Final = "https://openrouter.ai/api/v1"
ANYWHERE: Final = ("0.0.0.0", "::", "")
"""Addresses to listen on that nobody can connect to: what listens there is reached over loopback."""


class RunSettings(CommonSettings):
    """What `tertulia` reads of `TERTULIA_…`; each service reads its own."""

    host: str = Field("127.0.0.1", description="address to listen on; beyond this machine only with TERTULIA_TOKEN")
    port: int = Field(8000, ge=0, le=65535, description="port to listen on; 0 takes a free one")
    token: SecretStr = Field(SecretStr(""), description="what a client must show; at least 16 characters, or empty")
    openrouter_api_key: SecretStr = Field(
        SecretStr(""),
        validation_alias=AliasChoices("OPENROUTER_API_KEY"),
        description="key for the model server (OpenRouter or any other); without one the demo model answers",
    )
    stt_engine: str = Field("pocketsphinx", description="speech recognizer: pocketsphinx or realtimestt")
    tts_engine: str = Field("espeak", description="speech engine")
    voices_dir: Path = Field(
        Path("voices"), description="folder of the voices to clone (tertulia voice add); used by higgs"
    )
    llm_base_url: str = Field(OPENROUTER, description="OpenAI-compatible base URL")

    @property
    def own_redis(self) -> bool:
        """Whether nobody named a Redis, so that `tertulia run` starts one."""
        return "redis_url" not in self.model_fields_set

    @property
    def demo(self) -> bool:
        """Whether the llm worker will answer through the demo model: neither a key nor a server of one's own."""
        return not self.openrouter_api_key.get_secret_value() and self.llm_base_url.rstrip("/") == OPENROUTER

    @property
    def reachable_host(self) -> str:
        """Where a client on this machine finds what listens on `host`, as it stands in a URL."""
        host = "127.0.0.1" if self.host in ANYWHERE else self.host.strip("[]")
        return f"[{host}]" if ":" in host else host

    def where_redis_is(self) -> str:
        """The URL of the Redis in use: the one that was set, else the one that `tertulia run` says it started."""
        return self.redis_url if not self.own_redis else read_url(self.data_dir) or self.redis_url


def url_file(data_dir: Path) -> Path:
    """Where `tertulia run` writes the URL of the Redis it has started."""
    return data_dir / "redis" / "url"


def read_url(data_dir: Path) -> str:
    """What `tertulia run` wrote there; "" if it has not."""
    try:
        return url_file(data_dir).read_text().strip()
    except OSError:
        return ""
