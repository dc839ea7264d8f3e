"""The recognizers: one package each, found by its entry point in the group `tertulia.stt_engines`.

An engine's package has this shape:

    __init__.py    `ENGINE`, an `EngineSpec`; imports none of the engine's libraries
    settings.py    a subclass of `STTSettings`, if the engine has settings of its own
    engine.py      `create(settings)`, which makes the `RecognitionEngine`
"""

from __future__ import annotations

from typing import cast

from tertulia_shared.engine_choice import Choice, load_choosing
from tertulia_shared.engines import STT_ENGINES, find_engine
from tertulia_stt.engine import RecognitionEngine
from tertulia_stt.settings import STTSettings


def load_settings() -> tuple[STTSettings, Choice]:
    """Read the worker's settings and those of its engine; `stt_engine` is the name of the engine that was chosen.

    Exits the process if a setting is invalid.
    """
    return load_choosing(STTSettings, STT_ENGINES, "stt_engine")


def load_engine(name: str, settings: STTSettings | None = None) -> RecognitionEngine:
    """Create the engine called `name`, without starting it. If `settings` is None, the engine uses its defaults.

    Raises:
        EngineUnknown: no engine of that name is installed; the message lists the installed ones.
        EngineUnavailable: the engine's libraries are not installed, or its settings cannot be used.
    """
    return cast("RecognitionEngine", find_engine(STT_ENGINES, name).create(settings))
