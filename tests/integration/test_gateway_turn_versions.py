"""Tentative and reopened turns on a real Redis, with clients that move between two gateways."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
import redis

from tertulia_gateway.transport import REPLACED
from tertulia_shared.conversation_state import ConversationState, StateField
from tertulia_shared.keys import Keys
from tests.harness.eventually import eventually
from tests.harness.gateway import Client, Gateway, Workers, gateway
from tests.harness.scripted_stt import SpokenTurn
from tests.servers.redis_server import RedisServer

AGAIN = "dddddddd-0000-4000-8000-000000000001"


@pytest.fixture
def forgetful_redis(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis that loses all data when it restarts."""
    with RedisServer(tmp_path / "redis") as server:
        yield server


@pytest.fixture
async def two_gateways(redis_url: str, keys: Keys) -> AsyncGenerator[tuple[Gateway, Gateway]]:
    async with gateway(redis_url, keys) as one, gateway(redis_url, keys) as other:
        yield one, other


async def accept_tentatively(made: Gateway, client: Client) -> SpokenTurn:
    """Accept a tentative turn and write the whole reply, which the gateway holds."""
    spoken = SpokenTurn(made.bus, client.conversation_id)
    await spoken.accept("I went to the market.", tentative=True)
    await Workers(made.bus, client.conversation_id).reply(spoken.turn, spoken.epoch).whole()
    return spoken


async def wait_for_answer(client: Client) -> None:
    """Send a query and wait for its answer, so that everything before it has arrived."""
    await client.send("model_settings")
    await client.until("model_settings")


async def test_reply_to_a_tentative_turn_is_sent_after_its_confirmation(two_gateways: tuple[Gateway, Gateway]) -> None:
    one, _ = two_gateways
    async with Client.at(one.url()) as client:
        await client.next()
        spoken = SpokenTurn(one.bus, client.conversation_id)
        await spoken.accept("I went to the market.", tentative=True)
        workers = Workers(one.bus, client.conversation_id)
        turn, epoch = await workers.next_turn()
        await workers.reply(turn, epoch).whole()
        await wait_for_answer(client)
        assert [frame["type"] for frame in client.frames] == ["conversation_started", "model_settings"]
        assert await spoken.confirm()
        metrics = await client.until("turn_metrics")
        assert [frame["turn_id"] for frame in client.of("turn_accepted")] == [turn.turn_id]
        assert len(client.of("audio")) == 12
        assert metrics["metrics"]["ahead_ms"] >= 0

        async def is_sounding() -> bool:
            state = ConversationState(await one.bus.hash(one.bus.keys.state(client.conversation_id)))
            return state.get(StateField.SOUNDING) == str(epoch).encode()

        await eventually(is_sounding)
        assert not await spoken.reopen()


async def test_turn_is_confirmed_after_the_client_has_moved_to_another_gateway(
    two_gateways: tuple[Gateway, Gateway],
) -> None:
    one, other = two_gateways
    async with Client.at(one.url()) as first:
        await first.next()
        spoken = await accept_tentatively(one, first)
        async with Client.at(other.url(f"?conversation_id={first.conversation_id}")) as second:
            await wait_for_answer(second)
            assert not second.of("turn_accepted")
            assert await first.close_code() == REPLACED
            assert not first.of("turn_accepted")
            assert await spoken.confirm()
            await second.until("turn_metrics")
            assert [frame["turn_id"] for frame in second.of("turn_accepted")] == [spoken.turn_id]
            assert len(second.of("audio")) == 12


async def test_reopened_turn_comes_again_at_another_gateway(two_gateways: tuple[Gateway, Gateway]) -> None:
    one, other = two_gateways
    async with Client.at(one.url()) as first:
        await first.next()
        c = first.conversation_id
        spoken = SpokenTurn(one.bus, c)
        await spoken.accept("I went to the")
        reply = Workers(one.bus, c).reply(spoken.turn, spoken.epoch)
        for step in reply.steps()[:6]:
            step()
        await reply.flush()
        await first.until("llm_chunk")
        marks = first.resume()
    assert await spoken.reopen()
    async with Client.at(other.url("?resume=1")) as second:
        await second.send("resume", **marks)
        await second.until("turn_reopened")
        await spoken.accept("I went to the market.", tentative=True)
        again = Workers(one.bus, c).reply(spoken.turn, spoken.epoch)
        await again.whole()
        assert await spoken.confirm()
        await second.until("turn_metrics")
        assert second.of("turn_accepted")[0]["text"] == "I went to the market."
        assert {frame["message_id"] for frame in second.of("audio")} == set(again.message_ids.values())


async def test_tentative_turn_is_withdrawn_by_a_typed_message(two_gateways: tuple[Gateway, Gateway]) -> None:
    one, _ = two_gateways
    async with Client.at(one.url()) as client:
        await client.next()
        spoken = await accept_tentatively(one, client)
        await client.send("user_message", text="Hello!")
        accepted = await client.until("turn_accepted")
        assert accepted["text"] == "Hello!"
        assert not await spoken.confirm()
        assert not client.of("audio")


async def test_held_turn_that_redis_loses_is_reported_and_can_be_accepted_again(
    forgetful_redis: RedisServer, keys: Keys
) -> None:
    async with gateway(forgetful_redis.url, keys) as made, Client.at(made.url()) as client:
        await client.next()
        spoken = await accept_tentatively(made, client)
        forgetful_redis.kill()
        forgetful_redis.start()
        await client.until("error", lambda frame: frame["code"] == "talk_lost")
        await client.until("interrupted")
        await spoken.accept("I went to the market.")
        await Workers(made.bus, client.conversation_id).reply(spoken.turn, spoken.epoch).whole()
        await client.until("turn_metrics")
        assert [frame["turn_id"] for frame in client.of("turn_accepted")] == [spoken.turn_id]
        assert len(client.of("audio")) == 12


async def test_message_after_a_flush_of_redis_is_answered_while_a_turn_is_held(
    forgetful_redis: RedisServer, keys: Keys
) -> None:
    async with gateway(forgetful_redis.url, keys) as made, Client.at(made.url()) as client:
        await client.next()
        await accept_tentatively(made, client)
        await wait_for_answer(client)
        cast("Any", redis.Redis.from_url(forgetful_redis.url)).flushall()  # pyright: ignore[reportUnknownMemberType] - untyped
        await client.send("user_message", text="Hello!", turn_id=AGAIN)
        await client.until("turn_accepted", lambda frame: frame["turn_id"] == AGAIN)
        turn, epoch = await Workers(made.bus, client.conversation_id).next_turn()
        await Workers(made.bus, client.conversation_id).reply(turn, epoch).whole()
        await client.until("turn_metrics")
        assert [frame["turn_id"] for frame in client.of("turn_accepted")] == [AGAIN]
        assert [frame["code"] for frame in client.of("error")] == ["talk_lost"]
        assert len(client.of("audio")) == 12
