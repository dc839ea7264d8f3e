"""The settings that every service has. A service reads them once, in `main`, and reports all mistakes at once."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, Literal, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from tertulia_shared.answering import Mode
from tertulia_shared.text import clean_line
from tertulia_shared.tls import Tls
from tertulia_shared.user_name import user_name_problem

PREFIX = "TERTULIA_"
REDIS_SCHEMES = ("redis", "rediss", "unix")
SECRETS_DIR = Path("/run/secrets")
"""The folder of Docker's secrets."""


class CommonSettings(BaseSettings):
    """The settings that all services share.

    The environment takes precedence over `.env` in the working directory, and `.env` over the files of the secrets
    folder.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=".env",
        env_ignore_empty=True,  # compose files pass an unset variable as an empty string
        extra="ignore",
        frozen=True,
    )

    redis_url: str = Field("redis://127.0.0.1:6379/0", description="Redis: redis://, rediss:// or unix://")
    redis_ca: Path | None = Field(
        None, description="rediss://: certificate of the authority that signed Redis' certificate (PEM file)"
    )
    redis_cert: Path | None = Field(
        None, description="rediss://: the service's own certificate, if Redis requires one (PEM file)"
    )
    redis_key: Path | None = Field(None, description="rediss://: the key of that certificate (PEM file)")
    secrets_dir: Path = Field(
        SECRETS_DIR, description="folder of files that are named like a setting and hold its value (Docker's secrets)"
    )
    namespace: str = Field("tertulia", pattern=r"^[A-Za-z0-9_.-]{1,40}$", description="first part of every Redis key")
    data_dir: Path = Field(
        Path("data"), description="folder of the SQLite file, and of the Redis that `tertulia run` starts"
    )
    models_dir: Path | None = Field(
        None,
        description="folder of the models that `tertulia fetch-models` fetches; empty: `models` in the data folder",
    )
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
        2.0,
        gt=0,
        le=60,
        description="seconds that a conversation waits for the store; later the write goes to the outbox",
    )
    think_ahead: Literal["auto", "on", "off"] = Field(
        "auto",
        description="ask the model at the first pause that may end a spoken turn; a wrong guess costs its tokens. "
        "auto: only if no API key is set",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="lowest level that is logged")
    metrics_port: int = Field(
        0, ge=0, le=65535, description="port on which each service serves /metrics and /healthz; 0: none"
    )
    metrics_host: str = Field(
        "127.0.0.1", description="address for that port; it asks for no token: keep it inside your own network"
    )
    otlp_endpoint: str = Field(
        "",
        description="address of an OpenTelemetry collector that gets a trace of each turn (OTLP over HTTP, such as "
        "http://127.0.0.1:4318); empty: no traces",
    )
    lease_s: float = Field(
        3.0,
        ge=0.5,
        le=60,
        description="seconds without a renewed lease after which a worker's work is taken over; "
        "a peer on the same machine that dies is detected at once",
    )
    drain_s: float = Field(
        10.0, ge=0, le=600, description="seconds a stopping worker may take to finish what it has begun"
    )
    max_attempts: int = Field(10, ge=1, le=100, description="deliveries of one piece of work before it is given up")

    @field_validator("redis_url")
    @classmethod
    def _redis_url(cls, url: str) -> str:
        if urlsplit(url).scheme not in REDIS_SCHEMES:
            hint = ": a Sentinel cannot be used; name the Redis itself" if "sentinel" in urlsplit(url).scheme else ""
            raise ValueError(f"must begin with one of {', '.join(f'{s}://' for s in REDIS_SCHEMES)}{hint}")
        if urlsplit(url).scheme != "unix" and "," in urlsplit(url).netloc.rpartition("@")[2]:
            raise ValueError("names several hosts, and must name one Redis: clusters and Sentinels cannot be used")
        return url

    @field_validator("otlp_endpoint")
    @classmethod
    def _otlp_endpoint(cls, address: str) -> str:
        parts = urlsplit(address)
        if address and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise ValueError("must look like http://127.0.0.1:4318 (http or https, host, port), or be empty")
        return address

    @field_validator("redis_ca", "redis_cert", "redis_key")
    @classmethod
    def _readable(cls, path: Path | None) -> Path | None:
        if path is not None and not (path.is_file() and os.access(path, os.R_OK)):
            raise ValueError("no such file, or this user may not read it")
        return path

    @model_validator(mode="after")
    def _redis_files(self) -> Self:
        if (self.redis_cert is None) != (self.redis_key is None):
            raise ValueError("TERTULIA_REDIS_CERT and TERTULIA_REDIS_KEY belong together: set both, or neither")
        if self.redis_tls is not None and urlsplit(self.redis_url).scheme != "rediss":
            raise ValueError(
                "TERTULIA_REDIS_CA, _CERT and _KEY are for TLS: "
                "use a TERTULIA_REDIS_URL that begins with rediss://, or unset them"
            )
        return self

    @property
    def models_folder(self) -> Path:
        """The folder of the models: the setting, or else `models` in the data folder."""
        return (self.models_dir or self.data_dir / "models").expanduser()

    @property
    def redis_tls(self) -> Tls | None:
        """The files for TLS to Redis; None if no file is set."""
        if self.redis_ca is None and self.redis_cert is None:
            return None
        return Tls(self.redis_ca, self.redis_cert, self.redis_key)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic's own does not report a missing folder
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The sources of settings, the strongest first."""
        return init_settings, env_settings, dotenv_settings, _SecretFiles(settings_cls)

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


