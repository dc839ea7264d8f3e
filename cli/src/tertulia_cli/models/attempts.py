"""Remembers which models could not be fetched, so that `make run` does not try again at each start."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tertulia_shared.weights import Model

FILE: Final = ".not-fetched"


def was_tried(models_dir: Path, models: Sequence[Model]) -> bool:
    """True if an attempt to fetch all of these models has failed."""
    try:
        tried = (models_dir / FILE).read_text(encoding="utf-8").split()
    except OSError:
        return False
    return {model.name for model in models} <= set(tried)


def remember(models_dir: Path, failed: Sequence[Model]) -> None:
    """Store which models could not be fetched; an empty sequence deletes the record."""
    if not failed:
        (models_dir / FILE).unlink(missing_ok=True)
        return
    (models_dir / FILE).write_text("".join(f"{model.name}\n" for model in failed), encoding="utf-8")
