"""Whatever is killed, paused, stopped or cut in mid-reply: each sentence is heard once, whole, in order, to the end."""

from __future__ import annotations

import random

import pytest

from tests.chaos.blows import BLOWS
from tests.chaos.struck import LAST_FRAME, STORIES, struck_turn
from tests.chaos.verdict import judge_turn
from tests.harness.client import talk
from tests.harness.stack import Stack

pytestmark = pytest.mark.timeout(120, method="signal")


@pytest.mark.parametrize("name", BLOWS)
async def test_nothing_is_lost_doubled_or_out_of_order(stack: Stack, name: str) -> None:
    chance = random.Random(f"moment of: {name}")
    async with talk(*stack.urls) as client:
        verdict = await struck_turn(
            stack, client, chance.choice(STORIES[:2]), (chance.randint(20, LAST_FRAME), BLOWS[name])
        )
    assert verdict.is_clean, verdict
    assert verdict.sentences > 0


async def test_a_verdict_sees_what_is_wrong(stack: Stack) -> None:
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
        assert any("shown was" in what for what in (await judge_turn(bus, record, turn_id)).untrue)