class _SecretFiles(SecretsSettingsSource):
    """A file for each setting, named like its variable. The folder itself is set in the environment or `.env`."""

    def __call__(self) -> dict[str, Any]:
        named = self.current_state.get("secrets_dir")
        self.secrets_dir = folder = SECRETS_DIR if named is None else Path(str(named))
        if not folder.is_dir():
            if folder == SECRETS_DIR:
                return {}
            raise SettingsError(f"TERTULIA_SECRETS_DIR: there is no folder {folder}")
        try:
            return super().__call__()
        except (SettingsError, OSError) as error:  # pydantic wraps errors of a file, but not of the folder
            match error if isinstance(error, OSError) else error.__cause__:
                case OSError(filename=name, strerror=why):
                    reason = f"{name} cannot be read: {why}"
                case UnicodeDecodeError(reason=why):
                    reason = f"a file in {folder} is not text: {why}"
                case _:
                    reason = str(error)
            raise SettingsError(f"TERTULIA_SECRETS_DIR: {reason}") from error


class AnsweringSettings(CommonSettings):
    """The defaults of a conversation. The gateway sends them to the clients, and the llm worker applies them."""

    who_answers: Mode = Field(
        "fitting",
        description="who answers a message that is addressed to no one, unless the conversation has a rule of its own: "
        "fitting (one or two characters), everyone, named (nobody), in_turn (one after the other)",
    )
    llm_summary: bool = Field(
        default=True,
        description="whether the model sums up, in the background, what no longer fits into its prompt; off: the "
        "characters forget it",
    )
    user_name: str = Field(
        "Jay",
        description="the name that the characters call the user by, unless the conversation has another",
    )

    @field_validator("user_name")
    @classmethod
    def _user_name(cls, name: str) -> str:
        if problem := user_name_problem(name):
            raise ValueError(problem)
        return clean_line(name)


S = TypeVar("S", bound=BaseSettings)


def load(cls: type[S]) -> S:
    """Read the settings from the environment; exit with every mistake in one message if any is invalid."""
    try:
        return cls()
    except ValidationError as error:
        print(explain(error), file=sys.stderr)  # noqa: T201 - the log is not set up yet
        raise SystemExit(2) from None
    except SettingsError as error:  # from the secrets folder; its content must not be printed
        print(f"These settings cannot be read:\n  {error}", file=sys.stderr)  # noqa: T201 - as above
        raise SystemExit(2) from None


def explain(error: ValidationError) -> str:
    """All mistakes in the settings, one line each, without the values (they may be secrets)."""
    lines = ["These settings are wrong:"]
    for problem in error.errors(include_url=False, include_input=False, include_context=False):
        where = str(problem["loc"][0]) if problem["loc"] else ""
        # pydantic reports a setting with an alias by the alias
        name = where if where.isupper() else f"{PREFIX}{where.upper()}" if where else "settings"
        lines.append(f"  {name}: {problem['msg'].removeprefix('Value error, ')}")
    lines.append("Set them in the environment or in .env (see .env.example).")
    return "\n".join(lines)
