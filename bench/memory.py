"""Measures what a turn occupies in Redis, compared with its sound.

    make bench ARGS="memory [--turns 50]"

The system is that of `make bench`, with the default chunks of the speech engine. The first part of the table has the
memory of a turn by the kind of key, and its ratio to the PCM in it. The second says how many conversations a Redis can
hold at once, if each has the sound of three minutes (heard sound expires after two) and the text of 200 turns, and 85 %
of the limit is used: above it, old sound is deleted.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any, cast

from redis.asyncio import Redis
from websockets.asyncio.client import connect

from bench.pipeline import one_turn
from bench.processes import System, system

SOUND_S = 180.0
TURNS = 200
USED_SHARE = 0.85
BYTES_PER_S = 48_000
LIMITS_MB = (512, 4_096, 65_536)


async def measured(running: System, redis: Any, turns: int) -> tuple[Counter[str], int]:
    """The bytes of a conversation's keys by their kind, and the bytes of its PCM."""
    async with connect(f"ws://127.0.0.1:{running.port}/ws", max_size=None, compression=None) as socket:
        conversation_id = json.loads(await socket.recv())["conversation_id"]
        for _ in range(turns):
            await one_turn(socket)
    sizes, pcm = Counter[str](), 0
    async for name in redis.scan_iter(f"*{{{conversation_id}}}*", count=1000):
        parts = name.decode().partition("}:")[2].split(":")
        kind = "turn" if parts[0] == "turn" else parts[-1]
        sizes[kind] += await redis.memory_usage(name, samples=0) or 0
        if kind == "audio":
            pcm += sum(len(fields.get(b"audio", b"")) for _, fields in await redis.xrange(name))
    return sizes, pcm


def report(sizes: Counter[str], pcm: int, turns: int) -> None:
    """Print the table."""
    sound = sizes.pop("audio")
    text = sizes.total()
    print(f"a turn with {pcm / turns / BYTES_PER_S:.1f} s of speech")
    print(f"  {'PCM':12} {pcm / turns / 1024:9.1f} KB   1.000 x")
    print(f"  {'audio':12} {sound / turns / 1024:9.1f} KB {sound / pcm:7.3f} x")
    for kind, size in sizes.most_common():
        print(f"  {kind:12} {size / turns / 1024:9.2f} KB {size / pcm:7.3f} x")
    print(f"  {'all':12} {(sound + text) / turns / 1024:9.1f} KB {(sound + text) / pcm:7.3f} x")
    each = SOUND_S * BYTES_PER_S * sound / pcm + TURNS * text / turns
    print(f"a conversation with {SOUND_S:.0f} s of sound and the text of {TURNS} turns: {each / 1024**2:.1f} MB")
    for limit_mb in LIMITS_MB:
        print(f"  {limit_mb:6} MB hold {int(limit_mb * USED_SHARE / (each / 1024**2)):6}")


async def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=50, help="turns of the conversation")
    asked = parser.parse_args()
    settings = {"TERTULIA_TTS_FIRST_CHUNK_MS": "", "TERTULIA_TTS_CHUNK_MS": ""}
    with (
        tempfile.TemporaryDirectory(prefix="tertulia-bench-") as folder,
        system(Path(folder), tokens=60, settings=settings) as running,
    ):
        redis = cast("Any", Redis.from_url(running.redis_url))  # pyright: ignore[reportUnknownMemberType] - untyped kwargs
        report(*await measured(running, redis, asked.turns), asked.turns)
        await redis.aclose()
