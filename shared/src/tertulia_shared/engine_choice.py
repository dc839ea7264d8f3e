"""The engine setting `auto`: which engine it means on this machine, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar, cast

from tertulia_shared.engines import (
    STT_ENGINES,
    TTS_ENGINES,
    EngineError,
    InstalledEngine,
    find_engine,
    installed_engines,
    load_with_engine,
)
from tertulia_shared.settings import CommonSettings
from tertulia_shared.weights import MODELS, folder_of, megabytes

S = TypeVar("S", bound=CommonSettings)

AUTO: Final = "auto"
PREFERENCE: Final[Mapping[str, Sequence[str]]] = {
    STT_ENGINES: ("whisper", "pocketsphinx"),
    TTS_ENGINES: ("kokoro", "espeak"),
}
"""The engines that `auto` considers for each group, the best first. The last one needs no models."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The engine to use.

    `passed_over` has the better engines that are installed but cannot run, each with the reason.
    """

    engine: str
    passed_over: Mapping[str, str] = field(default_factory=dict[str, str])


def choose_engine(group: str, name: str, models_dir: Path) -> Choice:
    """The engine that the setting `name` means. Only `auto` leaves a choice: the first engine that can run here."""
    if name != AUTO:
        return Choice(name)
    *better, last = PREFERENCE[group]
    installed = installed_engines(group)
    passed_over: dict[str, str] = {}
    for engine in filter(installed.__contains__, better):
        reason = _why_not(installed[engine], models_dir)
        if reason is None:
            return Choice(engine, passed_over)
        passed_over[engine] = reason
    return Choice(last, passed_over)


def models_of(group: str, name: str) -> Sequence[str]:
    """The models that an engine needs; with `auto`, those of the best engine that is installed."""
    for engine in PREFERENCE[group] if name == AUTO else (name,):
        try:
            spec = find_engine(group, engine).spec()
        except EngineError:
            continue
        if name != AUTO or not spec.missing():
            return spec.models
    return ()


def load_choosing(cls: type[S], group: str, setting: str) -> tuple[S, Choice]:
    """Read a service's settings with those of its engine; the field `setting` then has the chosen engine's name.

    Exits if a setting is invalid.
    """
    settings = load_with_engine(cls, group, setting)
    name = cast("str", getattr(settings, setting))
    choice = choose_engine(group, name, settings.models_folder)
    if choice.engine == name:
        return settings, choice
    return load_with_engine(cls, group, setting, engine=choice.engine), choice


def _why_not(engine: InstalledEngine, models_dir: Path) -> str | None:
    try:
        spec = engine.spec()
    except EngineError as error:
        return str(error)
    if missing := spec.missing():
        return f"{', '.join(missing)} not installed"
    incomplete = [name for name in spec.models if folder_of(name, models_dir) is None]
    if not incomplete:
        return None
    size = megabytes(sum(MODELS[name].download_size for name in incomplete))
    return f"{' and '.join(incomplete)} not complete in {models_dir}; `tertulia fetch-models` fetches them ({size})"
