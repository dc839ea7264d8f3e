"""The jobs of a worker: their number, their end, and their distribution among workers."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence

from tertulia_shared.bus import Claim
from tertulia_shared.entries import Work
from tertulia_shared.ids import new_id
from tertulia_shared.jobs import PEER_ALIVE_S
from tertulia_shared.keys import Keys, Stage
from tertulia_shared.settings import CommonSettings
from tertulia_shared.testing.memory_bus import MemoryBus
from tertulia_shared.worker import Worker
from tests.harness.settings_of import settings_of
from tests.harness.virtual_time import now, settle, virtual_time
from tests.unit.shared.worker_bench import (
    SETTINGS,
    ScriptedHandler,
    claims_of,
    forever,
    make_bus,
    nothing,
    post,
    working,
)


@virtual_time
async def test_handled_work_is_deleted_from_its_stream() -> None:
    bus, handler = make_bus(), ScriptedHandler(nothing)
    async with working(bus, handler):
        await post(bus, 3)
        await settle()
        assert len(handler.ended) == 3
        assert await bus.open_work("tts") == 0


@virtual_time
async def test_worker_runs_at_most_its_number_of_concurrent_jobs() -> None:
    async def a_while(_claim: Claim) -> None:
        await asyncio.sleep(0.1)

    bus, handler = make_bus(), ScriptedHandler(a_while)
    async with working(bus, handler, concurrency=4):
        await post(bus, 20)
        await asyncio.sleep(1)
        assert handler.most_at_once == 4
        assert len(handler.ended) == 20


@virtual_time
async def test_new_work_and_taken_over_work_share_the_concurrency_limit() -> None:
    bus, handler = make_bus(), ScriptedHandler(forever)
    await bus.prepare("tts")
    await post(bus, 2)
    await bus.claim("tts", "a-dead-peer", count=2, block_s=0)
    async with working(bus, handler, concurrency=2):
        while not handler.begun:  # noqa: ASYNC110 - virtual time; the worker waits for new work
            await asyncio.sleep(0.1)
        await post(bus, 2)
        await asyncio.sleep(SETTINGS.lease_s)
        assert [claim.attempt for claim in handler.begun] == [2, 2]


@virtual_time
async def test_job_stopped_before_its_first_step_is_requeued() -> None:
    bus, handler = make_bus(), ScriptedHandler(forever)
    stop = asyncio.Event()
    worker = Worker(bus, "tts", handler, settings_of(CommonSettings, drain_s=0), engine="scripted", concurrency=5)
    run = asyncio.create_task(worker.run(stop))
    await settle()
    await bus.post("tts", Work(new_id(), message_id=new_id()))
    stop.set()
    await run
    left = [*await bus.claim("tts", "peer", count=9, block_s=0), *await claims_of(bus, idle_s=SETTINGS.lease_s)]
    assert len(left) == 1


@virtual_time
async def test_job_cancelled_before_its_first_step_frees_its_slot() -> None:
    bus, handler = make_bus(), ScriptedHandler(nothing)
    async with working(bus, handler, concurrency=1):
        await post(bus)
        while not (begun := [task for task in asyncio.all_tasks() if task.get_name().startswith("work ")]):  # noqa: ASYNC110 - it must be seen before its first step
            await asyncio.sleep(0)
        begun[0].cancel()
        await settle()
        assert handler.begun == []
        await post(bus)
        await settle()
        assert len(handler.ended) == 1


@virtual_time
async def test_running_worker_is_listed_with_its_name_and_engine() -> None:
    bus = make_bus()
    async with working(bus, ScriptedHandler(nothing)) as worker:
        await settle()
        assert list(await bus.alive(5)) == [f"tts:{worker.name}:scripted"]
    assert list(await bus.alive(5)) == []


@virtual_time
async def test_worker_whose_look_at_its_peers_hangs_stays_listed() -> None:
    class HangingBus(MemoryBus):
        async def holders(self, stage: Stage) -> Sequence[str]:
            await asyncio.Event().wait()
            return ()

    bus = HangingBus(Keys("test"), clock=now)
    async with working(bus, ScriptedHandler(nothing)) as worker:
        await asyncio.sleep(60)
        assert list(await bus.alive(PEER_ALIVE_S)) == [worker.member]


@virtual_time
async def test_two_workers_share_the_work_and_do_each_piece_once() -> None:
    async def a_while(_claim: Claim) -> None:
        await asyncio.sleep(0.2)

    bus = make_bus()
    first, second = ScriptedHandler(a_while), ScriptedHandler(a_while)
    async with working(bus, first, concurrency=2), working(bus, second, concurrency=2):
        await post(bus, 12)
        await asyncio.sleep(5)
        assert max(Counter(first.ended + second.ended).values()) == 1
        assert len(first.ended) + len(second.ended) == 12
        assert first.ended
        assert second.ended
