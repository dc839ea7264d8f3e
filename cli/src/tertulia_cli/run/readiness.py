"""Sees services come up: workers by the signs of life they give in Redis, the gateway by its answer to /readyz."""

from __future__ import annotations

import asyncio
import http.client
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tertulia_shared.bus import Bus, BusError

ALIVE_S: Final = 3.0
"""A worker gives a sign of life every second."""
ANSWER_S: Final = 2.0
HTTP_OK: Final = 200
PARTS: Final = 3


@dataclass(frozen=True, slots=True)
class Member:
    """A live worker, as it names itself: `stage:host-pid-random:engine`."""

    stage: str
    worker: str
    engine: str

    def is_process(self, pid: int, host: str) -> bool:
        """Whether it is this process of this machine (`host`: its name without the domain)."""
        return self.worker.startswith(f"{host}-{pid}-")


def parse_members(alive: Sequence[str]) -> list[Member]:
    """The live workers."""
    return [Member(*parts) for parts in (name.split(":") for name in alive) if len(parts) == PARTS]


def this_host() -> str:
    """This machine as workers name it."""
    return socket.gethostname().partition(".")[0].replace(":", "-")


async def live_members(bus: Bus) -> list[Member]:
    """The workers that gave a sign of life just now; none while Redis is away."""
    try:
        return parse_members(await bus.alive(ALIVE_S))
    except BusError:
        return []


async def gateway_status(host: str, port: int) -> int | None:
    """The HTTP status of /readyz: 200 if everything is there, 503 if the gateway lacks something; None: no answer."""
    return await asyncio.to_thread(_readyz, host.strip("[]"), port)


def _readyz(host: str, port: int) -> int | None:
    connection = http.client.HTTPConnection(host, port, timeout=ANSWER_S)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
