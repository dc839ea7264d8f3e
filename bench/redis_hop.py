"""Measures one hop through Redis: from XADD to a blocked XREAD in another process. No pipeline can be faster."""

from __future__ import annotations

import sys
import time
from subprocess import Popen
from typing import Any

import uvloop

from tertulia_shared.bus.address import RedisAddress
from tertulia_shared.bus.link import Link

HOPS = 2_000
PAYLOAD = b"\0" * 200


async def _next(link: Link, stream: str, after: bytes | str) -> tuple[bytes, list[bytes]]:
    """Read the next entry; returns its id and fields."""
    while True:
        (reply,) = await link.call(("XREAD", "COUNT", 1, "BLOCK", 10_000, "STREAMS", stream, after), timeout_s=20.0)
        if reply:
            entry: Any = reply[0][1][0]
            return entry[0], entry[1]


async def _echo(url: str) -> None:
    """The other process: copies every entry of `floor:ping` to `floor:pong`."""
    link = Link(RedisAddress.parse(url), "floor")
    last: bytes | str = "0-0"
    await link.call(("XADD", "floor:pong", "*", "ready", 1))
    while True:
        last, fields = await _next(link, "floor:ping", last)
        if fields[0] == b"stop":
            await link.close()
            return
        await link.call(("XADD", "floor:pong", "*", *fields))


async def measure(url: str) -> tuple[float, float]:
    """p50 and p99 of one hop, in ms (half of a round trip through the other process)."""
    link = Link(RedisAddress.parse(url), "floor")
    with Popen([sys.executable, "-m", "bench.redis_hop", url]) as peer:  # noqa: ASYNC220 - runs before the measurement
        try:
            last, _ = await _next(link, "floor:pong", "0-0")
            hops: list[float] = []
            for _ in range(HOPS):
                begun = time.perf_counter()
                await link.call(("XADD", "floor:ping", "*", "pcm", PAYLOAD))
                last, _ = await _next(link, "floor:pong", last)
                hops.append((time.perf_counter() - begun) / 2 * 1000)
            await link.call(("XADD", "floor:ping", "*", "stop", 1))
        except BaseException:
            peer.kill()
            raise
    await link.call(("DEL", "floor:ping", "floor:pong"))
    await link.close()
    hops.sort()
    return hops[len(hops) // 2], hops[len(hops) * 99 // 100]


if __name__ == "__main__":
    uvloop.run(_echo(sys.argv[1]))
