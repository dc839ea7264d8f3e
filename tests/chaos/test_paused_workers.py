"""A worker is paused until a peer has finished its work. When it continues, it changes nothing."""

from __future__ import annotations

import signal

import pytest

from tertulia_shared.ids import new_id
from tertulia_shared.keys import Stage
from tests.chaos.turn_verdict import judge_turn
from tests.harness.client import talk
from tests.harness.eventually import eventually
from tests.harness.stack import Stack

pytestmark = pytest.mark.timeout(120, method="signal")

GIVE_UP = ("stopped: another worker owns this work now", "work is interrupted", "work stays pending")
"""Lines that the worker may log after SIGCONT. The last two are possible if it was paused during a write."""


@pytest.mark.parametrize("stage", ["llm", "tts"])
async def test_paused_worker_changes_nothing_after_a_peer_finished_its_work(stack: Stack, stage: Stage) -> None:
    async with talk(*stack.urls) as client, stack.bus() as bus:
        turn_id = new_id()
        await client.say("Rex, tell me a story.", turn_id)
        await client.until_frames(10)
        zombie = await eventually(lambda: stack.owner(stage), "a worker has the work")
        zombie.send(signal.SIGSTOP)
        try:
            await client.until_done(turn_id)
            c, keys = client.record.conversation_id, bus.keys
            (story,) = client.record.of_turn(turn_id)
            streams = [keys.events(c), keys.sentences(c, story.message_id), keys.audio(c, story.message_id)]
            ends = [await bus.last(key) for key in streams]
        finally:
            zombie.send(signal.SIGCONT)
        await eventually(lambda: any(end in zombie.log.read_text() for end in GIVE_UP), "the worker gives its work up")
        assert [await bus.last(key) for key in streams] == ends
        verdict = await judge_turn(bus, client.record, turn_id)
        assert verdict.is_clean, verdict
        await client.hears("Rex and Luna, hello!", new_id())
