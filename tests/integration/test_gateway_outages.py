"""A slow client, Redis outages, data loss, and the stop of a gateway."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
import redis

from tertulia_shared.bus import Append
from tertulia_shared.entries import UserTurn
from tertulia_shared.events import VadDetectStart
from tertulia_shared.keys import Keys
from tests.harness.eventually import eventually
from tests.harness.gateway import LUNA, Client, Workers, gateway, redis_is_back
from tests.servers.redis_server import RedisServer

AGAIN = "12345678-1234-4234-8234-123456789012"


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[RedisServer]:
    with RedisServer(tmp_path / "redis", fsync="always") as server:
        yield server


@pytest.fixture
def forgetful_redis(tmp_path: Path) -> Iterator[RedisServer]:
    with RedisServer(tmp_path / "redis") as server:
        yield server


async def test_slow_client_delays_only_itself(redis_url: str, keys: Keys) -> None:
    chunks, pcm = 2_000, b"\1\0" * 4_800  # 19 MB, which is more than all buffers between gateway and client
    async with gateway(redis_url, keys) as made, Client.at(made.url(), max_queue=1) as slow:
        await slow.next()
        workers = Workers(made.bus, slow.conversation_id)
        await slow.send("user_message", text="a long story, please")
        turn, epoch = await workers.next_turn()
        reply = workers.reply(turn, epoch)
        reply.start()
        reply.begin(LUNA)
        for k in range(chunks):
            reply.sound(LUNA, 0, k, pcm)
            await reply.outlet.room()
        reply.end_sound(LUNA, 1)
        await reply.flush()
        # while this client does not read, another client gets a whole turn
        async with Client.at(made.url()) as brisk:
            await brisk.next()
            theirs = Workers(made.bus, brisk.conversation_id)
            await brisk.send("user_message", text="hello")
            other_turn, other_epoch = await theirs.next_turn()
            await theirs.reply(other_turn, other_epoch).whole()
            await brisk.until("turn_metrics")
        assert slow.of("audio") == []
        await slow.until("audio_complete")
        assert [frame["chunk_index"] for frame in slow.of("audio")] == list(range(chunks))


async def test_client_misses_no_event_of_a_redis_outage(own_redis: RedisServer, keys: Keys) -> None:
    async with gateway(own_redis.url, keys) as made, Client.at(made.url()) as client:
        await client.next()
        workers = Workers(made.bus, client.conversation_id)
        await client.send("user_message", text="hello")
        turn, epoch = await workers.next_turn()
        reply = workers.reply(turn, epoch)
        steps = reply.steps()
        for step in steps[: len(steps) // 2]:
            step()
        await reply.flush()
        own_redis.kill()
        await client.send("user_message", text="are you there?", turn_id="12345678-1234-4234-8234-123456789012")
        error = await client.until("error")
        assert (error["code"], error["turn_id"]) == ("unavailable", "12345678-1234-4234-8234-123456789012")
        own_redis.start()
        await redis_is_back(made.bus)
        again = workers.reply(turn, epoch)
        for step in again.steps()[len(steps) // 2 :]:
            step()
        await again.flush()
        await client.until("turn_metrics")
        assert len(client.of("audio")) == 12
        await client.send("user_message", text="are you there?", turn_id="12345678-1234-4234-8234-123456789012")
        await client.until("turn_accepted")


async def test_client_that_connects_during_an_outage_gets_one_conversation_when_redis_is_back(
    own_redis: RedisServer, keys: Keys
) -> None:
    async with gateway(own_redis.url, keys) as made:
        own_redis.kill()
        async with Client.at(made.url()) as client:
            assert (await client.next())["code"] == "unavailable"
            own_redis.start()
            for n in range(50):  # these commands and the gateway's own retries must open only one conversation
                await client.send("user_message", text=f"message {n}")
            await client.until("turn_accepted")
            await client.send("user_message", text="the last")
            await client.until("turn_accepted", lambda event: event["text"] == "the last")
            assert len(client.of("conversation_started")) == 1


async def test_microphone_audio_is_kept_while_redis_is_unavailable(own_redis: RedisServer, keys: Keys) -> None:
    async with gateway(own_redis.url, keys) as made, Client.at(made.url()) as client:
        await client.next()
        await client.send("start_listening")
        await client.socket.send(b"\1" * 640)

        async def is_there() -> bool:
            return await made.bus.open_work("stt") > 0

        await eventually(is_there)
        own_redis.kill()
        for n in range(10):
            await client.socket.send(bytes([n]) * 640)
        assert (await client.until("error"))["code"] == "unavailable"
        own_redis.start()
        await redis_is_back(made.bus)
        work = await made.bus.read(keys.work("stt"))
        mic = keys.mic(client.conversation_id, work[0].fields[b"session_id"].decode())

        async def is_all_there() -> bool:  # without any further frame from the client
            return len(await made.bus.read(mic)) == 11

        await eventually(is_all_there)
        entries = await made.bus.read(mic)
        assert [entry.fields[b"pcm"][:1] for entry in entries[1:]] == [bytes([n]) for n in range(10)]


async def test_conversation_continues_after_redis_has_lost_all_data(forgetful_redis: RedisServer, keys: Keys) -> None:
    async with gateway(forgetful_redis.url, keys) as made, Client.at(made.url()) as client:
        await client.next()
        for text in ("one", "two", "three"):
            await client.send("user_message", text=text)
            await client.until("turn_accepted")
        forgetful_redis.kill()
        forgetful_redis.start()

        async def is_back() -> bool:
            await client.send("user_message", text="once more", turn_id=AGAIN)
            return (await client.next())["type"] == "turn_accepted"

        await eventually(is_back)
        workers = Workers(made.bus, client.conversation_id)
        turn, epoch = await workers.next_turn()
        assert turn.turn_id == AGAIN
        await workers.reply(turn, epoch).whole()
        await client.until("turn_metrics")
        assert len(client.of("audio")) == 12
        assert "talk_lost" in [frame["code"] for frame in client.of("error")]


async def test_client_that_waits_for_a_lost_reply_gets_an_error(forgetful_redis: RedisServer, keys: Keys) -> None:
    async with gateway(forgetful_redis.url, keys) as made, Client.at(made.url()) as client:
        await client.next()
        await client.send("user_message", text="one")
        before = await client.until("turn_accepted")
        forgetful_redis.kill()
        forgetful_redis.start()
        await client.until("error", lambda frame: frame["code"] == "talk_lost")
        assert (await client.until("interrupted"))["epoch"] > before["epoch"]
        workers = Workers(made.bus, client.conversation_id)
        await client.send("user_message", text="one", turn_id=AGAIN)
        turn, epoch = await workers.next_turn()
        assert epoch > before["epoch"]
        await workers.reply(turn, epoch).whole()
        await client.until("turn_metrics")
        assert len(client.of("audio")) == 12


@pytest.mark.parametrize("turns_before", [1, 3])
async def test_turn_after_a_flush_of_redis_is_answered_and_the_loss_is_reported(
    forgetful_redis: RedisServer, keys: Keys, turns_before: int
) -> None:
    async with gateway(forgetful_redis.url, keys) as made, Client.at(made.url()) as client:
        await client.next()
        workers = Workers(made.bus, client.conversation_id)
        before: list[tuple[UserTurn, int]] = []
        for number in range(turns_before):
            await client.send("user_message", text=str(number))
            before.append(await workers.next_turn())
        reply = workers.reply(*before[-1])
        reply.start()
        reply.begin(LUNA)  # the audio of this reply never comes
        await reply.flush()
        await client.until("message_started")
        cast("Any", redis.Redis.from_url(forgetful_redis.url)).flushall()  # pyright: ignore[reportUnknownMemberType] - untyped
        await client.send("user_message", text="at once", turn_id=AGAIN)
        await client.until("turn_accepted", lambda frame: frame["turn_id"] == AGAIN)
        turn, epoch = await Workers(made.bus, client.conversation_id).next_turn()
        await workers.reply(turn, epoch).whole()
        await client.until("turn_metrics", lambda frame: frame["turn_id"] == AGAIN)
        assert len(client.of("audio")) == 12
        assert [frame["code"] for frame in client.of("error")] == ["talk_lost"]


async def test_client_that_resumes_after_a_data_loss_gets_an_error(redis_url: str, keys: Keys) -> None:
    async with gateway(redis_url, keys) as made:
        async with Client.at(made.url()) as client:
            await client.next()
            await client.send("user_message", text="one")
            await client.until("turn_accepted")
        c, events = client.conversation_id, keys.events(client.conversation_id)
        (*_, last) = await made.bus.read(events)
        await made.bus.remove(events, [last.id])
        for mark, lost in ((last.id, True), ("5-5", False), ("99999999999999-0", False)):
            async with Client.at(made.url(f"?conversation_id={c}&last_event_id={mark}")) as again:
                await again.until("conversation_started")
                await again.send("refresh_characters")
                await again.until("characters")
                assert [frame["code"] for frame in again.of("error")] == ["talk_lost"] * lost


async def test_client_that_resumes_after_a_flush_gets_an_error_although_there_are_new_events(
    redis_url: str, keys: Keys
) -> None:
    async with gateway(redis_url, keys) as made:
        async with Client.at(made.url()) as client:
            await client.next()
            await client.send("user_message", text="one")
            await client.until("turn_accepted")
        c, events = client.conversation_id, keys.events(client.conversation_id)
        last = await made.bus.last(events)
        assert last is not None
        await made.bus.delete([events, keys.state(c), keys.turns(c)])
        await made.bus.transact(c, [Append(events, VadDetectStart("s"))])
        async with Client.at(made.url(f"?conversation_id={c}&last_event_id={last.id}")) as again:
            await again.until("error", lambda frame: frame["code"] == "talk_lost")
            await again.until("interrupted")


async def test_message_is_accepted_although_the_state_was_damaged_while_a_reply_was_played(
    redis_url: str, keys: Keys, caplog: pytest.LogCaptureFixture
) -> None:
    async with gateway(redis_url, keys) as made, Client.at(made.url()) as client:
        await client.next()
        workers = Workers(made.bus, client.conversation_id)
        await client.send("user_message", text="hello")
        reply = workers.reply(*await workers.next_turn())
        steps = reply.steps()
        for step in steps[:-1]:
            step()
        await reply.flush()
        state = keys.state(client.conversation_id).name
        cast("Any", redis.Redis.from_url(redis_url)).hset(state, "epoch", "abc")  # pyright: ignore[reportUnknownMemberType] - untyped
        steps[-1]()
        await reply.flush()

        async def is_played() -> bool:
            return "the talk mark is not cleared yet" in caplog.text

        await eventually(is_played)
        await client.send("user_message", text="are you there?")
        await client.until("turn_accepted", lambda frame: frame["text"] == "are you there?")
        assert client.of("error") == []


async def test_gateway_that_stops_closes_its_connections_with_1001(redis_url: str, keys: Keys) -> None:
    async with gateway(redis_url, keys) as made, Client.at(made.url()) as one, Client.at(made.url()) as other:
        await asyncio.gather(one.next(), other.next())
        made.stop.set()
        assert await asyncio.gather(one.close_code(), other.close_code()) == [1001, 1001]
