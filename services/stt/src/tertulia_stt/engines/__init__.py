"""The recognition engines there are, each imported only when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Final, TypeAlias, cast

from tertulia_stt.engine import EngineUnavailable, RecognitionEngine
from tertulia_stt.settings import STTSettings

EngineFactory: TypeAlias = Callable[[STTSettings], RecognitionEngine]

ENGINES: Final[Mapping[str, str]] = {
    "pocketsphinx": "tertulia_stt.engines.pocketsphinx.engine",
    "realtimestt": "tertulia_stt.engines.realtimestt.engine",
}
"""Engine name → the module whose `create(settings)` makes it."""
IN_A_CHECKOUT: Final[Mapping[str, str]] = {"realtimestt": " (in a checkout: make setup-stt)"}


def load_engine(settings: STTSettings) -> RecognitionEngine:
    """The engine that the settings name, not started yet.

    Raises:
        ValueError: no engine has that name.
        EngineUnavailable: the libraries that the engine needs are not installed.
    """
    name = settings.stt_engine
    module_name = ENGINES.get(name)
    if module_name is None:
        raise ValueError(f"unknown stt engine {name!r}; allowed: {', '.join(sorted(ENGINES))}")
    try:
        module = import_module(module_name)
    except ImportError as error:
        raise EngineUnavailable(
            f"stt engine {name!r} needs {error.name or error}, which is not installed;"
            f" install it with: pip install 'tertulia-stt[{name}]'{IN_A_CHECKOUT.get(name, '')}"
        ) from error
    return cast("EngineFactory", module.create)(settings)
