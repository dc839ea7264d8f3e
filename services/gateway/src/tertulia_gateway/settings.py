"""The gateway's settings."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode

from tertulia_shared.settings import AnsweringSettings

MIN_TOKEN_CHARS = 16


class GatewaySettings(AnsweringSettings):
    """The gateway's settings, read from the variables `TERTULIA_…`."""

    host: str = Field("127.0.0.1", description="address to listen on; beyond this machine only with TERTULIA_TOKEN")
    published_host: str = Field(
        "", description="in a container: the address at which its port is published, if that is not TERTULIA_HOST"
    )
    port: int = Field(8000, ge=0, le=65535, description="port to listen on; 0 takes a free one")
    token: SecretStr = Field(SecretStr(""), description="token for clients; at least 16 characters, or empty")
    origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="additional origins that may connect, separated by commas (https://talk.example.org)"
    )
    lan_dir: Path | None = Field(
        None,
        description="HTTPS in the home network: folder of the certificate; `tertulia run --lan` sets it",
    )
    lan_port: int = Field(8443, ge=1, le=65535, description="HTTPS in the home network: port")
    lan_setup_port: int = Field(
        8088,
        ge=1,
        le=65535,
        description="HTTPS in the home network: port of the page that explains how a device trusts the certificate",
    )
    max_connections: int = Field(200, ge=1, le=100_000, description="most open WebSocket connections")
    max_frames_per_s: float = Field(50.0, gt=0, le=100_000, description="most text frames of one client, per second")
    max_clips: int = Field(
        20, ge=0, le=100, description="most voices made from recordings in the page; 0: none can be made"
    )
    alive_s: float = Field(5.0, ge=1, le=600, description="seconds without a heartbeat until a worker counts as dead")

    @field_validator("origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("origins")
    @classmethod
    def _origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        for origin in origins:
            parts = urlsplit(origin)
            if parts.scheme not in ("http", "https") or not parts.netloc or parts.path not in ("", "/"):
                raise ValueError("each origin must look like https://talk.example.org (scheme, host, port; no path)")
        return tuple(origin.rstrip("/").lower() for origin in origins)

    @field_validator("token")
    @classmethod
    def _token(cls, token: SecretStr) -> SecretStr:
        secret = token.get_secret_value()
        if secret and (len(secret) < MIN_TOKEN_CHARS or not secret.isascii() or not secret.isprintable()):
            raise ValueError(f"must be empty or at least {MIN_TOKEN_CHARS} printable ASCII characters")
        return token

    @model_validator(mode="after")
    def _different_ports(self) -> Self:
        ports = [self.port, *([] if self.lan_dir is None else [self.lan_port, self.lan_setup_port])]
        if len(set(ports)) < len(ports):
            raise ValueError("TERTULIA_PORT, TERTULIA_LAN_PORT and TERTULIA_LAN_SETUP_PORT must be different")
        return self

    @model_validator(mode="after")
    def _token_beyond_loopback(self) -> Self:
        host = self.published_host or self.host
        if not is_loopback(host) and not self.token.get_secret_value():
            raise ValueError(
                f"TERTULIA_HOST {host} can be reached from other machines: set TERTULIA_TOKEN to a long random "
                "string (for example from `openssl rand -hex 32`), or listen on 127.0.0.1"
            )
        return self


def is_loopback(host: str) -> bool:
    """True if only programs on this machine can connect to the address. The only name for which this is true is
    localhost, because other names may resolve to any address.
    """
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
