"""A Redis that loses power comes back without the last second (`appendfsync everysec`): nobody waits for ever."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import pytest

from tertulia_gateway.conversation.data_loss import LOST_EPOCHS
from tertulia_shared.ids import new_id
from tests.chaos.verdict import judge_turn
from tests.harness.client import TalkClient, talk
from tests.harness.sound import microphone
from tests.harness.stack import Stack

pytestmark = pytest.mark.timeout(120, method="signal")

STORY = "Luna, tell me a story about the ocean."
LONG_STORY = "Luna, Rex and Sage, tell me a story about the ocean."
"""Of some 540 events: at no frame at which it is cut is all of its text written, however far the sound is behind."""


@pytest.fixture(scope="module")
def stack_of_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One stack for all tests: it has to work again after each loss."""
    with Stack(tmp_path_factory.mktemp("everysec") / "stack", fsync="everysec") as stack:
        yield stack


@pytest.fixture
def everysec(stack_of_all: Stack) -> Stack:
    """The stack, ready."""
    stack_of_all.wait_ready()
    return stack_of_all


async def power_cut(stack: Stack, keeps: int) -> None:
    """Redis goes and comes back with so many bytes of its log."""

    def cut() -> None:
        stack.redis.kill()
        stack.redis.lose(keeps)
        stack.redis.start()

    await asyncio.to_thread(cut)


async def assert_told_and_goes_on(stack: Stack, client: TalkClient) -> None:
    """The client hears of it, by a word and by an end to what it waited for; the next turn is as any."""
    await client.until(lambda: "talk_lost" in [frame["code"] for frame in client.record.of("error")], "the word")
    await client.until(
        lambda: any(frame["epoch"] > LOST_EPOCHS for frame in client.record.of("interrupted")), "the end of what was"
    )
    turn_id = new_id()
    await client.hears(STORY, turn_id)
    async with stack.bus() as bus:
        verdict = await judge_turn(bus, client.record, turn_id)
    assert verdict.is_clean, verdict
    assert stack.length(stack.keys.dead()) == 0


async def last_event(stack: Stack, client: TalkClient) -> str:
    """The id of the last event that is written."""
    async with stack.bus() as bus:
        last = await bus.last(bus.keys.events(client.record.conversation_id))
        assert last is not None
        return last.id


def place(event_id: str) -> tuple[int, ...]:
    """Ids of a stream in their order."""
    return tuple(int(part) for part in event_id.split("-"))


@pytest.mark.parametrize("frames", [0, 40, 120], ids=["the turn itself", "the reply's beginning", "its end"])
async def test_in_mid_reply(everysec: Stack, frames: int) -> None:
    async with talk(*everysec.urls) as client:
        await client.hears("Luna, hello!", new_id())
        keeps, kept, before = everysec.redis.log_size(), await last_event(everysec, client), len(client.record.frames)
        await client.say(LONG_STORY, new_id())
        await client.until_frames(before + frames)
        if frames:
            keeps, kept = everysec.redis.log_size(), await last_event(everysec, client)
        await client.until_frames(before + frames + 20)
        # only who has seen an event can miss it: frames of sound would not do
        await client.until(lambda: place(client.record.last_event_id) > place(kept), "an event that will be lost")
        await power_cut(everysec, keeps)
        await assert_told_and_goes_on(everysec, client)


async def test_flushed_in_mid_reply_under_a_live_connection(everysec: Stack) -> None:
    async with talk(*everysec.urls) as client:
        await client.hears("Luna, hello!", new_id())
        before = len(client.record.frames)
        await client.say(LONG_STORY, new_id())
        await client.until_frames(before + 40)
        begun = time.monotonic()
        await asyncio.to_thread(everysec.flush)
        await client.until(lambda: client.record.of("error"), "the word")
        # looked at once a second; the rest is for a slow machine
        assert time.monotonic() - begun < 5
        await assert_told_and_goes_on(everysec, client)


async def test_while_the_client_was_away(everysec: Stack) -> None:
    async with talk(*everysec.urls) as client:
        await client.hears("Luna, hello!", new_id())
        keeps = everysec.redis.log_size()
        await client.say(STORY, new_id())
        await client.until_event("message_started", 2)
        (gateway,) = everysec.of("gateway")
        urls = everysec.urls
        client.go_to(["ws://127.0.0.1:1/ws"])
        client.drop()
        await power_cut(everysec, keeps)
        client.go_to(urls)
        await assert_told_and_goes_on(everysec, client)
        assert gateway.running


async def test_while_someone_speaks(everysec: Stack) -> None:
    async with talk(*everysec.urls) as client:
        keeps = everysec.redis.log_size()
        await client.send("start_listening")
        await client.until_event("vad_detect_start")
        await power_cut(everysec, keeps)
        await client.until(lambda: client.record.of("error"), "the word")
        for frame in microphone("hello_luna.wav", silence_ms=1500):
            await client.send_raw(frame)
        await client.send("stop_listening")
        await client.until_event("listening_stopped")
        await client.until(lambda: client.record.turns_accepted, "the spoken turn")
        (turn_id,) = client.record.turns_accepted
        await client.until_done(turn_id)
