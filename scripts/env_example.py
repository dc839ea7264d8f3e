"""Writes `.env.example` from the settings classes: `make env`. A test compares the two."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
from collections.abc import Iterator, Sequence
from enum import Enum
from itertools import groupby
from pathlib import Path

from pydantic import AliasChoices, SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from tertulia_shared.engines import STT_ENGINES, TTS_ENGINES, installed_engines
from tertulia_shared.settings import PREFIX, CommonSettings

FILE = Path(__file__).resolve().parent.parent / ".env.example"
PACKAGES = ("tertulia_gateway", "tertulia_stt", "tertulia_llm", "tertulia_tts", "tertulia_cli")

HEAD = """\
# Every setting of Tertulia, with its default. Copy this file to .env and take the # off what you change; what is in the
# environment wins over it. A name that ends in _s is in seconds, in _ms in milliseconds. Written by `make env`.
"""


def settings_classes() -> list[type[BaseSettings]]:
    """The settings of each service, the common ones first."""
    found: list[type[BaseSettings]] = [CommonSettings]
    for package in PACKAGES:
        if importlib.util.find_spec(f"{package}.settings") is None:
            continue
        module = importlib.import_module(f"{package}.settings")
        found += [
            cls
            for _, cls in inspect.getmembers(module, inspect.isclass)
            if issubclass(cls, BaseSettings) and cls.__module__ == module.__name__
        ]
        found += [cls for cls in engine_settings(package) if cls not in found]
    return found


def engine_settings(package: str) -> Iterator[type[BaseSettings]]:
    """The settings of the engines that are part of a service, in alphabetical order of the engines."""
    for group in (STT_ENGINES, TTS_ENGINES):
        for engine in installed_engines(group).values():
            if engine.package == package.replace("_", "-"):
                yield engine.spec().settings


def variable(name: str, field: FieldInfo) -> str:
    """The environment variable that sets a field: its first alias, otherwise the prefix and its name."""
    alias = field.validation_alias
    if isinstance(alias, AliasChoices):
        alias = alias.choices[0]
    return alias if isinstance(alias, str) else PREFIX + name.upper()


def default_text(field: FieldInfo) -> str:
    """The default as it is written in the file."""
    value = field.get_default(call_default_factory=True)
    match value:
        case None:
            return ""
        case SecretStr():
            return value.get_secret_value()
        case bool():
            return "true" if value else "false"
        case Enum():
            return str(value.value)
        case tuple() | list():
            return ",".join(str(part) for part in value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        case _:
            return str(value)


def sections(classes: Sequence[type[BaseSettings]]) -> Iterator[tuple[str, list[tuple[str, FieldInfo]]]]:
    """Yield each service's name in the file and its fields that no earlier service had, by variable."""
    seen: set[str] = set()
    for title, own in groupby(classes, _title):
        fields = {variable(*item): item[1] for cls in own for item in cls.model_fields.items()}
        fresh = [(name, field) for name, field in fields.items() if name not in seen]
        seen.update(fields)
        if fresh:
            yield title, fresh


def _title(cls: type[BaseSettings]) -> str:
    return "every service" if cls is CommonSettings else cls.__module__.split(".")[0].removeprefix("tertulia_")


def render(classes: Sequence[type[BaseSettings]]) -> str:
    """The whole file.

    Raises:
        ValueError: a setting has no description.
    """
    lines = [HEAD]
    for title, fields in sections(classes):
        lines.append(f"# -- {title}\n")
        for name, field in fields:
            if not field.description:
                raise ValueError(f"{name} has no description: say what it sets, and in which unit")
            lines += [f"# {field.description}", f"#{name}={default_text(field)}", ""]
    return "\n".join(lines).rstrip("\n") + "\n"


if __name__ == "__main__":
    FILE.write_text(render(settings_classes()), encoding="utf-8")
    print(f"env: {FILE.name} is up to date")
