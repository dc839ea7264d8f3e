"""Reads the values of settings from the environment, from `.env` and from a folder of secret files.

pydantic-settings can do this, too, but takes 7 MB and 0.06 s in each process: it imports the sources of cloud services
and of command lines.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any, ClassVar, Final

from pydantic import AliasChoices, BaseModel, ConfigDict
from pydantic.fields import FieldInfo

SECRETS_DIR_FIELD: Final = "secrets_dir"


class SettingsError(ValueError):
    """A source cannot be read; the message contains no value."""


class EnvironmentSettings(BaseModel):
    """Settings that are read when the object is made.

    A keyword argument takes precedence over the environment, the environment over `.env`, and `.env` over the secret
    files. The case of a variable's name is ignored. An empty variable counts as unset.

    Raises:
        SettingsError: a secret file cannot be read.
        ValidationError: a value is invalid.
    """

    model_config = ConfigDict(extra="ignore", frozen=True, validate_default=True, populate_by_name=True)

    prefix: ClassVar[str] = ""
    """The variable of a field without an alias has this prefix and the field's name."""
    default_secrets_dir: ClassVar[Path | None] = None
    """The folder of the secret files, unless the field `secrets_dir` is set. It need not exist."""

    def __init__(self, *, _env_file: Path | str | None = ".env", **values: Any) -> None:
        super().__init__(**self._read(values, _env_file))

    @classmethod
    def _read(cls, given: Mapping[str, Any], env_file: Path | str | None) -> dict[str, Any]:
        """The `given` values, and those of the sources for the other fields."""
        missing = {field: variables(cls.prefix, field, info) for field, info in cls.model_fields.items()}
        for field, names in [*missing.items()]:
            if given.keys() & {field, *names}:
                del missing[field]
        read = dict(given)
        read |= _take(missing, _filled(os.environ))
        if env_file is not None:
            read |= _take(missing, _filled(_env_file_values(Path(env_file).expanduser())))
        wanted = {name.lower() for names in missing.values() for name in names}
        return read | _take(missing, _secrets(read.get(SECRETS_DIR_FIELD), cls.default_secrets_dir, cls.prefix, wanted))


def variables(prefix: str, field: str, info: FieldInfo) -> tuple[str, ...]:
    """The variables that set a field, the strongest first: its aliases, or else the prefix and its name."""
    alias = info.validation_alias
    if alias is None:
        return (prefix + field.upper(),)
    choices = alias.choices if isinstance(alias, AliasChoices) else [alias]
    return tuple(choice for choice in choices if isinstance(choice, str))


def _take(missing: dict[str, tuple[str, ...]], source: Mapping[str, str]) -> dict[str, str]:
    """The values of the fields that the source has; removes these fields from `missing`.

    `source`: values by variable, in lower case.
    """
    taken: dict[str, str] = {}
    for field, names in missing.items():
        found = next((name.lower() for name in names if name.lower() in source), None)
        if found is not None:
            taken[field] = source[found]
    for field in taken:
        del missing[field]
    return taken


def _filled(source: Mapping[str, str | None]) -> Mapping[str, str]:
    return {name.lower(): value for name, value in source.items() if value}


def _env_file_values(path: Path) -> Mapping[str, str | None]:
    if not path.is_file() and not path.is_fifo():
        return {}
    from dotenv import dotenv_values  # noqa: PLC0415 - not loaded where there is no such file

    return dotenv_values(path, encoding="utf-8")


def _secrets(chosen: object, default: Path | None, prefix: str, wanted: AbstractSet[str]) -> Mapping[str, str]:
    """The text of the files in the folder that have a `wanted` name, by the name in lower case.

    Raises:
        SettingsError: the folder was chosen and is not there, or a file cannot be read or is not text.
    """
    folder = default if chosen is None else Path(str(chosen)).expanduser()
    if folder is None or not folder.is_dir():
        if folder == default:
            return {}
        raise SettingsError(f"{prefix}{SECRETS_DIR_FIELD.upper()}: there is no folder {folder}")
    try:
        files = [file for file in folder.iterdir() if file.name.lower() in wanted and file.is_file()]
        return {file.name.lower(): file.read_text(encoding="utf-8").strip() for file in files}
    except OSError as error:
        reason = f"{error.filename} cannot be read: {error.strerror}"
    except UnicodeDecodeError as error:
        reason = f"a file in {folder} is not text: {error.reason}"
    raise SettingsError(f"{prefix}{SECRETS_DIR_FIELD.upper()}: {reason}")
