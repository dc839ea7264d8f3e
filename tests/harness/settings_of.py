"""Settings for a test: the defaults and what it says, whatever the environment's `.env` holds."""

from __future__ import annotations

from typing import Any, TypeVar

from tertulia_shared.settings import CommonSettings

S = TypeVar("S", bound=CommonSettings)


def settings_of(cls: type[S], **values: object) -> S:
    """Settings of that class."""
    given: dict[str, Any] = {"_env_file": None, **values}
    return cls(**given)
