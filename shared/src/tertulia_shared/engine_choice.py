"""The engine setting `auto`: which engine it means on this machine, and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar, cast

from tertulia_shared.engine_speed import Speeds, is_fast_enough, speed_text
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
from tertulia_shared.weights import MODELS, fetch_command, folder_of, megabytes

S = TypeVar("S", bound=CommonSettings)

AUTO: Final = "auto"
PREFERENCE: Final[Mapping[str, Sequence[str]]] = {
    STT_ENGINES: ("whisper", "pocketsphinx"),
    TTS_ENGINES: ("kokoro", "espeak"),
}
"""The engines that `auto` considers for each group, the best first. The last one needs no models."""
SETTINGS: Final[Mapping[str, str]] = {STT_ENGINES: "TERTULIA_STT_ENGINE", TTS_ENGINES: "TERTULIA_TTS_ENGINE"}


@dataclass(frozen=True, slots=True)
class Choice:
    """The engine to use.

    `passed_over` has the better engines that are installed but cannot run, each with the reason. `because` says why the
    engine is used if none is passed over. `is_named`: the setting names the engine, so no other one may be used.
    """

    engine: str
    passed_over: Mapping[str, str] = field(default_factory=dict[str, str])
    because: str = ""
    is_named: bool = False

    @property
    def reason(self) -> str:
        """Why this engine is used, in a few words."""
        return "; ".join(f"{engine}: {why}" for engine, why in self.passed_over.items()) or self.because


def choose_engine(
    group: str, name: str, models_dir: Path, factor_of: Callable[[str], float | None] = lambda _: None
) -> Choice:
    """The engine that the setting `name` means. Only `auto` leaves a choice: the first engine that can run here.

    `factor_of` gives an engine's real-time factor on this machine, if it is known.
    """
    if name != AUTO:
        return Choice(name, because=f"{SETTINGS[group]} names it", is_named=True)
    *better, last = PREFERENCE[group]
    installed = installed_engines(group)
    passed_over: dict[str, str] = {}
    for engine in filter(installed.__contains__, better):
        factor = factor_of(engine)
        reason = _why_not(installed[engine], models_dir) or _too_slow(engine, SETTINGS[group], factor)
        if not reason:
            known = "its models are installed" if factor is None else speed_text(factor)
            return Choice(engine, passed_over, known)
        passed_over[engine] = reason
    return Choice(last, passed_over, "it needs no models")


def with_factor(choice: Choice, group: str, factor: float) -> Choice:
    """The choice after the real-time factor of its engine was measured."""
    if is_fast_enough(factor):
        return Choice(choice.engine, choice.passed_over, speed_text(factor))
    return passed_over(choice, group, _too_slow(choice.engine, SETTINGS[group], factor))


def passed_over(choice: Choice, group: str, reason: str) -> Choice:
    """The choice of the last engine, because the chosen one cannot be used for this reason."""
    return Choice(PREFERENCE[group][-1], {**choice.passed_over, choice.engine: reason})


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
    choice = choose_engine(group, name, settings.models_folder, Speeds(settings.data_dir).of)
    if choice.engine == name:
        return settings, choice
    return load_with_engine(cls, group, setting, engine=choice.engine), choice


def _why_not(engine: InstalledEngine, models_dir: Path) -> str:
    try:
        spec = engine.spec()
    except EngineError as error:
        return str(error)
    if missing := spec.missing():
        return f"{', '.join(missing)} not installed"
    incomplete = [name for name in spec.models if folder_of(name, models_dir) is None]
    if not incomplete:
        return ""
    size = megabytes(sum(MODELS[name].download_size for name in incomplete))
    return f"models are missing ({', '.join(incomplete)}; {size}): run `{fetch_command()}`"


def _too_slow(engine: str, setting: str, factor: float | None) -> str:
    if factor is None or is_fast_enough(factor):
        return ""
    return f"{speed_text(factor)} ({setting}={engine} uses it all the same)"
