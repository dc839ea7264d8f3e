"""Detects that services are up: workers by their heartbeats in Redis, the gateway by its answer to /readyz."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tertulia_shared.bus import Bus, BusError

ALIVE_S: Final = 3.0
"""A worker counts as alive if its last heartbeat is at most this old; workers send one every second."""
ANSWER_S: Final = 2.0
HTTP_OK: Final = 200
STATUS_DIGITS: Final = 3
PARTS: Final = 3


@dataclass(frozen=True, slots=True)
class Member:
    """A live worker. It registers as `stage:host-pid-random:engine`."""

    stage: str
    worker: str
    engine: str

    def is_process(self, pid: int, host: str) -> bool:
        """True if the worker is the process `pid` on this machine (`host`: its name without the domain)."""
        return self.worker.startswith(f"{host}-{pid}-")


def parse_members(alive: Sequence[str]) -> list[Member]:
    """Parse the names of live workers."""
    return [Member(*parts) for parts in (name.split(":") for name in alive) if len(parts) == PARTS]


def this_host() -> str:
    """This machine's name as workers use it in theirs."""
    return socket.gethostname().partition(".")[0].replace(":", "-")


async def live_members(bus: Bus) -> list[Member]:
    """The workers with a recent heartbeat; none while Redis is unavailable."""
    try:
        return parse_members(await bus.alive(ALIVE_S))
    except BusError:
        return []


async def gateway_status(host: str, port: int) -> int | None:
    """The HTTP status of /readyz: 200 if ready, 503 if a part is missing, None without an answer.

    Uses asyncio, so that a stop does not wait for a gateway that hangs.
    """
    try:
        async with asyncio.timeout(ANSWER_S):
            reader, writer = await asyncio.open_connection(host.strip("[]"), port)
            try:
                writer.write(f"GET /readyz HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
                return parse_status(await reader.readline())
            finally:
                writer.close()
    except (OSError, TimeoutError, ValueError):  # ValueError: the first line is too long
        return None


def parse_status(line: bytes) -> int | None:
    """The status in the first line of an HTTP answer (RFC 9112, section 4); None if the line is malformed."""
    version, _, rest = line.partition(b" ")
    status = rest[:3]
    return int(status) if version.startswith(b"HTTP/1.") and len(status) == STATUS_DIGITS and status.isdigit() else None
