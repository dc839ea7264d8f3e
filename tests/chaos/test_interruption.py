"""Hundreds of interruptions at random moments: no frame of an older epoch comes after the interruption."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator

import pytest

from tertulia_shared.ids import new_id
from tests.harness.client import TalkClient, talk
from tests.harness.stack import Stack
from tests.harness.talk_record import Record

pytestmark = pytest.mark.timeout(180, method="signal")

CONVERSATIONS = 10
"""The number of concurrent conversations."""
TIMES = 20
LAST_FRAME = 120
ASKED = "Luna and Rex, tell me a story."


@pytest.fixture(scope="module")
def fast(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack in which the model writes a whole story in a fifth of a second."""
    with Stack(
        tmp_path_factory.mktemp("fast") / "stack",
        workers={"gateway": 1, "llm": 1, "tts": 1},
        env={"TERTULIA_DEMO_TOKENS_PER_SECOND": "800"},
    ) as running:
        yield running


@pytest.mark.parametrize("way", ["interrupt", "another message"])
async def test_no_frame_of_an_older_epoch_comes_after_an_interruption(fast: Stack, way: str) -> None:
    async with asyncio.TaskGroup() as people:
        talks = [
            people.create_task(_interrupt_repeatedly(fast, way, random.Random(f"{way} {number}")))
            for number in range(CONVERSATIONS)
        ]
    assert sum(each.result() for each in talks) > CONVERSATIONS * TIMES // 2


async def _interrupt_repeatedly(stack: Stack, way: str, chance: random.Random) -> int:
    """Interrupt one conversation many times. Returns how many times a reply was in progress.

    The record checks each frame when it arrives.
    """
    in_mid_reply = 0
    async with talk(*stack.urls) as client:
        record = client.record
        turn_id = await client.say(ASKED, new_id())
        replaced: list[str] = []
        for _ in range(TIMES):
            await _some_frames(client, turn_id, chance.randint(0, LAST_FRAME))
            done, epoch = record.turn_is_done(turn_id), record.epoch
            in_mid_reply += not done
            if way == "interrupt":
                await client.send("interrupt")
                if not done:
                    await client.until(lambda epoch=epoch: record.epoch > epoch, "the interruption")
            replaced.append(turn_id)
            turn_id = await client.say(ASKED, new_id())
        await client.until_done(turn_id)
        whole = [("Luna", "complete"), ("Rex", "complete")]
        assert statuses(record, turn_id) == whole
        # a reply may have ended before the gateway received the interruption
        cut = [each for each in replaced if not record.turn_is_done(each) or statuses(record, each) != whole]
        assert len(record.of("interrupted")) >= len(cut)
    return in_mid_reply


def statuses(record: Record, turn_id: str) -> list[tuple[str, str]]:
    """The characters that replied in the turn, and how the reply of each ended."""
    return [(story.name, story.status) for story in record.of_turn(turn_id)]


async def _some_frames(client: TalkClient, turn_id: str, count: int) -> None:
    """Wait for this many frames of the turn, or for the turn's end."""
    begun = len(client.record.frames)
    await client.until(
        lambda: len(client.record.frames) >= begun + count or client.record.turn_is_done(turn_id), f"{count} frames"
    )
