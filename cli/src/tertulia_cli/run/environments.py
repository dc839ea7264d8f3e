"""Selects the Python of a worker: the command's own, or the environment of an engine with extra dependencies."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tertulia_cli.settings import RunSettings
from tertulia_shared.keys import Stage

OWN: Final[Mapping[str, str]] = {"realtimestt": ".venv-stt", "higgs": ".venv-higgs"}
"""Engine → folder of its environment, below the working directory (`make setup-stt` and `make higgs-env` make them)."""


def python_of(stage: Stage, settings: RunSettings) -> str:
    """The Python of a stage's workers.

    Falls back to ours if the engine's environment is missing; the worker then reports the missing packages.
    """
    engine = {"stt": settings.stt_engine, "tts": settings.tts_engine}.get(stage, "")
    own = Path(OWN.get(engine, "")).absolute() / "bin" / "python"
    return str(own) if engine in OWN and own.is_file() else sys.executable
