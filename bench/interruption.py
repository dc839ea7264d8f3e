"""How fast does everything stop when the user cuts in?

    python -m bench.interruption [--times 100]

A story is told (demo model at 40 tokens a second, espeak) and cut off at a random moment. Measured from the client's
`interrupt`: until the client is told (`interrupted`: it flushes), until the last llm and tts worker has let go of the
conversation (its work streams are empty), and how many frames or texts of the old epoch came after the `interrupted`.
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
REPLY_EVENTS = ("message_started", "llm_chunk", "message_resumed", "turn_started")


async def cut_off(socket: ClientConnection, bus: Bus, after_s: float) -> tuple[float, float, int]:
    """One interruption: ms until told, ms until the last worker stopped, stale frames after it."""
    await socket.send(json.dumps({"type": "user_message", "data": {"text": "Luna and Rex, tell me a story."}}))
    while not isinstance(await socket.recv(), bytes):
        pass
    await _drain(socket, after_s)
    begun = time.perf_counter()
    await socket.send(json.dumps({"type": "interrupt"}))
    stopped = asyncio.create_task(_until_idle(bus, begun))
    told, stale = 0.0, 0
    while not told:
        frame = await socket.recv()
        if isinstance(frame, str) and json.loads(frame)["type"] == "interrupted":
            told = (time.perf_counter() - begun) * 1000
    stopped_ms = await stopped
    try:
        async with asyncio.timeout(0.3):  # what a late worker might still send
            while True:
                frame = await socket.recv()
                stale += isinstance(frame, bytes) or json.loads(frame)["type"] in REPLY_EVENTS
    except TimeoutError:
        return told, stopped_ms, stale


async def _drain(socket: ClientConnection, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            while True:
                await socket.recv()
    except TimeoutError:
        return


async def _until_idle(bus: Bus, begun: float) -> float:
    while sum([await bus.open_work(stage) for stage in STAGES]):  # noqa: ASYNC110 - seen from outside, as fast as can be
        await asyncio.sleep(0)
    return (time.perf_counter() - begun) * 1000


async def measure(running: System, times: int, seed: int) -> None:
    """So many interruptions; prints the table."""
    rng = random.Random(seed)
    told: list[float] = []
    stopped: list[float] = []
    stale = 0
    async with (
        open_bus(running.redis_url, Keys()) as bus,
        connect(f"ws://127.0.0.1:{running.port}/ws", max_size=None, compression=None) as socket,
    ):
        for _ in range(times):
            told_ms, stopped_ms, late = await cut_off(socket, bus, rng.uniform(0.0, 1.5))
            told.append(told_ms)
            stopped.append(stopped_ms)
            stale += late
    for name, values in (("client told", told), ("last worker stopped", stopped)):
        print(f"{name:20} p50 {percentile(values, 0.5):6.2f} ms   p99 {percentile(values, 0.99):6.2f} ms")
    print(f"{times} interruptions, {stale} frames or texts of an older epoch after `interrupted`")


async def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=100, help="interruptions")
    parser.add_argument("--seed", type=int, default=1, help="of the random moments")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tertulia-bench-") as folder, system(Path(folder), tokens=None) as running:
        await measure(running, asked.times, asked.seed)


if __name__ == "__main__":
    asyncio.run(main())
