"""Remembers which models could not be fetched, so that `make run` does not try again at each start."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tertulia_shared.weights import Model

FILE: Final = ".not-fetched"


def was_tried(models_dir: Path, models: Sequence[Model]) -> bool:
    """True if an attempt to fetch all of these models has failed."""
    return {model.name for model in models} <= _recorded(models_dir)


def record(models_dir: Path, tried: Sequence[Model], failed: Sequence[Model]) -> None:
    """Store the result of an attempt: of the models `tried`, these have `failed`."""
    names = _recorded(models_dir) - {model.name for model in tried} | {model.name for model in failed}
    if names:
        (models_dir / FILE).write_text("".join(f"{name}\n" for name in sorted(names)), encoding="utf-8")
    else:
        (models_dir / FILE).unlink(missing_ok=True)


def _recorded(models_dir: Path) -> set[str]:
    try:
        return set((models_dir / FILE).read_text(encoding="utf-8").split())
    except OSError:
        return set()
