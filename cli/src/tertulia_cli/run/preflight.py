"""Checks before the services start; each failure explains itself in one sentence."""

from __future__ import annotations

import errno
import fcntl
import importlib.util
import os
import socket
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tertulia_cli.exit_codes import FAILED, MISUSED, Failure

LOCK_PATIENCE_S: Final = 5.0
"""Time for the redis-server of a killed `tertulia run` to end (`die_with_parent` sends it SIGTERM)."""
LOCK_POLL_S: Final = 0.05
PACKAGES: Final = ("tertulia_gateway", "tertulia_stt", "tertulia_llm", "tertulia_tts")


def check_packages() -> None:
    """Check that every service is installed.

    Raises:
        Failure: a service is missing.
    """
    missing = [name.replace("_", "-") for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise Failure(f"{', '.join(missing)} not installed: run `make run`, or install it into this Python.")


def make_data_dir(folder: Path) -> None:
    """Make the data folder and its subfolders, readable by the owner only, and check that it is writable.

    Raises:
        Failure: the folder cannot be made or written.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in ("logs", "redis"):
            (folder / name).mkdir(mode=0o700, exist_ok=True)
        probe = folder / f".writable-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise Failure(
            f"the data folder {folder} cannot be written ({error.strerror}): set TERTULIA_DATA_DIR to a writable one.",
            MISUSED,
        ) from error


def bindable_port(host: str, port: int, chosen_by: str = "tertulia run --port ") -> int:
    """The port to listen on: `port` if it is free, or any free one if it is 0. `chosen_by`: what the user writes before
    the number to choose another port.

    Raises:
        Failure: the port is in use, or the host is not an address of this machine.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM)[0]
    except socket.gaierror as error:
        raise Failure(f"TERTULIA_HOST {host} is not an address of this machine ({error.strerror}).", MISUSED) from error
    with socket.socket(family, kind) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # like the gateway, to ignore TIME_WAIT
        try:
            probe.bind(address)
        except OSError as error:
            raise Failure(_why_not_bound(host, port, chosen_by, error), FAILED) from error
        return int(probe.getsockname()[1])


def _why_not_bound(host: str, port: int, chosen_by: str, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is in use: stop the other program, or choose another port ({chosen_by}{port + 1})."
    if error.errno == errno.EACCES:
        return f"this user may not use port {port}: choose one above 1023 ({chosen_by}8443)."
    return f"cannot listen on {host}:{port} ({error.strerror}): check TERTULIA_HOST and TERTULIA_PORT."


@contextmanager
def lock_data_dir(folder: Path) -> Generator[int]:
    """Lock the data folder; yields the lock's file descriptor.

    The redis-server inherits the descriptor. So while that server runs, no second one can start on the same files, even
    if this process is killed.

    Raises:
        Failure: another `tertulia run` has the lock.
    """
    path = folder / "tertulia.lock"
    with path.open("a+") as lock:
        deadline = time.monotonic() + LOCK_PATIENCE_S
        while not _taken(lock.fileno()):
            lock.seek(0)
            owner = lock.read().strip()
            if _lives(owner):
                raise Failure(
                    f"another `tertulia run` (process {owner}) uses {folder}: stop it, or set TERTULIA_DATA_DIR."
                )
            if time.monotonic() > deadline:
                raise Failure(
                    f"the redis-server of a `tertulia run` that was killed (process {owner}) still uses {folder}: "
                    f"end it (`fuser {path}` shows its id) and try again."
                )
            time.sleep(LOCK_POLL_S)
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield lock.fileno()


def _taken(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _lives(pid: str) -> bool:
    if not pid.isdecimal() or int(pid) == 0:
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # the process runs as another user
        return True
    return True
