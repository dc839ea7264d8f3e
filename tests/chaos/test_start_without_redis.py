"""Services that start while Redis is unavailable wait for it, work as soon as it is available, and stop on SIGTERM."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest

from tertulia_shared.ids import new_id
from tests.harness.client import talk
from tests.harness.eventually import eventually
from tests.harness.service_process import Process
from tests.harness.stack import ONE_OF_EACH, Stack

pytestmark = pytest.mark.timeout(120, method="signal")

WAITING = "waiting for Redis"


async def waits(process: Process) -> None:
    await eventually(lambda: WAITING in process.log.read_text(), f"{process.name} waits")


async def test_services_wait_for_redis_and_stop_on_sigterm(tmp_path: Path) -> None:
    with Stack(tmp_path / "stack", workers={}, fsync="always") as stack:
        stack.redis.kill()
        stopped = stack.start("tts")
        await waits(stopped)
        stopped.send(signal.SIGTERM)
        assert await asyncio.to_thread(stopped.wait) == 0

        # services wait only for a limited time: start Redis as soon as all of them wait
        started = [stack.start(service) for service in ONE_OF_EACH]
        for process in started:
            await waits(process)
        await asyncio.to_thread(stack.redis.start)
        await asyncio.to_thread(stack.wait_ready)
        async with talk(*stack.urls) as client:
            await client.hears("Luna, hello!", new_id())
