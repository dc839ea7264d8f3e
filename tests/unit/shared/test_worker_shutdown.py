"""A worker that is told to stop finishes its jobs, or requeues them for a peer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from tertulia_shared.bus import Claim
from tertulia_shared.keys import Stage
from tertulia_shared.settings import CommonSettings
from tests.harness.settings_of import settings_of
from tests.harness.virtual_time import now, settle, virtual_time
from tests.unit.shared.worker_bench import (
    SETTINGS,
    ScriptedHandler,
    dead_letters,
    forever,
    make_bus,
    nothing,
    post,
    working,
)


@virtual_time
async def test_stopping_worker_finishes_its_jobs_and_claims_no_more_work() -> None:
    async def a_while(_claim: Claim) -> None:
        await asyncio.sleep(SETTINGS.drain_s / 2)

    bus, handler = make_bus(), ScriptedHandler(a_while)
    async with working(bus, handler, concurrency=1):
        await post(bus, 2)
        await settle()
    assert (len(handler.ended), handler.cancelled) == (1, [])
    assert await bus.open_work("tts") == 1


@virtual_time
async def test_stopping_worker_requeues_work_that_takes_too_long() -> None:
    bus, handler = make_bus(), ScriptedHandler(forever)
    async with working(bus, handler) as worker:
        await post(bus)
        await settle()
        begun = now()
    assert now() - begun == pytest.approx(SETTINGS.drain_s, abs=0.1)
    assert handler.cancelled == [handler.begun[0].id]
    assert handler.given_up == []
    (claim,) = await bus.claim("tts", "peer", count=9, block_s=0)
    assert claim.fields == handler.begun[0].fields
    assert claim.attempt == 1, "a stop is not a failed attempt"
    assert worker.member not in await bus.alive(60)


@virtual_time
async def test_work_delivered_to_a_cancelled_claim_is_requeued_before_the_jobs_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bus, handler = make_bus(), ScriptedHandler(forever)
    claim = bus.claim

    async def lose_the_reply_when_cancelled(
        stage: Stage, worker: str, *, count: int, block_s: float
    ) -> Sequence[Claim]:
        try:
            return await claim(stage, worker, count=count, block_s=block_s)
        except asyncio.CancelledError:
            await post(bus)
            await claim(stage, worker, count=1, block_s=0)
            raise

    monkeypatch.setattr(bus, "claim", lose_the_reply_when_cancelled)
    running = working(bus, handler)
    await running.__aenter__()
    await post(bus)
    await settle()
    stopping = asyncio.create_task(running.__aexit__(None, None, None))
    await settle()
    assert not stopping.done(), "the first job is still running"
    (again,) = await claim("tts", "peer", count=9, block_s=0)
    assert again.id != handler.begun[0].id
    await stopping


@virtual_time
async def test_waiting_peer_gets_the_work_of_a_stopping_worker_at_once() -> None:
    bus, stopped, peer = make_bus(), ScriptedHandler(forever), ScriptedHandler(nothing)
    hasty = settings_of(CommonSettings, lease_s=3, drain_s=0)
    async with working(bus, stopped, settings=hasty):
        await post(bus)
        await settle()
        starting = working(bus, peer)
        await starting.__aenter__()
        await settle()
        begun = now()
    await settle()
    assert len(peer.ended) == 1
    assert now() - begun < 0.01
    await starting.__aexit__(None, None, None)


@virtual_time
async def test_requeues_by_several_stopping_workers_do_not_count_as_failed_attempts() -> None:
    bus = make_bus()
    await bus.prepare("tts")
    await post(bus)
    hasty = settings_of(CommonSettings, drain_s=0, max_attempts=1)
    for _ in range(5):
        handler = ScriptedHandler(forever)
        async with working(bus, handler, settings=hasty):
            pass
        assert handler.begun[0].attempt == 1
    last = ScriptedHandler(nothing)
    async with working(bus, last):
        assert len(last.ended) == 1
    assert await dead_letters(bus) == []
