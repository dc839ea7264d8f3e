"""A client that resumes gets each event and each frame once and in order: after any disconnection, at any gateway."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from tertulia_shared.bus import Bus
from tertulia_shared.keys import Keys
from tests.harness.eventually import eventually
from tests.harness.gateway import LUNA, REX, Client, Gateway, Reply, Workers, gateway, resume_of

SEEDS = 100


@pytest.fixture
async def two_gateways(redis_url: str, keys: Keys) -> AsyncGenerator[tuple[Gateway, Gateway]]:
    async with gateway(redis_url, keys) as one, gateway(redis_url, keys) as other:
        yield one, other


def received(frames: list[dict[str, Any]]) -> tuple[list[str], list[tuple[str, str]]]:
    """The ids of events and audio frames, in the order in which the client received them."""
    return (
        [f["event_id"] for f in frames if "event_id" in f],
        [(f["message_id"], f["id"]) for f in frames if f["type"] == "audio"],
    )


async def stored(at: Gateway, conversation_id: str, reply: Reply) -> tuple[list[str], list[tuple[str, str]]]:
    """The ids that a client must have received, according to the conversation's streams."""
    keys = at.bus.keys
    events = await at.bus.read(keys.events(conversation_id))
    audio = [
        (message_id, entry.id)
        for message_id in reply.message_ids.values()
        for entry in await at.bus.read(keys.audio(conversation_id, message_id))
        if b"is_final" not in entry.fields
    ]
    return [entry.id for entry in events if entry.fields[b"type"] != b"client_changed"], audio


def is_complete(frames: list[dict[str, Any]], reply: Reply) -> bool:
    """True if the client has received all text and audio of the turn."""
    complete = [f["message_id"] for f in frames if f["type"] == "audio_complete"]
    return set(complete) == set(reply.message_ids.values()) and any(f["type"] == "turn_complete" for f in frames)


async def _is_over(bus: Bus, conversation_id: str) -> bool:
    return b"talk" not in await bus.hash(bus.keys.state(conversation_id))


async def _write_at_random(reply: Reply, dice: random.Random) -> None:
    for step in reply.steps(sentences=2, chunks=3):
        step()
        if dice.random() < 0.5:
            await reply.flush()
    await reply.flush()


@pytest.mark.timeout(180)
async def test_client_that_resumes_gets_each_event_and_frame_once_after_any_disconnection(
    two_gateways: tuple[Gateway, Gateway],
) -> None:
    for seed in range(SEEDS):
        dice = random.Random(seed)
        frames: list[dict[str, Any]] = []
        async with Client.at(two_gateways[0].url()) as client:
            await client.next()
            c = client.conversation_id
            workers = Workers(two_gateways[0].bus, c)
            await client.send("user_message", text="Luna, Rex?")
            turn, epoch = await workers.next_turn()
            reply = workers.reply(turn, epoch, (LUNA, REX))
            writing = asyncio.create_task(_write_at_random(reply, dice))
            for _ in range(dice.randrange(8)):
                await client.next()
            client.socket.transport.abort()
            frames += client.frames
        while not is_complete(frames, reply):
            marks = resume_of(c, frames)
            if dice.random() < 0.5:
                query = f"?conversation_id={c}&last_event_id={marks['last_event_id']}"
                if "last_audio" in marks:
                    query += f"&last_audio={marks['last_audio']['message_id']}/{marks['last_audio']['id']}"
            else:
                query = "?resume=1"
            async with Client.at(dice.choice(two_gateways).url(query)) as client:
                if query == "?resume=1":
                    await client.send("resume", **marks)
                first = await client.next()
                assert (first["type"], first["resumed"]) == ("conversation_started", True)
                wanted = len(client.frames) + dice.randrange(1, 20)
                while len(client.frames) < wanted and not is_complete(frames + client.frames, reply):
                    await client.next()
                client.socket.transport.abort()
                frames += client.frames
        await writing
        assert received(frames) == await stored(two_gateways[0], c, reply), f"seed {seed}"


