"""Measures how two idle workers share work that is posted at once.

    make bench ARGS="claims [--burst 12] [--repeat 20]"

Two workers with connections of their own claim the work of a real Redis and hold it. For comparison, two consumers of
the same kind of group claim as much as they have slots for (`XREADGROUP COUNT 64`). The first figure is the larger
share of the two: half of the burst is the best. The second is the time from the post until the last piece of work has
been claimed.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from typing import Any, cast

from redis.asyncio import Redis

from tertulia_shared.bus import Claim
from tertulia_shared.bus.redis_bus import open_bus
from tertulia_shared.codec import encode
from tertulia_shared.entries import Work
from tertulia_shared.ids import new_id
from tertulia_shared.keys import Keys
from tertulia_shared.settings import CommonSettings
from tertulia_shared.worker import BEAT_S, Worker
from tests.harness.settings_of import settings_of
from tests.servers.redis_server import RedisServer

SLOTS = 64
CONSUMERS = 2
KNOWN_S = 2.5 * BEAT_S
"""Seconds until the workers know each other."""


class Holder:
    """Counts claimed work, and holds it until `release`."""

    def __init__(self) -> None:
        self.count: Counter[str] = Counter()
        self.last_at = 0.0
        self._released = asyncio.Event()

    def begin(self, worker: str) -> asyncio.Event:
        """Count a piece of work; the event is set when it may end."""
        self.count[worker] += 1
        self.last_at = time.perf_counter()
        return self._released

    def release(self) -> None:
        """Let all work end, and set the counts to zero."""
        self._released.set()
        self._released, self.count = asyncio.Event(), Counter()


class HoldingHandler:
    """The handler of one worker."""

    def __init__(self, name: str, holder: Holder) -> None:
        self._name = name
        self._holder = holder

    async def handle(self, claim: Claim) -> None:  # noqa: ARG002 - the port's signature
        """Hold the work until it is released."""
        await self._holder.begin(self._name).wait()

    async def give_up(self, claim: Claim, reason: str) -> str | None:
        """Do nothing."""


@asynccontextmanager
async def workers(url: str, keys: Keys, holder: Holder) -> AsyncGenerator[None]:
    """Run two workers, which know each other."""
    stop = asyncio.Event()
    settings = settings_of(CommonSettings, drain_s=0)
    async with open_bus(url, keys) as first, open_bus(url, keys) as second, asyncio.TaskGroup() as tasks:
        for name, bus in (("a", first), ("b", second)):
            worker = Worker(bus, "tts", HoldingHandler(name, holder), settings, engine="none", concurrency=SLOTS)
            tasks.create_task(worker.run(stop))
        await asyncio.sleep(KNOWN_S)
        yield
        stop.set()


@asynccontextmanager
async def greedy_consumers(url: str, keys: Keys, holder: Holder) -> AsyncGenerator[None]:
    """Run two consumers that claim as much as they have slots for."""

    async def consume(name: str) -> None:
        async with _client(url) as client:
            while True:
                reply = await client.xreadgroup("tts", name, {keys.work("tts").name: ">"}, count=SLOTS, block=5_000)
                for work_id, _ in reply[0][1] if reply else ():
                    holder.begin(name)
                    await client.xack(keys.work("tts").name, "tts", work_id)

    async with _client(url) as client:
        await client.xgroup_create(keys.work("tts").name, "tts", "$", mkstream=True)
    async with asyncio.TaskGroup() as tasks:
        consumers = [tasks.create_task(consume(name)) for name in ("a", "b")]
        await asyncio.sleep(KNOWN_S)
        yield
        for consumer in consumers:
            consumer.cancel()


def _client(url: str) -> Any:
    return cast("Any", Redis.from_url(url))  # pyright: ignore[reportUnknownMemberType] - untyped kwargs


async def post(url: str, keys: Keys, count: int) -> None:
    """Post this many pieces of work in one transaction."""
    async with _client(url) as client, client.pipeline(transaction=True) as pipeline:
        for _ in range(count):
            fields = encode(Work(new_id(), message_id=new_id()), ts=0, epoch=0)
            pipeline.xadd(keys.work("tts").name, dict(zip(fields[::2], fields[1::2], strict=True)))
        await pipeline.execute()


async def until_blocked(url: str, keys: Keys) -> None:
    """Wait until both consumers have finished their work, and wait for more in a blocked XREADGROUP."""
    async with _client(url) as client:
        while True:
            blocked = [
                each for each in await client.client_list() if each["cmd"] == "xreadgroup" and "b" in each["flags"]
            ]
            if len(blocked) == CONSUMERS and (await client.xpending(keys.work("tts").name, "tts"))["pending"] == 0:
                return
            await asyncio.sleep(0.005)


async def measure(url: str, keys: Keys, holder: Holder, burst: int, repeat: int) -> tuple[list[int], list[float]]:
    """The larger share, and the ms until the last claim, of each burst."""
    shares: list[int] = []
    times: list[float] = []
    for _ in range(repeat):
        begun = time.perf_counter()
        await post(url, keys, burst)
        while holder.count.total() < burst:  # noqa: ASYNC110 - the handlers count as they begin
            await asyncio.sleep(0.001)
        shares.append(max(holder.count.values()))
        times.append((holder.last_at - begun) * 1000)
        holder.release()
        await until_blocked(url, keys)
    return shares, times


Consumers = Callable[[str, Keys, Holder], Any]
KINDS: Mapping[str, Consumers] = {"greedy consumers": greedy_consumers, "workers": workers}


async def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--burst", type=int, default=12, help="pieces of work that are posted at once")
    parser.add_argument("--repeat", type=int, default=20, help="bursts")
    asked = parser.parse_args()
    print(f"{'':18} {'larger share':>22} {'last claim':>12}")
    print(f"{'':18} {'median':>8} {'most':>6} {'':6} {'ms':>12}")
    base_ms = 0.0
    with tempfile.TemporaryDirectory(prefix="tertulia-bench-") as folder, RedisServer(Path(folder)) as server:
        for kind, consumers in KINDS.items():
            holder, keys = Holder(), Keys(kind.replace(" ", "-"))
            async with consumers(server.url, keys, holder):
                shares, times = await measure(server.url, keys, holder, asked.burst, asked.repeat)
            base_ms = base_ms or median(times)
            print(
                f"{kind:18} {median(shares):8.1f} {max(shares):6} of {asked.burst:<3} {median(times):11.2f}"
                f" {median(times) / base_ms:5.2f} x",
                flush=True,
            )
