"""Loads the model that the setting `stt_turn_model` names."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from typing import Final, cast

from tertulia_shared.engines import EngineUnavailable
from tertulia_stt.turn_end.bounds import TurnEndModel

SMART_TURN: Final = "smart-turn"
_PACKAGE: Final = "pipecat"
_FOLDER: Final = Path("audio", "turn", "smart_turn", "data")
_FILES: Final = "smart-turn-v3*.onnx"
_LIBRARIES: Final = ("numpy", "onnxruntime")


def load_turn_model(setting: str) -> TurnEndModel | None:
    """Load the model; None if `setting` is empty. Takes about a second: call it at the start of the worker.

    Raises:
        EngineUnavailable: the model or a library is missing; the message says what to install.
    """
    if not setting:
        return None
    path = find_smart_turn() if setting == SMART_TURN else Path(setting)
    if not path.is_file():
        raise EngineUnavailable(
            f"TERTULIA_STT_TURN_MODEL: there is no file {path}; set the path of the .onnx file of smart-turn v3,"
            f" {SMART_TURN} to use the one in the package pipecat-ai, or nothing"
        )
    missing = [library for library in _LIBRARIES if importlib.util.find_spec(library) is None]
    if missing:
        raise EngineUnavailable(
            f"TERTULIA_STT_TURN_MODEL needs {' and '.join(missing)}, which is not installed:"
            " pip install 'tertulia-stt[turn-model]', or leave the setting empty"
        )
    module = importlib.import_module("tertulia_stt.turn_end.onnx_model")
    return cast("TurnEndModel", module.load(path))


def find_smart_turn() -> Path:
    """The path of the model's file in the installed package pipecat-ai. The package is not imported.

    Raises:
        EngineUnavailable: the package is not installed, or has no such file.
    """
    spec = importlib.util.find_spec(_PACKAGE)
    folders = [Path(place) / _FOLDER for place in (spec.submodule_search_locations or ())] if spec else []
    found = sorted(file for folder in folders for file in folder.glob(_FILES))
    if not found:
        raise EngineUnavailable(
            f"TERTULIA_STT_TURN_MODEL={SMART_TURN} needs the package pipecat-ai, in which the model is:"
            " pip install --no-deps 'pipecat-ai>=1.14', or set the path of the .onnx file, or leave the setting empty"
        )
    return found[-1]
