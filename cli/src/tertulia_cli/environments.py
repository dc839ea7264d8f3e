"""Chooses the Python that a stage's workers run in: the command's own, or the one of the engine's environment."""

from __future__ import annotations

import sys
from pathlib import Path

from tertulia_cli.settings import RunSettings
from tertulia_shared.engines import STT_ENGINES, TTS_ENGINES, EngineError, find_engine
from tertulia_shared.keys import Stage


def python_of(stage: Stage, settings: RunSettings) -> str:
    """The Python of a stage's workers: the chosen engine's own if it exists, otherwise the command's."""
    engine = {"stt": (STT_ENGINES, settings.stt_engine), "tts": (TTS_ENGINES, settings.tts_engine)}.get(stage)
    own = own_python(*engine) if engine is not None else None
    return str(own or sys.executable)


def own_python(group: str, engine: str) -> Path | None:
    """The Python of the engine's own environment, below the working directory; None if there is no such environment."""
    try:
        environment = find_engine(group, engine).spec().environment
    except EngineError:  # the worker reports the error
        return None
    python = Path(environment).absolute() / "bin" / "python"
    return python if environment and python.is_file() else None
