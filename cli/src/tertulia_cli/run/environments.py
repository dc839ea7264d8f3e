"""Which Python an engine's worker runs in: the command's own, or one that has what only this engine needs."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tertulia_cli.settings import RunSettings
from tertulia_shared.keys import Stage

OWN: Final[Mapping[str, str]] = {"realtimestt": ".venv-stt", "higgs": ".venv-higgs"}
"""Engine → the folder of its environment, below the working directory. `make setup-stt` and the like make them."""


def python_of(stage: Stage, settings: RunSettings) -> str:
    """The Python of a stage's workers. Where the engine's own is missing it is ours: the worker says what it lacks."""
    engine = {"stt": settings.stt_engine, "tts": settings.tts_engine}.get(stage, "")
    own = Path(OWN.get(engine, "")).absolute() / "bin" / "python"
    return str(own) if engine in OWN and own.is_file() else sys.executable
