"""Compares tts on another machine, over a link with a round trip of 50 ms and packet loss, with tts on this one.

    python -m bench.link [--turns 20] [--delay-ms 25] [--loss 0.01]

A client asks a question and plays the answer in real time. The benchmark measures the time to the first sound after the
question, and the gaps: the times when playback runs out before the next chunk arrives. The model is the demo model at
its usual pace, the speech engine is espeak. Needs root (a network namespace); the delay and the loss apply to each
packet, in each direction.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import msgpack
from websockets.asyncio.client import ClientConnection, connect

from bench.pipeline import percentile
from bench.processes import system
from tests.servers.slow_network_link import FarLink

QUESTION = "Luna, tell me a story about the ocean."


@dataclass
class Heard:
    """Figures of all turns: ms to the first sound, ms of each gap, seconds of speech."""

    first_ms: list[float] = field(default_factory=list[float])
    gaps_ms: list[float] = field(default_factory=list[float])
    speech_s: float = 0.0


async def ask(socket: ClientConnection, heard: Heard) -> None:
    """Ask one question, and receive the whole answer."""
    begun = time.perf_counter()
    await socket.send(json.dumps({"type": "user_message", "data": {"text": QUESTION}}))
    dry_at = 0.0
    while True:
        frame = await socket.recv()
        now = time.perf_counter()
        if isinstance(frame, str):
            event = json.loads(frame)
            if event["type"] == "audio_complete":
                return
            if event["type"] == "error":
                raise RuntimeError(event["message"])
            continue
        chunk = msgpack.unpackb(frame)
        length_s = len(chunk["pcm"]) / 2 / chunk["sample_rate"]
        if not dry_at:
            heard.first_ms.append((now - begun) * 1000)
        elif now > dry_at:
            heard.gaps_ms.append((now - dry_at) * 1000)
        dry_at = max(dry_at, now) + length_s
        heard.speech_s += length_s


async def measure(link: FarLink | None, turns: int) -> Heard:
    """Run this many turns one after the other, each in its own conversation."""
    heard = Heard()
    with (
        tempfile.TemporaryDirectory(prefix="tertulia-bench-") as folder,
        system(Path(folder), tokens=None, far=link) as running,
    ):
        url = f"ws://127.0.0.1:{running.port}/ws"
        for turn in range(-1, turns):
            async with connect(url, max_size=None, compression=None) as socket:
                await ask(socket, heard if turn >= 0 else Heard())  # the first turn warms up
    return heard


def row(name: str, heard: Heard, near: Heard) -> str:
    """Format one row of the table."""
    first, base = statistics.median(heard.first_ms), statistics.median(near.first_ms)
    return (
        f"{name:<28} {first:7.0f} {percentile(heard.first_ms, 0.95):7.0f} {first - base:+7.0f} {first / base:6.2f}"
        f" {len(heard.gaps_ms):6} {sum(heard.gaps_ms):8.0f} {heard.speech_s:8.0f}"
    )


async def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--turns", type=int, default=20)
    parser.add_argument("--delay-ms", type=float, default=25.0, help="each way")
    parser.add_argument("--loss", type=float, default=0.01, help="share of packets, each way")
    asked = parser.parse_args()
    print(f"{'tts':<28}  p50 ms  p95 ms  + p50   ratio   gaps  gaps ms  speech s")
    near = await measure(None, asked.turns)
    print(row("on this machine", near, near))
    for name, delay_ms, loss in (
        ("far, no delay", 0.0, 0.0),
        (f"far, {2 * asked.delay_ms:g} ms", asked.delay_ms, 0.0),
        (f"far, {2 * asked.delay_ms:g} ms, {asked.loss:.0%} lost", asked.delay_ms, asked.loss),
    ):
        with FarLink(delay_ms=delay_ms, loss=loss) as link:
            print(row(name, await measure(link, asked.turns), near), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
