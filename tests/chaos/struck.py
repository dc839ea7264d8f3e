"""One turn that is struck at given frames, for tests. `make chaos` (`tests/chaos/rig`) is the long random run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tertulia_shared.ids import new_id
from tests.chaos.blows import Blow
from tests.chaos.verdict import Verdict, judge_turn, until_kept
from tests.harness.client import TalkClient
from tests.harness.stack import Service, Stack

PAIRS: Mapping[Service, int] = {"gateway": 2, "stt": 1, "llm": 2, "tts": 2}
STORIES = (
    "Luna, tell me a story about the ocean.",
    "Rex, tell me a story.",
    "Sage and Luna, hello! How are you today?",
    "Hello everybody, how are you?",
)
LAST_FRAME = 200
"""The latest moment for a blow, in frames; the longest answers have about 300."""


def chaos_stack(folder: Path) -> Stack:
    """A stack that can be struck: two of each, and a Redis that forgets nothing it has acknowledged."""
    return Stack(folder, workers=PAIRS, fsync="always")


async def struck_turn(stack: Stack, client: TalkClient, text: str, *blows: tuple[int, Blow]) -> Verdict:
    """One turn; each blow falls when so many of its frames have come (or at its end, if it is shorter)."""
    turn_id = new_id()
    before = len(client.record.frames)
    await client.say(text, turn_id)
    for at_frame, blow in blows:
        await client.until(
            lambda count=before + at_frame: len(client.record.frames) >= count or client.record.turn_is_done(turn_id),
            f"{at_frame} frames of the answer",
        )
        await blow(stack, client)
    await client.until_done(turn_id)
    await until_kept(stack.data_dir / "tertulia.db", client.record, turn_id)
    async with stack.bus() as bus:
        return await judge_turn(bus, client.record, turn_id)
