"""Work of a newer release: it is left to a worker of that release while one is alive."""

from __future__ import annotations

import asyncio

from tertulia_shared.bus import Claim
from tertulia_shared.codec import UnknownVersion
from tertulia_shared.entries import NEWEST_VERSION
from tertulia_shared.work import RetryLater
from tests.harness.virtual_time import settle, virtual_time
from tests.unit.shared.worker_bench import (
    SETTINGS,
    Act,
    ScriptedHandler,
    claims_of,
    dead_letters,
    make_bus,
    post,
    raising,
    working,
)


def newer(version: int = NEWEST_VERSION + 1) -> Act:
    async def act(_claim: Claim) -> None:
        raise UnknownVersion(version)

    return act


@virtual_time
async def test_work_of_a_newer_release_is_given_up_if_no_worker_of_that_release_is_alive() -> None:
    bus, handler = make_bus(), ScriptedHandler(newer())
    await bus.beat(f"llm:box-1-aaaaaa.v{NEWEST_VERSION + 1}:demo")
    await bus.beat("tts:box-2-bbbbbb:scripted")  # a worker of a release whose names have no version
    async with working(bus, handler):
        await post(bus)
        await settle()
        assert len(handler.given_up) == 1
        assert "newer release" in handler.given_up[0]
        assert "update this worker" in handler.given_up[0]
        (letter,) = await dead_letters(bus)
        assert letter.message_id
        assert await bus.open_work("tts") == 0


@virtual_time
async def test_work_of_a_newer_release_is_left_to_a_live_worker_of_that_release() -> None:
    bus, old, other = make_bus(), ScriptedHandler(newer()), ScriptedHandler(newer())
    member = f"tts:box-1-aaaaaa.v{NEWEST_VERSION + 1}:scripted"
    async with working(bus, old), working(bus, other):
        await bus.beat(member)
        await post(bus)
        for _ in range(30):
            await asyncio.sleep(1)
            await bus.beat(member)
        assert len(old.begun) + len(other.begun) == 2, "each looks at it once"
        assert old.given_up == other.given_up == []
        (claim,) = await claims_of(bus, idle_s=SETTINGS.lease_s)
        assert await bus.nack(claim, "peer")
        await bus.leave(member)
        await asyncio.sleep(SETTINGS.lease_s)
        assert len(old.given_up) + len(other.given_up) == 1, "no worker is left that could"
        assert await bus.open_work("tts") == 0


@virtual_time
async def test_leaving_work_to_a_newer_release_does_not_count_as_a_failed_attempt() -> None:
    bus = make_bus()
    member = f"tts:box-1-aaaaaa.v{NEWEST_VERSION + 1}:scripted"
    await bus.prepare("tts")
    await post(bus)
    for _ in range(SETTINGS.max_attempts + 2):
        old = ScriptedHandler(newer())
        await bus.beat(member)
        async with working(bus, old):
            await asyncio.sleep(1)
        assert len(old.begun) == 1
        assert old.given_up == []
    able = ScriptedHandler(raising(*[RetryLater("busy")] * (SETTINGS.max_attempts - 1)))
    async with working(bus, able):
        await asyncio.sleep(SETTINGS.max_attempts * 2 * SETTINGS.lease_s)
        assert len(able.begun) == SETTINGS.max_attempts
        assert len(able.ended) == 1
    assert await dead_letters(bus) == []


@virtual_time
async def test_work_left_to_a_newer_release_is_given_up_after_the_usual_failed_attempts() -> None:
    bus = make_bus()
    await bus.prepare("tts")
    await post(bus)
    await bus.beat(f"tts:box-1-aaaaaa.v{NEWEST_VERSION + 1}:scripted")
    async with working(bus, ScriptedHandler(newer())):
        await settle()
    able = ScriptedHandler(raising(*[RetryLater("busy")] * 9))
    async with working(bus, able):
        await asyncio.sleep(20 * SETTINGS.lease_s)
    assert len(able.begun) == SETTINGS.max_attempts
    assert able.given_up == [f"given up after {SETTINGS.max_attempts} attempts; last failure: RetryLater: busy"]
