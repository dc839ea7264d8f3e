"""A spoken turn through the published port of a gateway."""

from __future__ import annotations

from tests.harness.client import talk
from tests.harness.sound import loudness


async def assert_understood_and_answered_aloud(url: str) -> None:
    """Ask Rex about the weather by voice. Check the transcript and the audio of the answer."""
    async with talk(url) as client:
        await client.speak("question_rex.wav")
        accepted = await client.until_event("turn_accepted")
        assert accepted["source"] == "spoken"
        assert "weather" in accepted["text"]
        await client.until_done(accepted["turn_id"])
        (answer,) = client.record.of_turn(accepted["turn_id"])
    assert (answer.name, answer.status) == ("Rex", "complete")
    assert loudness(b"".join(bytes(pcm) for pcm in answer.pcm.values())) > 0.01
