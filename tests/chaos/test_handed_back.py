"""A worker that must stop at once hands its work back: a peer goes on without waiting for a lease to run out."""

from __future__ import annotations

import asyncio
import signal

import pytest

from tertulia_shared.ids import new_id
from tertulia_shared.keys import Stage
from tests.chaos.verdict import judge_turn
from tests.harness.client import talk
from tests.harness.stack import Stack

pytestmark = pytest.mark.timeout(120, method="signal")


@pytest.mark.parametrize("stage", ["llm", "tts"])
async def test_the_reply_goes_on_at_a_peer(stack: Stack, stage: Stage) -> None:
    # a lease that nobody lets run out: one who is held up keeps its work until it is told to stop
    hasty = [stack.start(stage, TERTULIA_DRAIN_S="0", TERTULIA_LEASE_S="30") for _ in stack.of(stage)]
    await asyncio.to_thread(stack.wait_ready)
    for patient in stack.of(stage)[:2]:
        patient.send(signal.SIGTERM)
        assert await asyncio.to_thread(patient.wait) == 0
    try:
        async with talk(*stack.urls) as client:
            turn_id = new_id()
            await client.say("Everybody, tell me a story.", turn_id)
            await client.until_frames(60)
            owner = stack.owner(stage)
            assert owner in hasty
            owner.send(signal.SIGTERM)
            assert await asyncio.to_thread(owner.wait) == 0
            assert "handed work back" in owner.log.read_text()
            await client.until_done(turn_id)
            peer = next(process for process in hasty if process is not owner)
            assert "took work over" not in peer.log.read_text(), "it waited for a lease"
            async with stack.bus() as bus:
                verdict = await judge_turn(bus, client.record, turn_id)
            assert verdict.is_clean, verdict
    finally:
        for process in hasty:
            stack.start(stage)
            if process.running:
                process.send(signal.SIGTERM)
