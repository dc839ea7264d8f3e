"""Each fault during a reply: every sentence is heard once, completely and in order."""

from __future__ import annotations

import random

import pytest

from tests.chaos.faults import FAULTS
from tests.chaos.faulty_turn import LAST_FRAME, STORIES, turn_with_faults
from tests.chaos.turn_verdict import judge_turn
from tests.harness.client import talk
from tests.harness.stack import Stack

pytestmark = pytest.mark.timeout(120, method="signal")


@pytest.mark.parametrize("name", FAULTS)
async def test_fault_during_a_reply_does_not_lose_repeat_or_reorder_audio(stack: Stack, name: str) -> None:
    chance = random.Random(f"moment of: {name}")
    async with talk(*stack.urls) as client:
        verdict = await turn_with_faults(
            stack, client, chance.choice(STORIES[:2]), (chance.randint(20, LAST_FRAME), FAULTS[name])
        )
    assert verdict.is_clean, verdict
    assert verdict.sentences > 0


async def test_turn_verdict_detects_each_kind_of_error(stack: Stack) -> None:
    async with talk(*stack.urls) as client, stack.bus() as bus:
        await client.hears("Luna and Rex, hello!", turn_id := "6f9a2f0e-6d2b-4f0e-8a43-0d6b8b8e0a11")
        record = client.record
        assert (await judge_turn(bus, record, turn_id)).is_clean
        luna, rex = record.of_turn(turn_id)
        luna.chunks.insert(3, luna.chunks[2])
        assert (await judge_turn(bus, record, turn_id)).doubled == 1
        luna.chunks.pop(3)
        rex.chunks[4], rex.chunks[5] = rex.chunks[5], rex.chunks[4]
        assert (await judge_turn(bus, record, turn_id)).disordered == 1
        del rex.pcm[1]
        assert (await judge_turn(bus, record, turn_id)).lost == 1
        luna.text += "!"
        assert any("shown:" in mismatch for mismatch in (await judge_turn(bus, record, turn_id)).mismatches)
