"""The silence that a listener hears while something happens to the containers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from tertulia_shared.ids import new_id
from tests.harness.client import talk
from tests.harness.playback import Playback

MAX_SILENCE_S = 1.0
MAX_WAIT_S = 4.0
"""The longest wait for sound around a restart of Redis: one to two seconds of restart, and the pace of the model."""
STORY = "Luna, Rex and Sage, tell me a very long story about the ocean."


async def playback_during(url: str, act: Callable[[], object]) -> Playback:
    """Request stories until `act`, which starts in the middle of the first one, has ended and a story is complete.

    The client fails if text or sound is lost or repeated.
    """
    async with talk(url) as client:
        playback = Playback(client)
        await client.say(STORY, turn_id := new_id())
        await client.until(lambda: playback.ahead_s > 0, "sound")
        acting = asyncio.create_task(asyncio.to_thread(act))
        await client.until_done(turn_id)
        while not acting.done():
            playback.begin()
            await client.say(STORY, turn_id := new_id())
            await client.until_done(turn_id)
        await acting
    return playback
