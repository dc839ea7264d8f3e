"""The speech engines: one package each, found by its entry point in the group `tertulia.tts_engines`.

An engine's package has this shape:

    __init__.py    `ENGINE`, an `EngineSpec`; imports none of the engine's libraries
    settings.py    a subclass of `TTSSettings`, if the engine has settings of its own
    engine.py      `create(settings)`, which makes the `SpeechEngine`
"""

from __future__ import annotations

from typing import cast

from tertulia_shared.engines import TTS_ENGINES, find_engine, load_with_engine
from tertulia_tts.engine import SpeechEngine
from tertulia_tts.settings import TTSSettings


def load_settings() -> TTSSettings:
    """Read the worker's settings and those of the chosen engine. Exits the process if a setting is invalid."""
    return load_with_engine(TTSSettings, TTS_ENGINES, "tts_engine")


def load_engine(name: str, settings: TTSSettings | None = None) -> SpeechEngine:
    """Create the engine called `name`, without starting it. If `settings` is None, the engine uses its defaults.

    Raises:
        EngineUnknown: no engine of that name is installed; the message lists the installed ones.
        EngineUnavailable: the engine's libraries are not installed, or its settings cannot be used.
    """
    return cast("SpeechEngine", find_engine(TTS_ENGINES, name).create(settings))
