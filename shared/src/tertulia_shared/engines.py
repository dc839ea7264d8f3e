"""Finds the recognizers and speech engines that are installed.

A package offers an engine by an entry point in the group `tertulia.stt_engines` or `tertulia.tts_engines`. The entry
point's name is the engine's name; its value is an `EngineSpec`:

    [project.entry-points."tertulia.tts_engines"]
    parrot = "tertulia_tts_parrot:ENGINE"

`tertulia doctor` loads every spec, so the module that defines it imports none of the engine's libraries. They are
imported by `InstalledEngine.create`, which runs only for the engine that the settings choose.

Errors:

    EngineError
    ├── EngineUnknown        no installed package offers an engine of that name
    └── EngineUnavailable    the engine cannot run here; the message names what is missing and the remedy"""

from __future__ import annotations

import importlib.util
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final, TypeVar, cast

from tertulia_shared.settings import CommonSettings, load

S = TypeVar("S", bound=CommonSettings)

STT_ENGINES: Final = "tertulia.stt_engines"
TTS_ENGINES: Final = "tertulia.tts_engines"


class EngineError(Exception):
    """Base of every error that an engine raises."""


class EngineUnknown(EngineError):
    """No installed package offers an engine of that name."""


class EngineUnavailable(EngineError):
    """The engine cannot run here; the message names the missing part and the remedy."""


@dataclass(frozen=True, slots=True)
class EngineSpec:
    """Describes how to create an engine, and its requirements.

    `factory` is `module:callable`; it is imported when the engine is chosen, and called with an instance of `settings`.
    `settings` extends the service's settings class with the engine's own fields.
    `modules` are the top-level modules that must be installed for the engine to run.
    `install` is the advice for a user who lacks one of them.
    `environment` is the folder of the virtual environment that `tertulia run` uses for this engine, if it exists.
    `models` are the names of the models in `tertulia_shared.weights` whose files the engine needs.
    """

    factory: str
    settings: type[CommonSettings]
    modules: Sequence[str] = ()
    install: str = ""
    environment: str = ""
    models: Sequence[str] = ()

    def missing(self) -> Sequence[str]:
        """The modules that are not installed. Imports none of them."""
        return [name for name in self.modules if not _is_installed(name)]


@dataclass(frozen=True, slots=True)
class InstalledEngine:
    """An engine that a package offers; its spec is not loaded yet."""

    name: str
    package: str
    entry_point: EntryPoint

    def spec(self) -> EngineSpec:
        """Load the spec.

        Raises:
            EngineUnavailable: the package's entry point cannot be loaded, or is not an `EngineSpec`.
        """
        try:
            loaded: object = self.entry_point.load()
        except Exception as error:  # a third-party package may raise any exception
            raise EngineUnavailable(
                f"the engine {self.name!r} of the package {self.package} cannot be loaded: {error}"
            ) from error
        if not isinstance(loaded, EngineSpec):
            raise EngineUnavailable(
                f"the engine {self.name!r} of the package {self.package} cannot be loaded: "
                f"{self.entry_point.value} is not an EngineSpec"
            )
        return loaded

    def create(self, settings: CommonSettings | None = None) -> object:
        """Import the engine and create it without starting it; without `settings` it gets the defaults.

        Raises:
            EngineUnavailable: its libraries are not installed, or its settings cannot be used.
            TypeError: `settings` is not an instance of the spec's class.
        """
        spec = self.spec()
        settings = spec.settings.model_construct() if settings is None else settings
        if not isinstance(settings, spec.settings):
            raise TypeError(f"the engine {self.name!r} takes {spec.settings.__name__}, not {type(settings).__name__}")
        try:
            factory: Any = pkgutil.resolve_name(spec.factory)
        except ImportError as error:
            advice = spec.install or f"install what the package {self.package} needs"
            raise EngineUnavailable(
                f"the engine {self.name!r} needs {error.name or error}, which is not installed: {advice},"
                " or choose another engine"
            ) from error
        return cast("Callable[[CommonSettings], object]", factory)(settings)


def installed_engines(group: str) -> Mapping[str, InstalledEngine]:
    """The engines of a group by name, in alphabetical order.

    Where two packages offer the same name, the package whose name comes first in the alphabet wins on every machine.
    """
    offers = sorted(entry_points(group=group), key=lambda each: (each.name, _package(each)), reverse=True)
    found = {each.name: InstalledEngine(each.name, _package(each), each) for each in offers}
    return dict(sorted(found.items()))


def find_engine(group: str, name: str) -> InstalledEngine:
    """The engine of that name.

    Raises:
        EngineUnknown: no engine has this name; the message lists the installed engines.
    """
    installed = installed_engines(group)
    if name not in installed:
        kind = "recognizer" if group == STT_ENGINES else "speech engine"
        listed = ", ".join(installed) or "none"
        raise EngineUnknown(f"no {kind} is called {name!r}; installed are: {listed}")
    return installed[name]


def load_with_engine(cls: type[S], group: str, setting: str, *, engine: str = "") -> S:
    """Read a service's settings, with those of the engine that the field `setting` names. Exits if one is invalid.

    `engine` replaces the field's value. If that engine cannot be found, it returns the service's own settings: creating
    the engine then reports the error.
    """
    settings = load(cls)
    try:
        with_engine = find_engine(group, engine or getattr(settings, setting)).spec().settings
    except EngineError:
        loaded = settings
    else:
        loaded = cast("S", load(with_engine))
    return loaded.model_copy(update={setting: engine}) if engine else loaded


def _package(entry_point: EntryPoint) -> str:
    return entry_point.dist.name if entry_point.dist is not None else entry_point.module


def _is_installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False
