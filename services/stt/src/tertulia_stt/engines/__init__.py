"""The recognizers: one package each, found by its entry point in the group `tertulia.stt_engines`.

An engine's package has this shape:

    __init__.py    `ENGINE`, an `EngineSpec`; imports none of the engine's libraries
    settings.py    a subclass of `STTSettings`, if the engine has settings of its own
    engine.py      `create(settings)`, which makes the `RecognitionEngine`
"""

from __future__ import annotations

from typing import cast

from tertulia_shared.engines import STT_ENGINES, find_engine
from tertulia_shared.settings import load
from tertulia_stt.engine import EngineError, RecognitionEngine
from tertulia_stt.settings import STTSettings


def load_settings() -> STTSettings:
    """Read the worker's settings, with those of the chosen engine. Exits if one is invalid."""
    settings = load(STTSettings)
    try:
        cls = find_engine(STT_ENGINES, settings.stt_engine).spec().settings
    except EngineError:  # `load_engine` raises it again, and the worker reports it
        return settings
    return cast("STTSettings", load(cls))


def load_engine(name: str, settings: STTSettings | None = None) -> RecognitionEngine:
    """Create the engine of that name, not yet started; without `settings` it gets their defaults.

    Raises:
        EngineUnknown: no engine of that name is installed; the message lists the installed ones.
        EngineUnavailable: its libraries are not installed, or its settings cannot be used.
    """
    return cast("RecognitionEngine", find_engine(STT_ENGINES, name).create(settings))
