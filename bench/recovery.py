"""Measures the silence after a fault.

    python -m bench.recovery [--times 5] [--lease 3] [--only "kill -9"]

Two llm workers, two tts workers and one gateway tell a story (demo model at 40 tokens a second). One fault is injected
while a character speaks. The benchmark measures the longest time without a frame of sound, from the fault until the
turn is complete.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import signal
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, cast

from redis.asyncio import Redis

from tertulia_shared.ids import new_id
from tertulia_shared.keys import Stage
from tests.harness.client import TalkClient, talk
from tests.harness.stack import Stack

STORY = "Luna, tell me a story about the ocean."
SPOKEN_FRAMES = 8
"""The number of audio frames before the fault."""
Fault = Callable[[Stack, TalkClient], Awaitable[None]]


def strike(stage: Stage, number: signal.Signals) -> Fault:
    """Send a signal to the worker that owns the work, and start a new worker."""

    async def fault(stack: Stack, _client: TalkClient) -> None:
        process = stack.owner(stage) or stack.of(stage)[0]
        await asyncio.to_thread(process.send, number)
        stack.start(stage)

    return fault


def freeze(stage: Stage, seconds: float) -> Fault:
    """SIGSTOP the worker that owns the work, for this many seconds."""

    async def fault(stack: Stack, _client: TalkClient) -> None:
        process = stack.owner(stage) or stack.of(stage)[0]
        process.send(signal.SIGSTOP)
        asyncio.get_running_loop().call_later(seconds, process.send, signal.SIGCONT)

    return fault


async def kill_the_gateway(stack: Stack, _client: TalkClient) -> None:
    """kill -9 the only gateway, and restart it on its port."""
    (gateway,) = stack.of("gateway")
    await asyncio.to_thread(gateway.send, signal.SIGKILL)
    stack.start("gateway", port=gateway.port)


async def restart_redis(stack: Stack, _client: TalkClient) -> None:
    """kill -9 Redis, and restart it with its append-only file."""
    await asyncio.to_thread(stack.redis.kill)
    await asyncio.to_thread(stack.redis.start)


async def freeze_redis(stack: Stack, _client: TalkClient) -> None:
    """SIGSTOP Redis for 5 s."""
    stack.redis.pause()
    asyncio.get_running_loop().call_later(5, stack.redis.resume)


async def cut_connections(stack: Stack, _client: TalkClient) -> None:
    """CLIENT KILL every connection to Redis, once."""
    client = cast("Any", Redis.from_url(stack.redis.url))  # pyright: ignore[reportUnknownMemberType] - untyped kwargs
    await client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    await client.aclose()


async def nothing(_stack: Stack, _client: TalkClient) -> None:
    """Inject no fault."""


FAULTS: Mapping[str, Fault] = {
    "none": nothing,
    "kill -9 of the owning llm": strike("llm", signal.SIGKILL),
    "kill -9 of the owning tts": strike("tts", signal.SIGKILL),
    "SIGTERM of the owning llm": strike("llm", signal.SIGTERM),
    "SIGTERM of the owning tts": strike("tts", signal.SIGTERM),
    "SIGSTOP 6 s of the owning llm": freeze("llm", 6),
    "SIGSTOP 6 s of the owning tts": freeze("tts", 6),
    "CLIENT KILL of all, once": cut_connections,
    "kill -9 of redis, restarted": restart_redis,
    "SIGSTOP 5 s of redis": freeze_redis,
    "kill -9 of the only gateway": kill_the_gateway,
}


async def silence_s(stack: Stack, fault: Fault) -> float:
    """Run one turn with one fault; returns the longest silence after the fault, in seconds."""
    async with talk(*stack.urls) as client:
        heard: list[float] = []
        feed = client.record.feed

        def feed_and_note(frame: dict[str, Any]) -> None:
            feed(frame)
            if frame.get("type") == "audio":
                heard.append(time.monotonic())

        client.record.feed = feed_and_note
        turn_id = new_id()
        await client.say(STORY, turn_id)
        await client.until(lambda: len(heard) >= SPOKEN_FRAMES, "sound")
        struck = time.monotonic()
        await fault(stack, client)
        await client.until_done(turn_id)
        times = [struck, *(at for at in heard if at > struck)]
        return max((after - before for before, after in itertools.pairwise(times)), default=0.0)


async def measure(stack: Stack, times: int, only: str) -> None:
    """Print the table, each row as soon as it is measured."""
    for name, fault in FAULTS.items():
        if only not in name:
            continue
        values: list[float] = []
        for _ in range(times):
            await asyncio.to_thread(stack.wait_ready)
            try:
                values.append(await silence_s(stack, fault))
            except AssertionError as error:
                print(f"{name}: {str(error).splitlines()[0]}")
                values.append(float("inf"))
        print(f"| {name:30} | {', '.join(f'{value:.2f}' for value in sorted(values))} |", flush=True)


async def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=5, help="turns for each fault")
    parser.add_argument("--lease", type=float, default=3.0, help="TERTULIA_LEASE_S")
    parser.add_argument("--only", default="", help="only the faults that have this in their name")
    asked = parser.parse_args()
    env = {"TERTULIA_LEASE_S": str(asked.lease), "TERTULIA_DEMO_TOKENS_PER_SECOND": "40"}
    with tempfile.TemporaryDirectory(prefix="tertulia-bench-") as folder:
        stack = Stack(
            Path(folder) / "stack", workers={"gateway": 1, "stt": 1, "llm": 2, "tts": 2}, fsync="always", env=env
        )
        with stack:
            await measure(stack, asked.times, asked.only)


if __name__ == "__main__":
    asyncio.run(main())
