"""Source: a folder on this machine with the same layout as the models folder, such as a copy from another machine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tertulia_cli.models.progress import Progress
from tertulia_cli.models.sources.failure import SourceFailed, is_disk_full
from tertulia_cli.models.sources.pieces import join
from tertulia_shared.weights import WeightFile


def from_folder(source: Path, files: Sequence[WeightFile], folder: Path, progress: Progress) -> None:
    """Copy the files of `source`, the model's folder there, into `folder`.

    Raises:
        SourceFailed: a file is missing or cannot be read.
    """
    missing = [file.name for file in files if not (source / file.name).is_file()]
    if missing:
        raise SourceFailed(f"{source} has no {missing[0]}")
    for file in files:
        try:
            with (source / file.name).open("rb") as content:
                join([content], folder / file.name)
        except OSError as error:
            if is_disk_full(error):
                raise
            raise SourceFailed(f"{source / file.name} cannot be copied: {error.strerror}") from error
        progress.advance(file.size)
