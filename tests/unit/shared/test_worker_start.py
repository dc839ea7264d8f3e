"""A worker that starts while Redis is unavailable begins to work when Redis is back."""

from __future__ import annotations

import asyncio

from tertulia_shared.bus import BusUnavailable, Claim
from tertulia_shared.entries import Work
from tertulia_shared.ids import new_id
from tertulia_shared.keys import Keys, Stage
from tertulia_shared.settings import CommonSettings
from tertulia_shared.testing.memory_bus import MemoryBus
from tertulia_shared.worker import Worker
from tests.harness.settings_of import settings_of
from tests.harness.virtual_time import now, virtual_time

TROUBLES = 5


class UnavailableAtFirst(MemoryBus):
    """A bus whose server does not answer the first calls."""

    troubles = 0

    async def prepare(self, stage: Stage) -> None:
        if self.troubles < TROUBLES:
            self.troubles += 1
            raise BusUnavailable("Redis does not answer: scripted")
        await super().prepare(stage)


class Counting:
    """Counts claims, and stops the worker at the first one."""

    def __init__(self, stop: asyncio.Event) -> None:
        self.claims: list[Claim] = []
        self._stop = stop

    async def handle(self, claim: Claim) -> None:
        self.claims.append(claim)
        self._stop.set()

    async def give_up(self, claim: Claim, reason: str) -> None:
        raise AssertionError(reason)


@virtual_time
async def test_starting_worker_retries_until_it_can_create_its_consumer_group() -> None:
    bus = UnavailableAtFirst(Keys("test"), clock=now)
    stop = asyncio.Event()
    handler = Counting(stop)
    worker = Worker(bus, "tts", handler, settings_of(CommonSettings), engine="fake", concurrency=1)
    work = Work(new_id(), message_id=new_id())
    await bus.post("tts", work)
    await worker.run(stop)
    assert bus.troubles == TROUBLES
    assert [claim.fields[b"conversation_id"].decode() for claim in handler.claims] == [work.conversation_id]
    assert await bus.open_work("tts") == 0


@virtual_time
async def test_starting_worker_can_be_stopped_while_it_waits_for_redis() -> None:
    bus = UnavailableAtFirst(Keys("test"), clock=now)
    stop = asyncio.Event()
    handler = Counting(stop)
    worker = Worker(bus, "tts", handler, settings_of(CommonSettings), engine="fake", concurrency=1)
    asyncio.get_running_loop().call_later(0.1, stop.set)
    await worker.run(stop)
    assert bus.troubles < TROUBLES
    assert handler.claims == []
