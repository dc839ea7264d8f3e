"""The names of workers: `name` in the consumer group, `stage:name:engine` in the set of live workers.

A name is `host-pid-random.v<schema>.<machine>.<start>` (`laptop-4242-a1b2c3.v1.5f0c9d21e4.91823`). The schema version
shows an older worker whether a newer one is alive. The last two parts let a worker on the same machine detect that the
process is dead; they are missing if the system does not provide them, and in names of older releases.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tertulia_shared.entries import NEWEST_VERSION
from tertulia_shared.keys import Stage

_SCHEMA = re.compile(r"\.v(\d{1,6})")
_PROCESS = re.compile(r"-(\d{1,10})-[0-9a-f]{6}\.v\d{1,6}\.([0-9a-f]{10})\.(\d{1,20})")
_SLOTS = re.compile(r"[1-9][0-9]{0,5}")
_PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class LocalProcess:
    """A process of this machine and boot, in our PID namespace. `started`: ticks since the boot."""

    pid: int
    started: int


def worker_name() -> str:
    """A unique name for a new worker."""
    host = socket.gethostname().partition(".")[0].replace(":", "-")
    pid = os.getpid()
    machine, started = _machine(), started_at(pid)
    where = f".{machine}.{started}" if machine and started else ""
    return f"{host}-{pid}-{secrets.token_hex(3)}.v{NEWEST_VERSION}{where}"


def local_process(name: str) -> LocalProcess | None:
    """The process of a worker's name (or member name), if this process can detect its end."""
    found = _PROCESS.search(name)
    if found is None or found[2] != _machine():
        return None
    return LocalProcess(int(found[1]), int(found[3]))


def name_of(member: str) -> str:
    """The name in the consumer group of a member `stage:name:engine`."""
    return member.partition(":")[2].partition(":")[0]


def slots_member(member: str, slots: int) -> str:
    """How the worker of a member `stage:name:engine` is listed with its slots: `stage:name:slots`."""
    stage, _, rest = member.partition(":")
    return f"{stage}:{rest.partition(':')[0]}:{slots}"


def slots_of(stage: Stage, members: Iterable[str]) -> dict[str, int]:
    """The slots of the stage's workers by name, from a list of `stage:name:slots`; the last one of a name counts."""
    found: dict[str, int] = {}
    for member in members:
        of, _, rest = member.partition(":")
        name, _, slots = rest.partition(":")
        if of == stage and _SLOTS.fullmatch(slots):
            found[name] = int(slots)
    return found


def started_at(pid: int) -> int | None:
    """The start of a process of this namespace, in ticks since the boot; 0 if it is a zombie.

    None if the process has ended, or the system does not report it.
    """
    try:
        fields = (_PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
        return 0 if fields[0] in "ZX" else int(fields[19])
    except (OSError, ValueError, IndexError):
        return None


def reads(members: Iterable[str], stage: Stage, version: int) -> bool:
    """True if a live worker of the stage reads entries of this schema version."""
    return any(of == stage and schema >= version for of, schema in map(_stage_and_schema, members))


def _stage_and_schema(member: str) -> tuple[str, int]:
    stage, _, rest = member.partition(":")
    named = _SCHEMA.search(rest.partition(":")[0])
    return stage, int(named.group(1)) if named else 1


def _machine() -> str:
    """Identifies this boot of this machine and our process namespace: a pid is unique only there."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_bytes()
        namespace = (_PROC / "self/ns/pid").stat().st_ino
    except OSError:
        return ""
    return hashlib.sha256(boot + str(namespace).encode()).hexdigest()[:10]
