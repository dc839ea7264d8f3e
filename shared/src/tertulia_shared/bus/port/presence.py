"""Presence of workers, and the state of Redis itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from tertulia_shared.keys import Stage

MAX_AHEAD_S = 60.0
"""How far another machine's clock may be ahead of this one."""


class Presence(Protocol):
    """Heartbeats of workers, and the server's own state."""

    async def beat(self, member: str, *, slots: int = 0) -> None:
        """Record that this worker is alive, and, with `slots`, how many pieces of work it begins without delay.

        Raises:
            WriteRefused: Redis answers, but refuses the write (`WritesPaused`: temporarily).
        """
        ...

    async def leave(self, member: str) -> None:
        """Record that this worker stops."""
        ...

    async def alive(self, within_s: float) -> Sequence[str]:
        """The workers whose last heartbeat is at most `within_s` old; bytes that are not UTF-8 are replaced.

        A heartbeat more than `MAX_AHEAD_S` ahead of this machine's clock does not count: it would never expire.
        """
        ...

    async def slots(self, stage: Stage, within_s: float) -> Mapping[str, int]:
        """The slots of the stage's workers whose last heartbeat with slots is at most `within_s` old, by their names.

        A worker of an older release has none, and one that has left may still be listed (see `alive`).
        """
        ...

    async def info(self) -> Mapping[str, str]:
        """The fields of the server's INFO.

        Raises:
            WriteRefused: this Redis user may not run INFO.
        """
        ...

    async def ping(self) -> float:
        """Measure the round trip to Redis, in seconds.

        Raises:
            BusUnavailable: no answer.
        """
        ...

    async def probe_writes(self) -> None:
        """Make a small write without any effect, to learn whether Redis takes writes.

        Raises:
            WritesPaused: Redis takes no writes now.
        """
        ...

    async def probe_age(self) -> float | None:
        """Seconds since any process last called `probe_writes` successfully; None if its TTL has passed since."""
        ...
