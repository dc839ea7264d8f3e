"""The command's settings: the gateway's address, and the settings needed to start the services."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pydantic import AliasChoices, Field, SecretStr, field_validator

from tertulia_shared.model_connection import ConnectionFile, ModelConnection
from tertulia_shared.model_server import OPENROUTER, checked_base_url, checked_key
from tertulia_shared.settings import CommonSettings

WILDCARDS: Final = ("0.0.0.0", "::", "")
"""Addresses that only make sense for listening; clients on this machine connect over loopback instead."""


class RunSettings(CommonSettings):
    """The `TERTULIA_…` settings of the command; each service reads its own."""

    host: str = Field("127.0.0.1", description="address to listen on; beyond this machine only with TERTULIA_TOKEN")
    port: int = Field(8000, ge=0, le=65535, description="port to listen on; 0 takes a free one")
    token: SecretStr = Field(SecretStr(""), description="token for clients; at least 16 characters, or empty")
    lan_port: int = Field(8443, ge=1, le=65535, description="HTTPS in the home network: port")
    lan_setup_port: int = Field(
        8088,
        ge=1,
        le=65535,
        description="HTTPS in the home network: port of the page that explains how a device trusts the certificate",
    )
    lan_names: str = Field(
        "",
        description="HTTPS in the home network: further names or addresses of this machine, separated by commas",
    )
    openrouter_api_key: SecretStr = Field(
        SecretStr(""),
        validation_alias=AliasChoices("OPENROUTER_API_KEY"),
        description="key for the model server (OpenRouter or any other); without one the demo model answers",
    )
    stt_engine: str = Field(
        "auto",
        description="speech recognizer: whisper, pocketsphinx or realtimestt; auto: the best that is installed with its"
        " models",
    )
    tts_engine: str = Field(
        "auto", description="speech engine; auto: kokoro if its models are there and the machine is fast enough"
    )
    voices_dir: Path = Field(
        Path("voices"),
        description="folder of the voices to clone (tertulia voice add --folder); for higgs, and openai if it clones",
    )
    llm_base_url: str = Field(OPENROUTER, description="OpenAI-compatible base URL")
    llm_connection_dir: Path | None = Field(
        None,
        description="folder of the file with the server and key that were set in the page; empty: the data folder",
    )

    @field_validator("llm_base_url")
    @classmethod
    def _base_url(cls, url: str) -> str:
        return checked_base_url(url)

    @field_validator("openrouter_api_key")
    @classmethod
    def _key(cls, key: SecretStr) -> SecretStr:
        return SecretStr(checked_key(key.get_secret_value()))

    @property
    def own_redis(self) -> bool:
        """True if `tertulia run` starts its own Redis, because TERTULIA_REDIS_URL is not set."""
        return "redis_url" not in self.model_fields_set

    @property
    def names_a_server(self) -> bool:
        """True if the environment sets a key or another server than the default."""
        return bool(self.openrouter_api_key.get_secret_value()) or self.llm_base_url != OPENROUTER

    @property
    def demo(self) -> bool:
        """True if the llm worker uses the demo model: neither the environment nor the page has set a model server."""
        return not self.names_a_server and self.kept_connection() is None

    def kept_connection(self) -> ModelConnection | None:
        """The model server that was set in the page; None if there is none that can be read."""
        try:
            return ConnectionFile((self.llm_connection_dir or self.data_dir).expanduser()).load()
        except (OSError, ValueError):
            return None

    @property
    def reachable_host(self) -> str:
        """The host for URLs by which clients on this machine reach the gateway."""
        host = "127.0.0.1" if self.host in WILDCARDS else self.host.strip("[]")
        return f"[{host}]" if ":" in host else host

    def redis_address(self) -> str:
        """The URL of the Redis in use: the setting, or else the server that `tertulia run` started."""
        return self.redis_url if not self.own_redis else read_url(self.data_dir) or self.redis_url


def url_file(data_dir: Path) -> Path:
    """The file into which `tertulia run` writes the URL of its own Redis."""
    return data_dir / "redis" / "url"


def read_url(data_dir: Path) -> str:
    """The URL of the Redis that `tertulia run` started (from `url_file`); "" if the file does not exist."""
    try:
        return url_file(data_dir).read_text().strip()
    except OSError:
        return ""
