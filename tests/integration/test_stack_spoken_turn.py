"""Speech through all processes: a WAV file is transcribed, and the named character answers with audio."""

from __future__ import annotations

import re

import pytest

from tests.harness.client import talk
from tests.harness.sound import loudness
from tests.harness.stack import Stack

pytestmark = pytest.mark.timeout(120)


def plain(text: str) -> str:
    return " ".join(re.findall(r"[a-z']+", text.lower()))


@pytest.mark.parametrize(
    ("name", "said", "who"),
    [
        ("hello_luna.wav", "hello luna tell me a story about the ocean", "Luna"),
        ("question_rex.wav", "rex what do you think about the weather today", "Rex"),
    ],
)
async def test_spoken_question_is_transcribed_and_answered_aloud(stack: Stack, name: str, said: str, who: str) -> None:
    async with talk(*stack.urls) as client:
        await client.speak(name)
        accepted = await client.until_event("turn_accepted")
        assert plain(accepted["text"]) == said
        assert accepted["source"] == "spoken"
        await client.until_done(accepted["turn_id"])
        stopped = await client.until_event("listening_stopped")
        assert stopped["cause"] == "stopped"

        (answer,) = client.record.of_turn(accepted["turn_id"])
        assert (answer.name, answer.status) == (who, "complete")
        assert loudness(b"".join(bytes(pcm) for pcm in answer.pcm.values())) > 0.01
        (finished,) = client.record.of("transcription_finished")
        assert (finished["turn_id"], finished["text"]) == (accepted["turn_id"], accepted["text"])
        kinds = [frame["type"] for frame in client.record.frames]
        in_order = [kinds.index(kind) for kind in ("vad_start", "transcription_finished", "turn_accepted", "audio")]
        assert in_order == sorted(in_order)
        assert {frame["session_id"] for frame in client.record.of("vad_start")} == {stopped["session_id"]}
        assert client.record.of("error") == [], "nothing of it was dropped"
        stack.unsaid |= client.record.words()


async def test_recorded_silence_does_not_become_a_turn(stack: Stack) -> None:
    async with talk(*stack.urls) as client:
        await client.speak("silence_noise.wav")
        assert (await client.until_event("listening_stopped"))["cause"] == "stopped"
        assert client.record.turns_accepted == {}


async def test_each_utterance_of_a_listening_session_becomes_a_turn(stack: Stack) -> None:
    async with talk(*stack.urls) as client:
        await client.speak("two_utterances.wav")
        second = await client.until_event("turn_accepted", 2)
        assert [plain(text) for text in client.record.turns_accepted.values()] == [
            "good morning", "luna tell me a story",
        ]  # fmt: skip
        await client.until_done(second["turn_id"])
        assert [answer.name for answer in client.record.of_turn(second["turn_id"])] == ["Luna"]
        stack.unsaid |= client.record.words()
