"""Redis loses the writes of its last second (`appendfsync everysec`): the client gets an error, and turns continue."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from tertulia_gateway.conversation.data_loss import LOST_EPOCHS
from tertulia_shared.ids import new_id
from tests.chaos.turn_verdict import judge_turn
from tests.harness.client import TalkClient, talk
from tests.harness.sound import microphone
from tests.harness.stack import Stack

pytestmark = pytest.mark.timeout(120, method="signal")

STORY = "Luna, tell me a story about the ocean."
LONG_STORY = "Luna, Rex and Sage, tell me a story about the ocean."
"""Three replies of some 500 characters each."""


@pytest.fixture(scope="module")
def stack_of_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One stack for all tests, so it must work again after each loss."""
    with Stack(tmp_path_factory.mktemp("everysec") / "stack", fsync="everysec") as stack:
        yield stack


@pytest.fixture
def everysec(stack_of_all: Stack) -> Stack:
    """The stack, when it is ready."""
    stack_of_all.wait_ready()
    return stack_of_all


async def power_cut(stack: Stack, keeps: int) -> None:
    """Kill Redis, and start it with only the first `keeps` bytes of its append-only file."""

    def cut() -> None:
        stack.redis.kill()
        stack.redis.lose(keeps)
        stack.redis.start()

    await asyncio.to_thread(cut)


async def assert_client_recovers(stack: Stack, client: TalkClient) -> None:
    """Check that the client gets `talk_lost` and the end of the interrupted turn, and that the next turn is
    answered.
    """
    await client.until(lambda: "talk_lost" in [frame["code"] for frame in client.record.of("error")], "the error")
    await client.until(
        lambda: any(frame["epoch"] > LOST_EPOCHS for frame in client.record.of("interrupted")), "the interruption"
    )
    turn_id = new_id()
    await client.hears(STORY, turn_id)
    async with stack.bus() as bus:
        verdict = await judge_turn(bus, client.record, turn_id)
    assert verdict.is_clean, verdict
    assert stack.length(stack.keys.dead()) == 0


async def last_event(stack: Stack, client: TalkClient) -> str:
    """The id of the last event in the stream."""
    async with stack.bus() as bus:
        last = await bus.last(bus.keys.events(client.record.conversation_id))
        assert last is not None
        return last.id


def sort_key(event_id: str) -> tuple[int, ...]:
    """The sort key of an entry id."""
    return tuple(int(part) for part in event_id.split("-"))


@pytest.mark.parametrize("chars", [0, 100, 400], ids=["the turn", "the reply's beginning", "the reply's end"])
async def test_client_recovers_from_data_loss_in_mid_reply(everysec: Stack, chars: int) -> None:
    async with talk(*everysec.urls) as client:
        await client.hears("Luna, hello!", new_id())
        keeps, kept = everysec.redis.log_size(), await last_event(everysec, client)
        turn_id = new_id()
        await client.say(LONG_STORY, turn_id)
        if chars:
            await client.until(lambda: any(len(m.text) >= chars for m in client.record.of_turn(turn_id)), "the text")
            keeps, kept = everysec.redis.log_size(), await last_event(everysec, client)
        await client.until_frames(len(client.record.frames) + 10)
        # the client can notice the loss only by an event that it has received, not by an audio frame
        await client.until(lambda: sort_key(client.record.last_event_id) > sort_key(kept), "an event that will be lost")
        await power_cut(everysec, keeps)
        await assert_client_recovers(everysec, client)


async def test_client_recovers_when_redis_is_flushed_in_mid_reply(everysec: Stack) -> None:
    async with talk(*everysec.urls) as client:
        await client.hears("Luna, hello!", new_id())
        before = len(client.record.frames)
        await client.say(LONG_STORY, new_id())
        await client.until_frames(before + 40)
        await asyncio.to_thread(everysec.flush)
        await client.until(lambda: client.record.of("error"), "the error")
        await assert_client_recovers(everysec, client)


async def test_client_recovers_from_data_loss_while_it_was_disconnected(everysec: Stack) -> None:
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
        await assert_client_recovers(everysec, client)
        assert gateway.running


async def test_spoken_turn_is_answered_after_data_loss_while_listening(everysec: Stack) -> None:
    async with talk(*everysec.urls) as client:
        keeps = everysec.redis.log_size()
        await client.send("start_listening")
        await client.until_event("vad_detect_start")
        await power_cut(everysec, keeps)
        await client.until(lambda: client.record.of("error"), "the error")
        for frame in microphone("hello_luna.wav", silence_ms=1500):
            await client.send_raw(frame)
        await client.send("stop_listening")
        await client.until_event("listening_stopped")
        await client.until(lambda: client.record.turns_accepted, "the spoken turn")
        (turn_id,) = client.record.turns_accepted
        await client.until_done(turn_id)
