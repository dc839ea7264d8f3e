"""A worker that must stop immediately requeues its work. A peer continues the work without waiting for the lease."""

from __future__ import annotations

import asyncio
import signal

import pytest

from tertulia_shared.ids import new_id
from tertulia_shared.keys import Stage
from tests.chaos.turn_verdict import judge_turn
from tests.harness.client import talk
from tests.harness.eventually import eventually
from tests.harness.stack import Stack

pytestmark = pytest.mark.timeout(120, method="signal")


@pytest.mark.parametrize("stage", ["llm", "tts"])
async def test_peer_continues_a_requeued_reply_without_waiting_for_the_lease(stack: Stack, stage: Stage) -> None:
    # the lease is so long that a takeover would exceed the time limit of the test
    before = stack.of(stage)
    without_drain = [stack.start(stage, TERTULIA_DRAIN_S="0", TERTULIA_LEASE_S="30") for _ in range(2)]
    await asyncio.to_thread(stack.wait_ready)
    for draining in before:
        draining.send(signal.SIGTERM)
        assert await asyncio.to_thread(draining.wait) == 0
    try:
        async with talk(*stack.urls) as client:
            turn_id = new_id()
            await client.say("Everybody, tell me a story.", turn_id)
            await client.until_frames(60)
            owner = await eventually(lambda: stack.owner(stage), "a worker has work")
            assert owner in without_drain
            owner.send(signal.SIGTERM)
            assert await asyncio.to_thread(owner.wait) == 0
            assert "requeued work" in owner.log.read_text()
            await client.until_done(turn_id)
            peer = next(process for process in without_drain if process is not owner)
            assert "took work over" not in peer.log.read_text(), "it waited for a lease"
            async with stack.bus() as bus:
                verdict = await judge_turn(bus, client.record, turn_id)
            assert verdict.is_clean, verdict
    finally:
        for process in without_drain:
            stack.start(stage)
            if process.running:
                process.send(signal.SIGTERM)
