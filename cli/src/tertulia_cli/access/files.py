"""Atomic file writes, and a lock against a second command."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tertulia_cli.exit_codes import FAILED, Failure


@dataclass(frozen=True, slots=True)
class Readers:
    """The group that may read a file, besides its owner; with `gid` None only the owner may."""

    gid: int | None = None

    @property
    def mode(self) -> int:
        """The permission bits."""
        return 0o400 if self.gid is None else 0o440


OWNER_ONLY = Readers()


def write(path: Path, content: str | bytes, readers: Readers = OWNER_ONLY) -> bool:
    """Write `content` atomically and durably. Returns False if the file already has this content and mode.

    Raises:
        Failure: the file cannot be written, or its group cannot be set.
    """
    data = content.encode() if isinstance(content, str) else content
    try:
        if path.exists() and path.read_bytes() == data and _is_for(path, readers):
            return False
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        number, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(number, "wb") as file:
                file.write(data)
                if readers.gid is not None:
                    os.fchown(number, -1, readers.gid)
                os.fchmod(number, readers.mode)
                file.flush()
                os.fsync(number)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        _sync(path.parent)
    except OSError as error:
        raise Failure(
            f"{path} cannot be written ({error.strerror}); run this as the owner of {path.parent}."
        ) from error
    return True


def read(path: Path) -> str | None:
    """The file's content; None if there is no such file.

    Raises:
        Failure: the file cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise Failure(f"{path} cannot be read ({error}); check that its owner is right.") from error


@contextmanager
def locked(path: Path) -> Generator[None]:
    """Hold the lock file `path` during the block; a second command waits.

    Raises:
        Failure: the lock file cannot be made.
    """
    try:
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        number = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise Failure(f"{path} cannot be made ({error.strerror}).", FAILED) from error
    try:
        fcntl.flock(number, fcntl.LOCK_EX)
        yield
    finally:
        os.close(number)


def _is_for(path: Path, readers: Readers) -> bool:
    status = path.stat()
    return status.st_mode & 0o777 == readers.mode and readers.gid in (None, status.st_gid)


def _sync(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
