"""The recognition engines there are, each imported only when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Final, TypeAlias, cast

from tertulia_stt.engine import EngineUnavailable, RecognitionEngine

EngineFactory: TypeAlias = Callable[[Sequence[str]], RecognitionEngine]

ENGINES: Final[Mapping[str, str]] = {
    "pocketsphinx": "tertulia_stt.engines.pocketsphinx",
}
"""Engine name → the module whose `create(words)` makes it."""


def load_engine(name: str, *, words: Sequence[str] = ()) -> RecognitionEngine:
    """The engine called `name`, not started yet.

    `words` are spellings worth listening for, such as the characters' names.

    Raises:
        ValueError: no engine has that name.
        EngineUnavailable: the libraries that the engine needs are not installed.
    """
    module_name = ENGINES.get(name)
    if module_name is None:
        raise ValueError(f"unknown stt engine {name!r}; allowed: {', '.join(sorted(ENGINES))}")
    try:
        module = import_module(module_name)
    except ImportError as error:
        raise EngineUnavailable(
            f"stt engine {name!r} needs {error.name or error}, which is not installed;"
            f" install it with: pip install 'tertulia-stt[{name}]'"
        ) from error
    return cast("EngineFactory", module.create)(words)
