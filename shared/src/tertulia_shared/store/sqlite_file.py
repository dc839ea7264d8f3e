"""Creates the SQLite file: private to its owner, in WAL mode, safe for several processes that start at once."""

from __future__ import annotations

import fcntl
import logging
import os
import sqlite3
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tertulia_shared.store.errors import StoreUnusable

log = logging.getLogger(__name__)

JOURNAL_RETRY_S: Final = 0.01


def create_private(path: Path) -> None:
    """Create the file for the owner only, and its directory if it is missing.

    Raises:
        StoreUnusable: the file cannot be created; the message names the reason.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _alone(path.parent):
            if not path.exists():
                for leftover in ("-wal", "-shm"):  # files of a deleted database: SQLite would use them for the new one
                    path.with_name(path.name + leftover).unlink(missing_ok=True)
            # O_EXCL, so that a file in use is never opened and closed here: closing any of its descriptors would drop
            # the POSIX locks that SQLite holds in this process. SQLite gives its -wal and -shm files the same mode.
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError as error:
        if not path.is_file():
            raise StoreUnusable(f"Cannot create the database {path}: {error.strerror}.") from error
    except OSError as error:
        raise StoreUnusable(
            f"Cannot create the database {path}: {error.strerror}. "
            f"Give a path in a directory that this process may create or write to."
        ) from error
    if not os.access(path, os.R_OK | os.W_OK) or not os.access(path.parent, os.W_OK | os.X_OK):
        raise StoreUnusable(f"The database {path} or its directory is not writable by user id {os.getuid()}.")


def identity(path: Path) -> tuple[int, int] | None:
    """Identifies the file at the path by device and inode; None without a file."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def move_aside(path: Path, found: tuple[int, int] | None) -> None:
    """Rename a file that is not a database, unless another process has renamed it."""
    aside = path.with_name(f"{path.name}.broken-{int(time.time())}")
    with _alone(path.parent):
        if identity(path) != found or found is None:
            return
        path.rename(aside)
        for leftover in ("-wal", "-shm"):
            path.with_name(path.name + leftover).unlink(missing_ok=True)
    log.error("the database file is not a database: moved it aside and began a new one", extra={"path": str(aside)})


@contextmanager
def _alone(folder: Path) -> Generator[None]:
    """Hold a lock, so that one process at a time creates or moves the file."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def use_wal(connection: sqlite3.Connection, timeout_s: float) -> None:
    """Switch the file to WAL, permanently. SQLite ignores its busy timeout here, so this retries."""
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname != "SQLITE_BUSY" or time.monotonic() > deadline:
                raise
            time.sleep(JOURNAL_RETRY_S)
            continue
        if mode != "wal":
            raise StoreUnusable(f"The database's file system does not support WAL (journal mode stayed {mode!r}).")
        return
