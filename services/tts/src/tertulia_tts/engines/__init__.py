"""The speech engines: one package each, found by its entry point in the group `tertulia.tts_engines`.

An engine's package has this shape:

    __init__.py    `ENGINE`, an `EngineSpec`; imports none of the engine's libraries
    settings.py    a subclass of `TTSSettings`, if the engine has settings of its own
    engine.py      `create(settings)`, which makes the `SpeechEngine`
"""

from __future__ import annotations

from typing import cast

from tertulia_shared.engines import TTS_ENGINES, find_engine
from tertulia_shared.settings import load
from tertulia_tts.engine import EngineError, SpeechEngine
from tertulia_tts.settings import TTSSettings


def load_settings() -> TTSSettings:
    """Read the worker's settings, with those of the chosen engine. Exits if one is invalid."""
    settings = load(TTSSettings)
    try:
        cls = find_engine(TTS_ENGINES, settings.tts_engine).spec().settings
    except EngineError:  # `load_engine` raises it again, and the worker reports it
        return settings
    return cast("TTSSettings", load(cls))


def load_engine(name: str, settings: TTSSettings | None = None) -> SpeechEngine:
    """Create the engine called `name` without starting it. Without `settings` it uses its defaults.

    Raises:
        EngineUnknown: no engine of that name is installed; the message lists the installed ones.
        EngineUnavailable: its libraries are not installed, or its settings cannot be used.
    """
    return cast("SpeechEngine", find_engine(TTS_ENGINES, name).create(settings))
