"""Worker processes on a real Redis share work that is posted at once."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from redis.asyncio import Redis

from tertulia_shared.bus.redis_bus import RedisBus, open_bus
from tertulia_shared.codec import encode
from tertulia_shared.entries import Work
from tertulia_shared.ids import new_id
from tertulia_shared.keys import Keys
from tests.harness.eventually import eventually

pytestmark = pytest.mark.slow
BURST = 12


@contextmanager
def worker(url: str, keys: Keys, log: Path, *options: str) -> Generator[subprocess.Popen[bytes]]:
    """Run a worker process during the block."""
    command = [sys.executable, "-m", "tests.harness.sharing_worker", url, keys.ns, *options]
    with log.open("wb") as out, subprocess.Popen(command, stderr=out) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGCONT)
            process.terminate()


async def until_they_share(*logs: Path) -> None:
    await eventually(lambda: all("sharing new work" in log.read_text() for log in logs))


async def post_at_once(url: str, keys: Keys) -> None:
    """Post the burst in one transaction, so that no worker can claim a part of it."""
    redis = cast("Any", Redis.from_url(url))  # pyright: ignore[reportUnknownMemberType] - untyped kwargs
    async with redis as client, client.pipeline(transaction=True) as pipeline:
        for _ in range(BURST):
            fields = [part.decode() for part in encode(Work(new_id(), message_id=new_id()), ts=0, epoch=0)]
            pipeline.xadd(keys.work("tts").name, dict(zip(fields[::2], fields[1::2], strict=True)))
        await pipeline.execute()


async def held(bus: RedisBus) -> Mapping[str, int]:
    return (await bus.load("tts")).held


async def test_two_idle_workers_share_a_burst_within_one_of_each_other(
    redis_url: str, keys: Keys, tmp_path: Path
) -> None:
    logs = [tmp_path / f"{n}.log" for n in range(2)]
    with ExitStack() as stack:
        for log in logs:
            stack.enter_context(worker(redis_url, keys, log, "60"))
        async with open_bus(redis_url, keys) as bus:
            await until_they_share(*logs)
            await post_at_once(redis_url, keys)

            async def all_is_claimed() -> bool:
                return sum((await held(bus)).values()) == BURST

            await eventually(all_is_claimed)
            assert sorted((await held(bus)).values()) == [6, 6]


async def test_worker_claims_the_share_of_a_peer_that_is_stopped(redis_url: str, keys: Keys, tmp_path: Path) -> None:
    logs = [tmp_path / f"{n}.log" for n in range(2)]
    with worker(redis_url, keys, logs[0]), worker(redis_url, keys, logs[1]) as stopped:
        async with open_bus(redis_url, keys) as bus:
            await until_they_share(*logs)
            stopped.send_signal(signal.SIGSTOP)
            await post_at_once(redis_url, keys)

            async def nothing_waits() -> bool:
                return (await bus.load("tts")).waiting == 0

            await eventually(nothing_waits)
            # Redis may have delivered one entry to the blocked claim of the stopped worker
            assert max((await held(bus)).values()) >= BURST - 1
