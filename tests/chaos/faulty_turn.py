"""Runs one turn with faults at given frames. `make chaos` (`tests/chaos/rig`) is the long random run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tertulia_shared.ids import new_id
from tests.chaos.faults import Fault
from tests.chaos.turn_verdict import TurnVerdict, judge_turn, until_saved
from tests.harness.client import TalkClient
from tests.harness.service_process import Service
from tests.harness.stack import Stack

PAIRS: Mapping[Service, int] = {"gateway": 2, "stt": 1, "llm": 2, "tts": 2}
STORIES = (
    "Luna, tell me a story about the ocean.",
    "Rex, tell me a story.",
    "Sage and Luna, hello! How are you today?",
    "Hello everybody, how are you?",
)
LAST_FRAME = 200
"""The last frame at which a fault is injected. The longest answers have about 300 frames."""


def chaos_stack(folder: Path) -> Stack:
    """A stack of two processes of each kind, and a Redis that loses no acknowledged write."""
    return Stack(folder, workers=PAIRS, fsync="always")


async def turn_with_faults(stack: Stack, client: TalkClient, text: str, *faults: tuple[int, Fault]) -> TurnVerdict:
    """Run one turn. Each fault is injected when the client has received the given number of frames, or at the turn's
    end.
    """
    turn_id = new_id()
    before = len(client.record.frames)
    await client.say(text, turn_id)
    for at_frame, inject in faults:
        await client.until(
            lambda count=before + at_frame: len(client.record.frames) >= count or client.record.turn_is_done(turn_id),
            f"{at_frame} frames of the answer",
        )
        await inject(stack, client)
    await client.until_done(turn_id)
    await until_saved(stack.data_dir / "tertulia.db", client.record, turn_id)
    async with stack.bus() as bus:
        return await judge_turn(bus, client.record, turn_id)
