"""Settings that every service has, and how a service reads its own: once, in `main`, all mistakes told at once."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "TERTULIA_"
REDIS_SCHEMES = ("redis", "rediss", "unix")


class CommonSettings(BaseSettings):
    """What all services share. The environment wins over `.env` in the working directory."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_file=".env", extra="ignore", frozen=True)

    redis_url: str = Field("redis://127.0.0.1:6379/0", description="Redis: redis://, rediss:// or unix://")
    namespace: str = Field("tertulia", pattern=r"^[A-Za-z0-9_.-]{1,40}$", description="first part of every Redis key")
    data_dir: Path = Field(Path("data"), description="folder of the SQLite file and of a Redis that we start")
    store: Literal["sqlite", "supabase"] = Field(
        "sqlite", description="where conversations are kept: sqlite (a file in the data folder) or supabase"
    )
    supabase_url: str = Field(
        "", validation_alias=AliasChoices("SUPABASE_URL"), description="the Supabase project's URL"
    )
    supabase_key: SecretStr = Field(
        SecretStr(""),
        validation_alias=AliasChoices("SUPABASE_KEY", "SUPABASE_SERVICE_ROLE_KEY", "SUPABASE_SECRET_KEY"),
        description="its service role (secret) key, which must never reach a browser",
    )
    store_patience_s: float = Field(
        2.0, gt=0, le=60, description="seconds the store may take for what the talk waits for; then the talk goes on"
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="least level logged")
    metrics_port: int = Field(
        0, ge=0, le=65535, description="port on which each service serves /metrics and /healthz; 0: none"
    )
    metrics_host: str = Field(
        "127.0.0.1", description="address for that port; nobody is asked for a token there: keep it among your own"
    )
    lease_s: float = Field(
        3.0, ge=0.5, le=60, description="seconds without a sign of life after which a worker's work is taken over"
    )
    drain_s: float = Field(
        10.0, ge=0, le=600, description="seconds a stopping worker may take to finish what it has begun"
    )
    max_attempts: int = Field(10, ge=1, le=100, description="deliveries of one piece of work before it is given up")

    @field_validator("redis_url")
    @classmethod
    def _redis_url(cls, url: str) -> str:
        if urlsplit(url).scheme not in REDIS_SCHEMES:
            raise ValueError(f"must begin with one of {', '.join(f'{s}://' for s in REDIS_SCHEMES)}")
        return url

    @field_validator("supabase_url")
    @classmethod
    def _supabase_url(cls, url: str) -> str:
        parts = urlsplit(url)
        if url and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise ValueError("must be the project's URL, such as https://abcdefgh.supabase.co")
        return url.rstrip("/")

    @model_validator(mode="after")
    def _supabase(self) -> Self:
        if self.store == "supabase" and not (self.supabase_url and self.supabase_key.get_secret_value()):
            raise ValueError(
                "TERTULIA_STORE=supabase needs SUPABASE_URL and SUPABASE_KEY (the service role key): "
                "both are in the project's API settings"
            )
        return self


S = TypeVar("S", bound=BaseSettings)


def load(cls: type[S]) -> S:
    """The settings from the environment, or an exit with every mistake in one message."""
    try:
        return cls()
    except ValidationError as error:
        print(explain(error), file=sys.stderr)  # noqa: T201 - before there is a log
        raise SystemExit(2) from None


def explain(error: ValidationError) -> str:
    """All that is wrong with the settings, one line each; values are not repeated (they may be secrets)."""
    lines = ["These settings are wrong:"]
    for problem in error.errors(include_url=False, include_input=False, include_context=False):
        where = str(problem["loc"][0]) if problem["loc"] else ""
        # a setting with a name of its own is told by that name, as pydantic has it
        name = where if where.isupper() else f"{PREFIX}{where.upper()}" if where else "settings"
        lines.append(f"  {name}: {problem['msg'].removeprefix('Value error, ')}")
    lines.append("Set them in the environment or in .env (see .env.example).")
    return "\n".join(lines)
