"""Faults in a reply while workers of two speech engines run: nothing is lost, and a sentence is cut off and said again
only where the engine changes.
"""

from __future__ import annotations

import random
import signal
from collections.abc import Sequence
from itertools import groupby, pairwise
from pathlib import Path

import pytest

from tertulia_shared.bus import Bus
from tertulia_shared.codec import decode
from tertulia_shared.entries import AudioChunk, TTSSentence
from tertulia_shared.ids import new_id
from tests.chaos.faulty_turn import STORIES
from tests.chaos.turn_verdict import SENTENCE_BYTES
from tests.harness.client import TalkClient, talk
from tests.harness.eventually import eventually
from tests.harness.stack import Stack

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]
BOX, LOCAL = "instant", "espeak"
FAULTS = 8
FRAMES = (5, 60)
"""The fewest and the most frames between two faults."""


def start_box(stack: Stack) -> None:
    stack.start("tts", TERTULIA_TTS_ENGINE=BOX, TERTULIA_TTS_TIER="0")


def start_local(stack: Stack) -> None:
    stack.start("tts", TERTULIA_TTS_ENGINE=LOCAL)


async def inject(stack: Stack, chance: random.Random) -> None:
    """Kill the worker that speaks, or stop it in order, and start a worker of one of the engines."""
    owner = stack.owner("tts")
    process = owner if owner is not None and not owner.stopping else chance.choice(stack.serving("tts"))
    # a process that starts has no handler for SIGTERM yet
    await eventually(lambda: "the speech workers are" in process.log.read_text())
    process.send(chance.choice([signal.SIGKILL, signal.SIGTERM]))
    await eventually(lambda: not process.running)
    chance.choice([start_box, start_local])(stack)


async def chunks(bus: Bus, client: TalkClient, message_id: str) -> list[AudioChunk]:
    entries = await bus.read(bus.keys.audio(client.record.conversation_id, message_id))
    return [decode(AudioChunk, entry.fields) for entry in entries]


def assert_whole(found: Sequence[AudioChunk], sentences: int) -> None:
    assert found[-1].is_final
    for index in range(sentences):
        own = [chunk for chunk in found if chunk.sentence_index == index and not chunk.is_final]
        assert [chunk.chunk_index for chunk in own] == list(range(len(own))), "no chunk is missing or doubled"
        runs = [
            (engine, b"".join(chunk.audio for chunk in run)) for engine, run in groupby(own, lambda each: each.engine)
        ]
        assert runs, f"sentence {index} is not spoken"
        assert all(before[0] != after[0] for before, after in pairwise(runs))
        engine, last = runs[-1]
        if engine == BOX:
            assert len(last) == SENTENCE_BYTES, "the last rendition is whole"


@pytest.mark.parametrize("seed", [1, 2])
async def test_faults_in_replies_of_two_engines_lose_nothing(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    with Stack(tmp_path / "stack", workers={"gateway": 1, "stt": 1, "llm": 1}, fsync="always") as stack:
        start_local(stack)
        start_box(stack)
        stack.wait_ready()
        async with talk(*stack.urls) as client, stack.bus() as bus:
            for story in STORIES[:2]:
                turn_id = new_id()
                await client.say(story, turn_id)
                for _ in range(FAULTS // 2):
                    at = len(client.record.frames) + chance.randint(*FRAMES)
                    await client.until(
                        lambda at=at, turn_id=turn_id: (
                            len(client.record.frames) >= at or client.record.turn_is_done(turn_id)
                        ),
                        "more of the reply",
                    )
                    await inject(stack, chance)
                await client.until_done(turn_id)
                for message in client.record.of_turn(turn_id):
                    key = bus.keys.sentences(client.record.conversation_id, message.message_id)
                    sentences = [decode(TTSSentence, entry.fields) for entry in await bus.read(key)]
                    assert_whole(
                        await chunks(bus, client, message.message_id), sum(not each.is_final for each in sentences)
                    )
