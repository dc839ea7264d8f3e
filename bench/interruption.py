"""Measures how fast all processes stop after an interruption.

    python -m bench.interruption [--times 100]

A story (demo model at 40 tokens a second, espeak) is interrupted at a random moment. Measured from the client's
`interrupt`: the time until the client gets `interrupted`, the time until the last llm and tts worker has finished the
conversation's work (the work streams are empty), and the number of frames and texts of the old epoch that the client
got after `interrupted`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import tempfile
import time
from pathlib import Path

from websockets.asyncio.client import ClientConnection, connect

from bench.pipeline import percentile
from bench.processes import System, system
from tertulia_shared.bus import Bus
from tertulia_shared.bus.redis_bus import open_bus
from tertulia_shared.keys import Keys, Stage

STAGES: tuple[Stage, ...] = ("llm", "tts")
REPLY_EVENTS = ("thinking", "message_started", "llm_chunk", "message_resumed", "turn_started")


async def cut_off(socket: ClientConnection, bus: Bus, after_s: float) -> tuple[float, float, int]:
    """Interrupt once; returns the ms until `interrupted`, ms until the last worker stopped, number of stale frames."""
    await socket.send(json.dumps({"type": "user_message", "data": {"text": "Luna and Rex, tell me a story."}}))
    while not isinstance(await socket.recv(), bytes):
        pass
    await _drain(socket, after_s)
    begun = time.perf_counter()
    await socket.send(json.dumps({"type": "interrupt"}))
    stopped = asyncio.create_task(_until_idle(bus, begun))
    notified, stale = 0.0, 0
    while not notified:
        frame = await socket.recv()
        if isinstance(frame, str) and json.loads(frame)["type"] == "interrupted":
            notified = (time.perf_counter() - begun) * 1000
    stopped_ms = await stopped
    try:
        async with asyncio.timeout(0.3):  # give a late worker time to send frames
            while True:
                frame = await socket.recv()
                stale += isinstance(frame, bytes) or json.loads(frame)["type"] in REPLY_EVENTS
    except TimeoutError:
        return notified, stopped_ms, stale


async def _drain(socket: ClientConnection, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            while True:
                await socket.recv()
    except TimeoutError:
        return


async def _until_idle(bus: Bus, begun: float) -> float:
    while sum([await bus.open_work(stage) for stage in STAGES]):  # noqa: ASYNC110 - polls other processes, without a pause
        await asyncio.sleep(0)
    return (time.perf_counter() - begun) * 1000


async def measure(running: System, times: int, seed: int) -> None:
    """Measure this many interruptions and print the table."""
    rng = random.Random(seed)
    notified: list[float] = []
    stopped: list[float] = []
    stale = 0
    async with (
        open_bus(running.redis_url, Keys()) as bus,
        connect(f"ws://127.0.0.1:{running.port}/ws", max_size=None, compression=None) as socket,
    ):
        for _ in range(times):
            notified_ms, stopped_ms, late = await cut_off(socket, bus, rng.uniform(0.0, 1.5))
            notified.append(notified_ms)
            stopped.append(stopped_ms)
            stale += late
    for name, values in (("client notified", notified), ("last worker stopped", stopped)):
        print(f"{name:20} p50 {percentile(values, 0.5):6.2f} ms   p99 {percentile(values, 0.99):6.2f} ms")
    print(f"{times} interruptions, {stale} frames or texts of an older epoch after `interrupted`")


async def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=100, help="interruptions")
    parser.add_argument("--seed", type=int, default=1, help="of the random moments")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tertulia-bench-") as folder, system(Path(folder), tokens=None) as running:
        await measure(running, asked.times, asked.seed)


if __name__ == "__main__":
    asyncio.run(main())
