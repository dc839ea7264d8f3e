"""Talks, and strikes at random moments: `python -m tests.chaos.drive --rounds 100 --seed 7`.

Each round is one turn on a stack of two processes of each kind; one or two blows fall, each when the client has seen a
random number of frames of it. At the end stands what was lost, doubled or out of order: it must be 0.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from tertulia_shared.ids import new_id
from tests.chaos.blows import BLOWS, Blow
from tests.chaos.verdict import Verdict, judge_turn, until_kept
from tests.fakes.client import TalkClient, talk
from tests.fakes.stack import Service, Stack

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


async def rounds(stack: Stack, count: int, seed: int) -> tuple[Verdict, Counter[str]]:
    """So many struck turns; the sum of their verdicts, and how often each blow fell."""
    chance = random.Random(seed)
    total, fallen = Verdict(), Counter[str]()
    for number in range(count):
        names = chance.choices(sorted(BLOWS), k=chance.choice((1, 1, 2)))
        text, frames = chance.choice(STORIES), sorted(chance.randint(0, LAST_FRAME) for _ in names)
        fallen.update(names)
        async with talk(*stack.urls) as client:
            try:
                verdict = await struck_turn(
                    stack, client, text, *zip(frames, map(BLOWS.__getitem__, names), strict=True)
                )
            except AssertionError as failure:
                verdict = Verdict(untrue=(str(failure),))
        total += verdict
        what = ", ".join(f"{name} at frame {frame}" for name, frame in zip(names, frames, strict=True))
        _say(f"{number + 1:4} {what}: {'clean' if verdict.is_clean else verdict}")
    return total, fallen


def main(argv: Sequence[str] | None = None) -> int:
    """Run it; 1 if anything was not as it must be."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=20, help="turns to talk")
    parser.add_argument("--seed", type=int, default=random.randrange(2**32), help="for the same moments again")
    arguments = parser.parse_args(argv)
    if arguments.rounds < 1:
        parser.error("--rounds must be at least 1")
    _say(f"seed {arguments.seed}")
    with tempfile.TemporaryDirectory(prefix="tertulia-chaos-") as folder, chaos_stack(Path(folder) / "stack") as stack:
        total, fallen = asyncio.run(rounds(stack, arguments.rounds, arguments.seed))
        for name, times in sorted(fallen.items()):
            _say(f"{times:4} × {name}")
        _say(
            f"{total.sentences} sentences: {total.lost} lost, {total.doubled} doubled, {total.disordered} out of "
            f"order, {len(total.untrue)} other faults"
        )
    return 0 if total.is_clean else 1


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
