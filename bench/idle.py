"""Measures what idle conversations cost: an active conversation's turns, without and beside open, idle ones.

    make bench ARGS="idle [--idle 150 1000] [--turns 150] [--repeat 2]"

The system is that of `make bench`. Each idle conversation has had one turn. The figures without idle conversations and
those beside them are measured in turn, in the same run, and the ratios compare their medians. CPU that a process uses
while nobody speaks (pings, heartbeats, checks) is measured first and subtracted; the table shows it, too.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, cast

from redis.asyncio import Redis
from websockets.asyncio.client import ClientConnection, connect

from bench.pipeline import OURS, Turn, one_turn, percentile
from bench.processes import System, system

SETTLE_S = 20.0
"""Seconds until the gateway treats the conversations as idle, and its reads in flight have ended."""
REST_S = 10.0
"""Seconds over which the CPU at rest is measured."""
OPENED_AT_ONCE = 16
WARM_UP_TURNS = 20


@dataclass(frozen=True)
class Figures:
    """One measurement. CPU in ms, by process; `xread_ms`: Redis' time for XREAD, for each turn."""

    turns: Sequence[Turn]
    rest_cpu: Mapping[str, float]
    """For each second at rest."""
    turn_cpu: Mapping[str, float]
    """For each turn, without the CPU at rest."""
    xread_ms: float

    @property
    def first_text_ms(self) -> float:
        """The median time until the first text."""
        return percentile([turn.first_text for turn in self.turns], 0.5)


@asynccontextmanager
async def idle_conversations(port: int, count: int) -> AsyncGenerator[None]:
    """Keep this many conversations open, each after one turn."""
    limit = asyncio.Semaphore(OPENED_AT_ONCE)
    async with AsyncExitStack() as stack:

        async def begin() -> None:
            async with limit:
                await one_turn(await stack.enter_async_context(_connected(port)))

        async with asyncio.TaskGroup() as tasks:
            for _ in range(count):
                tasks.create_task(begin())
        if count:
            await asyncio.sleep(SETTLE_S)
        yield


def _connected(port: int) -> connect:
    return connect(f"ws://127.0.0.1:{port}/ws", max_size=None, compression=None, ping_interval=None)


async def measure(running: System, redis: Any, idle: int, turns: int) -> Figures:
    """Measure the turns of one conversation beside this many idle ones."""
    async with idle_conversations(running.port, idle), _connected(running.port) as socket:
        await _run(socket, WARM_UP_TURNS)
        before = running.cpu_ms()
        await asyncio.sleep(REST_S)
        rest = {name: (cpu - before[name]) / REST_S for name, cpu in running.cpu_ms().items()}
        before, begun, xread = running.cpu_ms(), time.perf_counter(), await _xread_us(redis)
        done = await _run(socket, turns)
        seconds, after = time.perf_counter() - begun, running.cpu_ms()
        each = {name: (after[name] - before[name] - rest[name] * seconds) / turns for name in after}
        return Figures(done, rest, each, (await _xread_us(redis) - xread) / turns / 1000)


async def _run(socket: ClientConnection, turns: int) -> list[Turn]:
    return [await one_turn(socket) for _ in range(turns)]


async def _xread_us(redis: Any) -> float:
    stats = await redis.info("commandstats")
    return float(stats.get("cmdstat_xread", {}).get("usec", 0))


def report(idle: int, figures: Sequence[Figures], base: Sequence[Figures]) -> str:
    """Format one row of the table."""
    ours = median(sum(each.turn_cpu[name] for name in OURS) for each in figures)
    base_ours = median(sum(each.turn_cpu[name] for name in OURS) for each in base)
    gateway, base_gateway = (median(each.turn_cpu["gateway"] for each in group) for group in (figures, base))
    xread, base_xread = (median(each.xread_ms for each in group) for group in (figures, base))
    text, base_text = (median(each.first_text_ms for each in group) for group in (figures, base))
    rest = median(sum(each.rest_cpu[name] for name in OURS) / 10 for each in figures)
    return (
        f"{idle:>5} {gateway:8.2f} {gateway / base_gateway:5.2f} x {ours:8.2f} {ours / base_ours:5.2f} x"
        f" {xread:8.3f} {xread / base_xread:5.2f} x {text:9.2f} {text / base_text:5.2f} x {rest:9.1f} %"
    )


async def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--idle", type=int, nargs="+", default=[150, 1000], help="numbers of idle conversations")
    parser.add_argument("--turns", type=int, default=150, help="turns of each measurement")
    parser.add_argument("--repeat", type=int, default=2, help="measurements of each kind")
    asked = parser.parse_args()
    counts = [0, *asked.idle]
    settings = {"TERTULIA_MAX_CONNECTIONS": str(max(counts) + 10)}
    with (
        tempfile.TemporaryDirectory(prefix="tertulia-bench-") as folder,
        system(Path(folder), tokens=60, settings=settings) as running,
    ):
        redis = cast("Any", Redis.from_url(running.redis_url))  # pyright: ignore[reportUnknownMemberType] - untyped kwargs
        figures: dict[int, list[Figures]] = {count: [] for count in counts}
        for _ in range(asked.repeat):
            for count in counts:
                figures[count].append(await measure(running, redis, count, asked.turns))
        await redis.aclose()
    print(f"{'':>5} {'CPU ms a turn':>34}")
    columns = [("gateway", 8), ("all", 8), ("XREAD ms", 8), ("1st text", 9)]
    print(f"{'idle':>5}" + "".join(f" {name:>{width}} {'':7}" for name, width in columns) + " CPU at rest")
    for count in counts:
        print(report(count, figures[count], figures[0]), flush=True)
