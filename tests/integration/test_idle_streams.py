"""Streams that change between idle and in use, on a real Redis: no entry is missed or delivered twice."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Sequence

import pytest

from tertulia_shared.bus import reader
from tertulia_shared.bus.port.reading import Follow
from tertulia_shared.bus.redis_bus import RedisBus, open_bus
from tertulia_shared.entries import Interrupt
from tertulia_shared.ids import new_id
from tertulia_shared.keys import Keys

pytestmark = pytest.mark.slow
STREAMS = 30
WRITES = 1_000


@pytest.fixture
async def restless_bus(redis_url: str, keys: Keys, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[RedisBus]:
    """A bus on which a stream is idle after one short round."""
    for name, value in {"ROUND_S": 0.005, "QUIET_ROUNDS": 1, "ACTIVE_STREAMS": 2, "IDLE_STREAMS": 4}.items():
        monkeypatch.setattr(reader, name, value)
    async with open_bus(redis_url, keys) as bus:
        yield bus


async def read_ids(follow: Follow, count: int) -> Sequence[str]:
    ids: list[str] = []
    while len(ids) < count:
        ids += [entry.id for entry in await follow.read()]
    return ids


async def test_every_entry_arrives_once_while_streams_become_idle_and_active(
    restless_bus: RedisBus, redis_url: str, keys: Keys
) -> None:
    streams = [keys.control(new_id()) for _ in range(STREAMS)]
    chosen = [random.randrange(STREAMS) for _ in range(WRITES)]
    async with open_bus(redis_url, keys) as writing, asyncio.TaskGroup() as tasks:
        reading = [
            tasks.create_task(read_ids(restless_bus.follow(key, tell_loss=True), chosen.count(n)))
            for n, key in enumerate(streams)
        ]
        for n in chosen:
            outlet = writing.outlet()
            outlet.append(streams[n], Interrupt("request"))
            await outlet.flush()
    for key, read in zip(streams, reading, strict=True):
        assert read.result() == [entry.id for entry in await restless_bus.read(key)]