async def test_client_resumes_after_its_marks_at_a_restarted_gateway(redis_url: str, keys: Keys) -> None:
    async with gateway(redis_url, keys) as first, Client.at(first.url()) as client:
        await client.next()
        c, workers = client.conversation_id, Workers(first.bus, client.conversation_id)
        await client.send("user_message", text="hello")
        turn, epoch = await workers.next_turn()
        reply = workers.reply(turn, epoch)
        steps = reply.steps()
        for step in steps[: len(steps) // 2]:
            step()
        await reply.flush()
        await client.until("message_started")
        first.stop.set()
        assert await client.close_code() == 1001
        frames = client.frames
    async with gateway(redis_url, keys) as second, Client.at(second.url("?resume=1")) as client:
        workers = Workers(second.bus, c)
        again = workers.reply(turn, epoch)
        for step in again.steps()[len(steps) // 2 :]:
            step()
        await again.flush()
        await client.send("resume", **resume_of(c, frames))
        await client.until("turn_metrics")
        assert received(frames + client.frames) == await stored(second, c, again)


async def test_client_without_marks_gets_only_new_events_if_all_audio_was_heard(
    two_gateways: tuple[Gateway, Gateway],
) -> None:
    one, other = two_gateways
    async with Client.at(one.url()) as client:
        await client.next()
        workers = Workers(one.bus, client.conversation_id)
        await client.send("user_message", text="hello")
        turn, epoch = await workers.next_turn()
        await workers.reply(turn, epoch).whole()
        await client.until("turn_metrics")
        last = client.of("audio")[-1]
        places = {name: last[name] for name in ("message_id", "sentence_index", "chunk_index")}
        await client.send("playback", **places, played_ms=120)
        await eventually(lambda: _is_over(one.bus, client.conversation_id))
    async with Client.at(other.url(f"?conversation_id={client.conversation_id}")) as later:
        await later.next()
        await later.send("user_message", text="and now?")
        turn, epoch = await workers.next_turn()
        reply = workers.reply(turn, epoch)
        await reply.whole()
        await later.until("turn_metrics")
    assert later.of("turn_accepted")[0]["text"] == "and now?"
    assert {f["message_id"] for f in later.of("audio")} == set(reply.message_ids.values())
    assert len(later.of("audio")) == 12


async def test_audio_of_an_interrupted_turn_is_not_sent_again(two_gateways: tuple[Gateway, Gateway]) -> None:
    one, other = two_gateways
    async with Client.at(one.url()) as client:
        await client.next()
        workers = Workers(one.bus, client.conversation_id)
        await client.send("user_message", text="hello")
        turn, epoch = await workers.next_turn()
        # long enough to be interrupted before its end
        await workers.reply(turn, epoch).whole(pcm=b"\0\0" * 24_000 * 10)
        await client.until("audio")
        marks = client.resume()
        await client.send("interrupt")
        await client.until("interrupted")
    async with Client.at(other.url("?resume=1")) as later:
        await later.send("resume", **marks)
        await later.until("interrupted")
        await later.send("refresh_characters")
        await later.until("characters")
        assert later.of("audio") == []


@pytest.mark.parametrize("last_event_id", ["99999999999999-0", "9999999999999999999-9999999999999999999"])
async def test_events_are_not_delayed_if_the_mark_is_after_the_last_event(
    two_gateways: tuple[Gateway, Gateway], last_event_id: str
) -> None:
    one, _ = two_gateways
    async with Client.at(one.url()) as client:
        await client.next()
        await client.send("resume", conversation_id=client.conversation_id, last_event_id=last_event_id)
        assert (await client.until("conversation_started"))["resumed"]
        await client.send("user_message", text="hello")
        await client.until("turn_accepted")


async def test_newer_connection_at_another_gateway_replaces_the_older_connection(
    two_gateways: tuple[Gateway, Gateway],
) -> None:
    one, other = two_gateways
    async with Client.at(one.url()) as older:
        await older.next()
        query = f"?conversation_id={older.conversation_id}"
        async with Client.at(other.url(query)) as newer:
            await newer.next()
            await newer.send("user_message", text="mine now")
            await newer.until("turn_accepted")
            assert await older.close_code() == 4001
            assert older.of("turn_accepted") == []
            async with Client.at(other.url(query)) as newest:
                await newest.next()
                assert await newer.close_code() == 4001
                await newest.send("refresh_characters")
                await newest.until("characters")


async def test_resuming_a_conversation_that_does_not_exist_is_an_error(two_gateways: tuple[Gateway, Gateway]) -> None:
    unknown = "12345678-1234-4234-8234-123456789012"
    async with Client.at(two_gateways[0].url(f"?conversation_id={unknown}")) as client:
        assert (await client.next())["code"] == "unknown_conversation"
        await client.send("user_message", text="hello?")
        assert (await client.next())["code"] == "unknown_conversation"
        await client.send("new_conversation")
        assert (await client.next())["type"] == "conversation_started"
        await client.send("resume", conversation_id=unknown)
        assert (await client.next())["code"] == "unknown_conversation"
        await client.send("user_message", text="still here")
        await client.until("turn_accepted")
