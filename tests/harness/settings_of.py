"""Settings for a test: the defaults and the given values; `.env` is not read."""

from __future__ import annotations

from typing import Any, TypeVar

from tertulia_shared.settings import CommonSettings

S = TypeVar("S", bound=CommonSettings)


def settings_of(cls: type[S], **values: object) -> S:
    """Settings of that class, with these values."""
    given: dict[str, Any] = {"_env_file": None, **values}
    return cls(**given)
