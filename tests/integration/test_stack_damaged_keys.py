"""A conversation with damaged keys in Redis is repaired and continues, with real processes and their Redis users."""

from __future__ import annotations

import pytest
from redis import Redis

from tertulia_shared.ids import new_id
from tests.harness.client import talk
from tests.harness.sound import microphone
from tests.harness.stack import Stack

ENVELOPE = {"v": "1", "ts": "1700000000000", "epoch": "0"}
FAR = ["99999999999999-0", f"{2**64 - 1}-0", f"{2**64 - 1}-{2**64 - 1}"]
STREAMS = ["turns", "events", "control", "receipts"]


@pytest.fixture
def raw(stack: Stack) -> Redis:
    """A Redis client that may do everything."""
    return Redis.from_url(stack.redis.url)  # pyright: ignore[reportUnknownMemberType] - untyped kwargs


@pytest.mark.parametrize("epoch", ["abc", "9" * 17])
async def test_epoch_that_is_not_a_number_costs_at_most_one_turn(stack: Stack, raw: Redis, epoch: str) -> None:
    async with talk(*stack.urls) as client:
        await client.hears("Luna, hello!", new_id())
        raw.hset(stack.keys.state(client.record.conversation_id).name, "epoch", epoch)
        await client.say("Rex, hello!", new_id())
        await client.hears("Sage, hello!", new_id())
        assert client.connections == 1


@pytest.mark.parametrize("id", FAR)
async def test_event_with_an_id_in_the_far_future_does_not_block_later_events(
    stack: Stack, raw: Redis, id: str
) -> None:
    async with talk(*stack.urls) as client:
        await client.hears("Luna, hello!", new_id())
        events = stack.keys.events(client.record.conversation_id)
        raw.xadd(events.name, {**ENVELOPE, "type": "no_such_event"}, id=id)
        await client.hears("Rex, hello!", new_id())
        assert id not in [frame.get("event_id") for frame in client.record.frames]
        assert client.connections == 1


@pytest.mark.parametrize("name", STREAMS)
async def test_stream_key_of_a_wrong_type_costs_at_most_one_turn(stack: Stack, raw: Redis, name: str) -> None:
    async with talk(*stack.urls) as client:
        await client.hears("Luna, hello!", new_id())
        key = getattr(stack.keys, name)(client.record.conversation_id).name
        raw.delete(key)
        raw.set(key, "no stream", ex=600)
        await client.say("Rex, hello!", new_id())
        await client.hears("Sage, hello!", new_id())


async def test_epoch_that_is_not_a_number_ends_listening_with_an_error(stack: Stack, raw: Redis) -> None:
    async with talk(*stack.urls) as client:
        await client.hears("Luna, hello!", new_id())
        await client.send("start_listening")
        await client.until_event("vad_detect_start")
        raw.hset(stack.keys.state(client.record.conversation_id).name, "epoch", "abc")
        for frame in microphone("hello_luna.wav", silence_ms=1_000):
            await client.send_raw(frame)
        await client.send("stop_listening")
        stopped = await client.until_event("listening_stopped")
        assert stopped["cause"] == "failed"
        assert client.record.of("error")[-1]["code"] == "stt_failed"
        await client.hears("Luna, hello!", new_id())
