"""Drives the running system with K conversations at once and prints how much time and CPU each part takes.

    python -m bench [--k 1 8 32] [--turns 200] [--tokens 60]

The model answers at once (60 tokens, 5 sentences) and the speech engine needs almost no CPU (1.2 s of tone per
sentence), so the benchmark measures only the pipeline: gateway, llm, tts and Redis, with claims, leases, fences and
rows in the store. Compare figures only within one run. The floor, one hop through Redis that each run measures first,
shows how fast the machine is at that time.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgpack
from websockets.asyncio.client import ClientConnection, connect

from bench.processes import System, system
from bench.redis_hop import measure

OURS = ("gateway", "llm", "tts", "redis")
WARM_UP_TURNS = 20


@dataclass(frozen=True)
class Turn:
    """The times of one turn at the client, in ms since it sent the message."""

    first_text: float
    first_audio: float
    last_audio: float
    chunks: int


async def converse(port: int, turns: int) -> list[Turn]:
    """Run one conversation of this many turns, each sent when the previous one has been heard."""
    async with connect(f"ws://127.0.0.1:{port}/ws", max_size=None, compression=None) as socket:
        return [await one_turn(socket) for _ in range(turns)]


async def one_turn(socket: ClientConnection) -> Turn:
    """Send a message and receive the whole reply. Reports its sound as played at once."""
    begun = time.perf_counter()
    await socket.send(
        json.dumps({"type": "user_message", "data": {"text": "Luna, go on.", "turn_id": str(uuid.uuid4())}})
    )
    first_text = first_audio = last_audio = 0.0
    chunks, last = 0, b""
    while True:
        frame = await socket.recv()
        now = (time.perf_counter() - begun) * 1000
        if isinstance(frame, bytes):
            first_audio = first_audio or now
            last_audio = now
            chunks += 1
            last = frame
            continue
        event = json.loads(frame)
        match event["type"]:
            case "llm_chunk":
                first_text = first_text or now
            case "audio_complete":
                audio = msgpack.unpackb(last)
                played = {name: audio[name] for name in ("message_id", "sentence_index", "chunk_index")}
                await socket.send(json.dumps({"type": "playback", "data": {**played, "played_ms": chunks * 100}}))
            case "turn_metrics":
                return Turn(first_text, first_audio, last_audio, chunks)
            case "error":
                raise RuntimeError(event["message"])
            case _:
                pass


async def drive(running: System, conversations: int, turns: int) -> tuple[list[Turn], float, dict[str, float]]:
    """Run the turns; returns them, the seconds they took, and the CPU ms of each process."""
    await asyncio.gather(
        *(converse(running.port, max(1, WARM_UP_TURNS // conversations)) for _ in range(conversations))
    )
    before, begun = running.cpu_ms(), time.perf_counter()
    done = await asyncio.gather(*(converse(running.port, turns) for _ in range(conversations)))
    seconds, after = time.perf_counter() - begun, running.cpu_ms()
    return [turn for each in done for turn in each], seconds, {name: after[name] - before[name] for name in after}


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def report(conversations: int, turns: list[Turn], seconds: float, cpu: dict[str, float], floor_ms: float) -> None:
    """Print one block of the table."""
    print(f"\n{conversations} conversation{'s' if conversations > 1 else ''}, {len(turns)} turns")
    for name in ("first_text", "first_audio", "last_audio"):
        values = [getattr(turn, name) for turn in turns]
        p50, p99 = percentile(values, 0.5), percentile(values, 0.99)
        print(f"  {name.replace('_', ' '):12} p50 {p50:7.2f} ms   p99 {p99:7.2f} ms   {p50 / floor_ms:6.1f} x floor")
    each = {name: cpu[name] / len(turns) for name in cpu}
    total = sum(each[name] for name in OURS)
    parts = "  ".join(f"{name} {each[name]:.2f}" for name in OURS)
    print(f"  CPU a turn   {total:.2f} ms   ({parts};  beside it: model {each['model']:.2f})")
    print(
        f"  turns a second {len(turns) / seconds:.1f}   chunks a turn {sum(t.chunks for t in turns) / len(turns):.1f}"
    )


async def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--k", type=int, nargs="+", default=[1, 8, 32], help="conversations at once")
    parser.add_argument("--turns", type=int, default=400, help="turns in all, for each K")
    parser.add_argument("--tokens", type=int, default=60, help="tokens of each reply")
    asked = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="tertulia-bench-") as folder,
        system(Path(folder), tokens=asked.tokens) as running,
    ):
        p50, p99 = await measure(running.redis_url)
        print(f"floor: one XADD -> blocked XREAD hop  p50 {p50:.3f} ms   p99 {p99:.3f} ms")
        for conversations in asked.k:
            turns = max(3, asked.turns // conversations)
            report(conversations, *await drive(running, conversations, turns), p50)
