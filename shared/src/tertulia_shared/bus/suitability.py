"""Decides from the reply to INFO whether a Redis can be used. Pure, except for the call of INFO.

A Redis that evicts, or a cluster, answers PING and then loses conversations or refuses most commands. A service says
so at its start.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from tertulia_shared.bus.port import Bus
from tertulia_shared.bus.port.errors import WriteRefused

OLDEST = (6, 2)


class Severity(Enum):
    """What a starting service does about a fault."""

    REFUSED = "refused"
    """The service cannot work with this Redis."""
    NOT_NOW = "not now"
    """The service waits: the fault may disappear without action (a replica is promoted)."""
    WARNING = "warning"
    """The service works, but data may be lost."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of a Redis and its remedy, in one sentence."""

    severity: Severity
    text: str


async def faults_of(bus: Bus) -> Sequence[Fault]:
    """The faults of the Redis that the bus is connected to; none if its user may not run INFO.

    Raises:
        BusUnavailable: Redis does not answer.
    """
    try:
        return judge(await bus.info())
    except WriteRefused:  # Redis users of an older release lack the right to INFO
        return ()


def judge(info: Mapping[str, str]) -> Sequence[Fault]:
    """The faults in the fields of INFO. A missing field is not a fault."""
    faults: list[Fault] = []
    if info.get("cluster_enabled") == "1" or info.get("redis_mode") == "cluster":
        faults.append(
            Fault(
                Severity.REFUSED,
                "this Redis is a node of a Redis Cluster, which Tertulia cannot use: "
                "name a Redis with `cluster-enabled no` in TERTULIA_REDIS_URL",
            )
        )
    if info.get("redis_mode") == "sentinel":
        faults.append(
            Fault(
                Severity.REFUSED, "this is a Redis Sentinel, which holds no data: name its master in TERTULIA_REDIS_URL"
            )
        )
    version = info.get("redis_version", "")
    numbers = tuple(int(part) for part in re.findall(r"\d+", version)[:2])
    if numbers and numbers < OLDEST:
        faults.append(Fault(Severity.REFUSED, f"Redis {version} is too old: 6.2 or later is needed"))
    policy = info.get("maxmemory_policy", "noeviction")
    if policy != "noeviction":
        faults.append(
            Fault(
                Severity.REFUSED,
                f"this Redis deletes keys when its memory is full (maxmemory-policy {policy}), which loses "
                "conversations: set `maxmemory-policy noeviction` there",
            )
        )
    if info.get("role") == "slave" and info.get("slave_read_only", "1") == "1":
        faults.append(
            Fault(
                Severity.NOT_NOW,
                "this Redis is a read-only replica: name its master in TERTULIA_REDIS_URL, or promote it",
            )
        )
    if info.get("aof_enabled") == "0":
        faults.append(
            Fault(
                Severity.WARNING,
                "this Redis keeps no append-only file, so a restart loses the open conversations: set `appendonly yes`",
            )
        )
    return faults


def fields_of(reply: bytes) -> dict[str, str]:
    """The fields of a reply to INFO."""
    lines = (line.partition(":") for line in reply.decode(errors="replace").splitlines() if not line.startswith("#"))
    return {name: value.strip() for name, colon, value in lines if colon}
