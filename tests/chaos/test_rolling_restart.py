"""Every process is stopped and replaced, one after the other, while clients talk. No client notices it."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator

import pytest

from tertulia_shared.ids import new_id
from tertulia_shared.keys import STAGES, Stage
from tests.chaos.turn_verdict import TurnVerdict, judge_turn, until_saved
from tests.harness.broken_speech import assert_heard
from tests.harness.client import TalkClient, talk
from tests.harness.eventually import eventually
from tests.harness.service_process import Process, Service
from tests.harness.sound import microphone
from tests.harness.stack import Stack

pytestmark = pytest.mark.timeout(240, method="signal")

STORY = "Luna, tell me a story about the ocean."
NO_DRAIN = {"TERTULIA_DRAIN_S": "0"}
"""Workers immediately requeue work that they have begun. By default, they have ten seconds to finish it."""


@pytest.fixture(scope="module", params=[{}, NO_DRAIN], ids=["finishes begun work", "requeues begun work"])
def pairs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack with two processes of each kind. The leases are so long that a test that waits for one fails."""
    workers: dict[Service, int] = {"gateway": 2, "stt": 2, "llm": 2, "tts": 2}
    folder = tmp_path_factory.mktemp("pairs") / "stack"
    with Stack(folder, workers=workers, env={"TERTULIA_LEASE_S": "30", **request.param}) as stack:
        yield stack


@pytest.fixture(scope="module")
def singles(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack with one process of each kind, as in a usual installation."""
    with Stack(tmp_path_factory.mktemp("singles") / "stack", env={"TERTULIA_LEASE_S": "30", **NO_DRAIN}) as stack:
        yield stack


async def stop(process: Process) -> None:
    process.send(signal.SIGTERM)
    assert await asyncio.to_thread(process.wait) == 0, process.tail()


async def tell_stories(stack: Stack, client: TalkClient, over: asyncio.Event) -> TurnVerdict:
    """Listen to one story after the other, each to its end. Returns the sum of the verdicts."""
    total = TurnVerdict()
    while not over.is_set():
        turn_id = new_id()
        await client.hears(STORY, turn_id)
        await until_saved(stack.data_dir / "tertulia.db", client.record, turn_id)
        async with stack.bus() as bus:
            total += await judge_turn(bus, client.record, turn_id)
    return total


async def speak(stack: Stack, client: TalkClient, over: asyncio.Event) -> TurnVerdict:
    """Speak the same sentence repeatedly. Each time it must become one turn with a full answer."""
    total = TurnVerdict()
    while not over.is_set():
        before, sessions = set(client.record.turns_accepted), len(client.record.of("listening_stopped"))
        await client.send("start_listening")
        for frame in microphone("hello_luna.wav", silence_ms=1500):
            await client.send_raw(frame)
        await client.send("stop_listening")
        assert (await client.until_event("listening_stopped", sessions + 1))["cause"] == "stopped"
        (turn_id,) = set(client.record.turns_accepted) - before
        assert_heard(client.record.turns_accepted[turn_id])
        await client.until_done(turn_id)
        async with stack.bus() as bus:
            total += await judge_turn(bus, client.record, turn_id)
    return total


async def replace(stack: Stack, stage: Stage, old: Process) -> None:
    """Stop a worker that has work, and start a new one."""
    await eventually(lambda: stack.length(stack.keys.work(stage)) or None, f"there is {stage} work")
    await stop(old)
    stack.start(stage)
    await asyncio.to_thread(stack.wait_ready)


def assert_no_lease_ran_out_and_nothing_failed(stack: Stack) -> None:
    assert stack.length(stack.keys.dead()) == 0
    for name, log in stack.logs().items():
        assert "took work over" not in log, f"{name} waited for a lease\n{stack.tails()}"
        assert "attempt failed" not in log, name


async def test_no_turn_is_lost_when_every_worker_is_replaced(pairs: Stack) -> None:
    over = asyncio.Event()
    async with talk(*pairs.urls) as listener, talk(*pairs.urls) as speaker, asyncio.TaskGroup() as talks:
        stories = talks.create_task(tell_stories(pairs, listener, over))
        spoken = talks.create_task(speak(pairs, speaker, over))
        for stage in STAGES:
            for old in pairs.of(stage):
                await replace(pairs, stage, old)
        over.set()
    for verdict in (stories.result(), spoken.result()):
        assert verdict.is_clean, verdict
        assert verdict.sentences > 0
    assert_no_lease_ran_out_and_nothing_failed(pairs)


async def test_no_turn_is_lost_when_the_gateways_are_replaced(pairs: Stack) -> None:
    over = asyncio.Event()
    async with talk(*pairs.urls) as client, asyncio.TaskGroup() as talks:
        stories = talks.create_task(tell_stories(pairs, client, over))
        for _ in range(2):
            seen = len(client.record.frames)
            await client.until(lambda seen=seen: len(client.record.frames) > seen + 50, "some of a story")
            old = client.connected_to(pairs.of("gateway"))
            pairs.start("gateway")
            await asyncio.to_thread(pairs.wait_ready)
            client.go_to([url for url in pairs.urls if f":{old.port}/" not in url])
            await stop(old)
        over.set()
    assert client.connections == 3
    verdict = stories.result()
    assert verdict.is_clean, verdict
    assert verdict.sentences > 0
    assert_no_lease_ran_out_and_nothing_failed(pairs)


@pytest.mark.parametrize("stage", ["llm", "tts"])
async def test_reply_continues_when_the_only_tts_or_llm_worker_is_replaced(singles: Stack, stage: Stage) -> None:
    async with talk(*singles.urls) as client:
        turn_id = new_id()
        await client.say(STORY, turn_id)
        await client.until_frames(60)
        (old,) = singles.of(stage)
        await stop(old)
        assert "requeued work" in old.log.read_text()
        assert not client.record.turn_is_done(turn_id)
        singles.start(stage)
        await client.until_done(turn_id)
        async with singles.bus() as bus:
            verdict = await judge_turn(bus, client.record, turn_id)
    assert verdict.is_clean, verdict
    assert_no_lease_ran_out_and_nothing_failed(singles)


async def test_spoken_turn_is_complete_although_the_only_stt_worker_is_replaced(singles: Stack) -> None:
    async with talk(*singles.urls) as client:
        await client.send("start_listening")
        frames = list(microphone("hello_luna.wav", silence_ms=1500))
        for frame in frames[: len(frames) // 2]:
            await client.send_raw(frame)
        await client.until_event("vad_start")
        (old,) = singles.of("stt")
        await stop(old)
        for frame in frames[len(frames) // 2 :]:
            await client.send_raw(frame)
        await client.send("stop_listening")
        singles.start("stt")
        assert (await client.until_event("listening_stopped"))["cause"] == "stopped"
        ((turn_id, text),) = client.record.turns_accepted.items()
        assert_heard(text)
        await client.until_done(turn_id)
    assert_no_lease_ran_out_and_nothing_failed(singles)
