"""Finds a model's files on this machine. Fetches nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tertulia_shared.engines import EngineUnavailable
from tertulia_shared.weights.model import Model, WeightFile, megabytes
from tertulia_shared.weights.registry import MODELS
from tertulia_shared.weights.remedy import fetch_command

LISTED: Final = 3
"""At most this many names of files are in a message."""


class Missing(EngineUnavailable):
    """A model is not on this machine, or is incomplete; the message says how to get it."""


def folder_of(name: str, models_dir: Path) -> Path | None:
    """The folder of the model, or None if one of its files is missing or has the wrong size.

    `models_dir` is `CommonSettings.models_folder`. Hashes are not computed here: they are checked when a file is
    fetched, and by `tertulia fetch-models`.

    Raises:
        KeyError: the registry has no such model.
    """
    folder = models_dir / name
    return None if missing_files(MODELS[name], models_dir) else folder


def require(name: str, models_dir: Path) -> Path:
    """The folder of the model.

    Raises:
        Missing: a file is missing or has the wrong size.
    """
    folder = folder_of(name, models_dir)
    if folder is None:
        raise Missing(missing_text(MODELS[name], models_dir))
    return folder


def missing_files(model: Model, models_dir: Path) -> list[WeightFile]:
    """The files of the model that are missing or have the wrong size."""
    folder = models_dir / model.name
    return [file for file in model.files if not _is_there(folder / file.name, file.size)]


def missing_text(model: Model, models_dir: Path) -> str:
    """What is missing, and the remedy."""
    names = [file.name for file in missing_files(model, models_dir)]
    more = len(names) - LISTED
    listed = ", ".join(names[:LISTED]) + (f" and {more} more" if more > 0 else "")
    return (
        f"the model {model.name} is not complete in {models_dir} (missing or of the wrong size: {listed}): "
        f"`{fetch_command([model.name])}` fetches it ({megabytes(model.download_size)}); without a network, copy "
        f"the folder {model.name} from another machine, or set TERTULIA_MODELS_DIR to the folder that contains it"
    )


def _is_there(path: Path, size: int) -> bool:
    try:
        return path.stat().st_size == size
    except OSError:
        return False
