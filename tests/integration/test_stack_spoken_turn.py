"""Speech through all processes: a WAV file is transcribed, and the named character answers with audio."""

from __future__ import annotations

import re

import numpy as np
import pytest

from tests.harness.broken_speech import assert_one_turn, speak_over_a_break
from tests.harness.client import AT_ONCE_MS, TalkClient, talk
from tests.harness.room import pcm as room_pcm
from tests.harness.sound import frames, loudness, recording, silence, with_pause
from tests.harness.stack import Stack
from tests.harness.vocal_sounds import hum

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
        in_order = [kinds.index(kind) for kind in ("vad_start", "transcription_update", "turn_accepted", "audio")]
        assert in_order == sorted(in_order)
        assert {frame["session_id"] for frame in client.record.of("vad_start")} == {stopped["session_id"]}
        assert client.record.of("error") == [], "nothing of it was dropped"
        stack.unsaid |= client.record.words()


async def test_recorded_silence_does_not_become_a_turn(stack: Stack) -> None:
    async with talk(*stack.urls) as client:
        await client.speak("silence_noise.wav")
        assert (await client.until_event("listening_stopped"))["cause"] == "stopped"
        assert client.record.turns_accepted == {}


def milliseconds(duration: int) -> int:
    """The number of bytes of a microphone's PCM with this duration."""
    return len(silence(duration))


async def send_pcm(client: TalkClient, pcm: bytes) -> None:
    for frame in frames(pcm):
        await client.send_raw(frame)


@pytest.mark.parametrize(
    ("pcm", "said"),
    [
        (with_pause(recording("hello_luna.wav"), 2.86, 1000), "hello luna tell me a story about the ocean"),
        (with_pause(recording("question_rex.wav"), 0.98, 700), "rex what do you think about the weather today"),
    ],
    ids=["unfinished sentence", "called name"],
)
async def test_pause_within_a_sentence_does_not_end_the_turn(stack: Stack, pcm: bytes, said: str) -> None:
    async with talk(*stack.urls) as client:
        await client.send("start_listening")
        await send_pcm(client, pcm[: milliseconds(AT_ONCE_MS)])
        await client.send("stop_listening")
        await client.until_event("listening_stopped")
        assert [plain(text) for text in client.record.turns_accepted.values()] == [said]
        assert len(client.record.of("vad_start")) == 2
        assert len(client.record.of("transcription_finished")) == 1
        await client.until_done(next(iter(client.record.turns_accepted)))
        stack.unsaid |= client.record.words()


async def test_speech_over_a_reply_that_is_playing_becomes_another_turn(stack: Stack) -> None:
    question = recording("question_sage.wav")[: milliseconds(2700)] + silence(500)
    greeting = recording("two_utterances.wav")[milliseconds(200) : milliseconds(1500)]
    assert len(question + greeting) <= milliseconds(AT_ONCE_MS), "the gateway would drop the rest"
    async with talk(*stack.urls) as client:
        await client.send("start_listening")
        await send_pcm(client, question)
        await client.until_event("audio")
        await send_pcm(client, greeting)
        await client.send("stop_listening")
        await client.until_event("listening_stopped")
        first, second = client.record.turns_accepted
        assert [plain(text) for text in client.record.turns_accepted.values()] == [
            "sage what is the meaning of life", "good morning",
        ]  # fmt: skip
        assert first != second
        await client.until_done(second)
        stack.unsaid |= client.record.words()


async def test_sentence_is_one_turn_if_the_connection_breaks_in_its_middle(stack: Stack) -> None:
    async with talk(*stack.urls) as client:
        await speak_over_a_break(stack, client)
        await client.until_event("listening_stopped", 2)
        causes = [frame["cause"] for frame in client.record.of("listening_stopped")]
        assert causes == ["abandoned", "stopped"]
        await client.until_done(assert_one_turn(client))
        stack.unsaid |= client.record.words()


async def test_question_that_the_user_takes_back_is_not_answered(stack: Stack) -> None:
    question = recording("question_rex.wav")[: milliseconds(2900)]
    pcm = question + silence(500) + recording("stop.wav") + silence(600)
    assert len(pcm) <= milliseconds(AT_ONCE_MS), "the gateway would drop the rest"
    async with talk(*stack.urls) as client:
        await client.send("start_listening")
        await send_pcm(client, pcm)
        await client.send("stop_listening")
        await client.until_event("listening_stopped")
        assert client.record.turns_accepted == {}
        finished = client.record.of("transcription_finished")[-1]
        assert (plain(finished["text"]), finished["turn_id"]) == ("stop", "")
        assert client.record.of("message_heard") == []


async def test_hum_after_the_end_of_a_question_does_not_change_it(stack: Stack) -> None:
    question = recording("question_rex.wav")[: milliseconds(2900)]
    pcm = question + silence(600) + room_pcm((hum(130, 400) * 0.3).astype(np.float32)) + silence(700)
    async with talk(*stack.urls) as client:
        await client.send("start_listening")
        await send_pcm(client, pcm)
        await client.send("stop_listening")
        await client.until_event("listening_stopped")
        ((turn_id, text),) = client.record.turns_accepted.items()
        assert plain(text) == "rex what do you think about the weather today"
        assert len(client.record.of("vad_start")) == 2
        await client.until_done(turn_id)
        stack.unsaid |= client.record.words()
