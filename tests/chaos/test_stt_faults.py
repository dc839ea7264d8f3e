"""The stt worker is killed while the user speaks: the utterance becomes one turn."""

from __future__ import annotations

import signal

import pytest

from tests.chaos.turn_verdict import judge_turn
from tests.harness.broken_speech import assert_heard, assert_one_turn, speak_over_a_break
from tests.harness.client import AT_ONCE_MS, TalkClient, talk
from tests.harness.eventually import eventually
from tests.harness.sound import frames, microphone, recording, silence, with_pause
from tests.harness.stack import Stack

pytestmark = pytest.mark.timeout(120, method="signal")


async def speak(client: TalkClient) -> None:
    await client.send("start_listening")
    for frame in microphone("hello_luna.wav", silence_ms=1500):
        await client.send_raw(frame)


@pytest.mark.parametrize("moment", ["vad_start", "transcription_update"])
async def test_utterance_becomes_one_turn_if_the_stt_worker_is_killed(stack: Stack, moment: str) -> None:
    async with talk(*stack.urls) as client:
        await speak(client)
        await client.until_event(moment)
        owner = await eventually(lambda: stack.owner("stt"), "a worker listens")
        owner.send(signal.SIGKILL)
        stack.start("stt")
        await _assert_heard_once(stack, client)


async def test_turn_is_whole_if_the_stt_worker_is_killed_in_a_pause_of_the_sentence(stack: Stack) -> None:
    async with talk(*stack.urls) as client:
        await client.send("start_listening")
        for frame in frames(with_pause(recording("hello_luna.wav"), 2.86, 1000)[: len(silence(AT_ONCE_MS))]):
            await client.send_raw(frame)
        await client.until_event("vad_stop")
        owner = await eventually(lambda: stack.owner("stt"), "a worker listens")
        owner.send(signal.SIGKILL)
        stack.start("stt")
        await _assert_heard_once(stack, client)


async def test_utterance_is_one_turn_after_the_stt_worker_is_paused(stack: Stack) -> None:
    async with talk(*stack.urls) as client:
        await speak(client)
        await client.until_event("vad_start")
        owner = await eventually(lambda: stack.owner("stt"), "a worker listens")
        owner.send(signal.SIGSTOP)
        try:
            stack.start("stt")
            await eventually(lambda: stack.owner("stt") is not owner, "a peer takes over")
        finally:
            owner.send(signal.SIGCONT)
        await _assert_heard_once(stack, client)


@pytest.mark.parametrize("moment", ["before the client is back", "after the client is back"])
async def test_sentence_is_one_turn_if_the_connection_breaks_and_the_stt_worker_is_killed(
    stack: Stack, moment: str
) -> None:
    async def kill() -> None:
        owner = await eventually(lambda: stack.owner("stt"), "a worker listens")
        owner.send(signal.SIGKILL)
        stack.start("stt")

    async with talk(*stack.urls) as client:
        if moment == "before the client is back":
            await speak_over_a_break(stack, client, in_break=kill)
        else:
            await speak_over_a_break(stack, client, after_break=kill)
        await client.until_event("listening_stopped", 2)
        turn_id = assert_one_turn(client)
        await client.until_done(turn_id)
        async with stack.bus() as bus:
            verdict = await judge_turn(bus, client.record, turn_id)
    assert verdict.is_clean, verdict


async def _assert_heard_once(stack: Stack, client: TalkClient) -> None:
    await client.send("stop_listening")
    assert (await client.until_event("listening_stopped"))["cause"] == "stopped"
    ((turn_id, text),) = client.record.turns_accepted.items()
    assert_heard(text)
    finished = [frame for frame in client.record.of("transcription_finished") if frame["turn_id"]]
    assert [frame["turn_id"] for frame in finished] == [turn_id]
    await client.until_done(turn_id)
    async with stack.bus() as bus:
        verdict = await judge_turn(bus, client.record, turn_id)
    assert verdict.is_clean, verdict
    assert [answer.name for answer in client.record.of_turn(turn_id)] == ["Luna"]
