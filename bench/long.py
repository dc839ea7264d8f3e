"""Measures whether a long conversation costs more than a short one: 1,000 turns in one conversation.

    make bench ARGS="long [--turns 1000] [--parts 10]"

The system is that of `make bench`. After each part, turns of the long conversation alternate with those of a fresh one,
so each ratio compares the two at the same load of the machine. The memory is what Redis holds for the
long conversation. Heard sound expires two minutes after it was heard, so its size depends on the speed of the run. The
columns after the CPU are the ratios of each process.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from redis.asyncio import Redis
from websockets.asyncio.client import ClientConnection, connect

from bench.pipeline import OURS, Turn, one_turn, percentile
from bench.processes import System, system

WARM_UP_TURNS = 20
SAMPLE_TURNS = 60
"""The turns of each measurement."""
TURNS_AT_A_TIME = 10


@dataclass(frozen=True)
class Sample:
    """Figures of some turns of a conversation."""

    turns: Sequence[Turn]
    cpu: Mapping[str, float]
    """CPU ms of each process for each turn."""

    def first(self, name: str) -> float:
        """The median of a time of the turns."""
        return percentile([getattr(turn, name) for turn in self.turns], 0.5)

    @property
    def all_cpu(self) -> float:
        """CPU ms of our processes for each turn."""
        return sum(self.cpu[name] for name in OURS)


async def sizes(redis: Any, conversation_id: str) -> Counter[str]:
    """The bytes of the conversation's keys, by the kind of key, and the number of keys ("keys")."""
    found = Counter[str]()
    async for name in redis.scan_iter(f"*{{{conversation_id}}}*", count=1000):
        parts = name.decode().partition("}:")[2].split(":")
        kind = "turn" if parts[0] == "turn" else parts[-1]
        found[kind] += await redis.memory_usage(name, samples=0) or 0
        found["keys"] += 1
    return found


async def sample(running: System, sockets: Sequence[ClientConnection]) -> list[Sample]:
    """Measure turns of these conversations, some of the one after some of the other."""
    turns: list[list[Turn]] = [[] for _ in sockets]
    cpu: list[dict[str, float]] = [defaultdict(float) for _ in sockets]
    for _ in range(SAMPLE_TURNS // TURNS_AT_A_TIME):
        for number, socket in enumerate(sockets):
            before = running.cpu_ms()
            turns[number] += [await one_turn(socket) for _ in range(TURNS_AT_A_TIME)]
            for name, used in running.cpu_ms().items():
                cpu[number][name] += used - before[name]
    return [
        Sample(done, {name: used / len(done) for name, used in total.items()})
        for done, total in zip(turns, cpu, strict=True)
    ]


async def run(running: System, redis: Any, turns: int, parts: int) -> None:
    """Run the conversation and print a row for each part."""
    url = f"ws://127.0.0.1:{running.port}/ws"
    async with connect(url, max_size=None, compression=None) as socket:
        conversation_id = json.loads(await socket.recv())["conversation_id"]
        for part in range(1, parts + 1):
            for _ in range(turns // parts - SAMPLE_TURNS):
                await one_turn(socket)
            async with connect(url, max_size=None, compression=None) as fresh:
                for _ in range(WARM_UP_TURNS):
                    await one_turn(fresh)
                long, short = await sample(running, (socket, fresh))
            print(report(part * (turns // parts), long, short, await sizes(redis, conversation_id)), flush=True)


def report(end: int, long: Sample, short: Sample, memory: Counter[str]) -> str:
    """Format one row of the table."""
    text, short_text = long.first("first_text"), short.first("first_text")
    sound, keys = memory.pop("audio", 0), memory.pop("keys")
    largest = "  ".join(f"{kind} {size / 1024:.0f}" for kind, size in memory.most_common(3))
    each = " ".join(f"{long.cpu[name] / max(short.cpu[name], 0.01):6.2f}" for name in OURS)
    return (
        f"{end:>6} {text:8.2f} {text / short_text:5.2f} x {long.all_cpu:8.2f} {long.all_cpu / short.all_cpu:5.2f} x"
        f" {each} {sound / 1024:9.0f} {memory.total() / 1024:8.0f} {keys:6}   {largest}"
    )


async def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=1000, help="turns of the conversation")
    parser.add_argument("--parts", type=int, default=10, help="rows of the table")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tertulia-bench-") as folder, system(Path(folder), tokens=60) as running:
        redis = cast("Any", Redis.from_url(running.redis_url))  # pyright: ignore[reportUnknownMemberType] - untyped kwargs
        processes = " ".join(f"{name[:6]:>6}" for name in OURS)
        head = f"{'turns':>6} {'1st text':>8} {'':7} {'CPU ms':>8} {'':7} {processes}"
        print(f"{head} {'sound KB':>9} {'other KB':>8} {'keys':>6}")
        await run(running, redis, asked.turns, asked.parts)
        await redis.aclose()
