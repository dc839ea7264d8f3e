"""Hostile values in all keys that the gateway reads: the gateway continues to serve, and the conversations continue."""

from __future__ import annotations

import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

import httpx2
import pytest
from redis.asyncio import Redis

from tertulia_shared.codec import decode, envelope, pack
from tertulia_shared.entries import UserTurn
from tertulia_shared.ids import new_id
from tertulia_shared.keys import Key, Keys
from tests.harness.eventually import eventually
from tests.harness.gateway import LUNA, Client, Gateway, Workers, gateway

Writer = Callable[[Any, str], Awaitable[Any]]

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Shared by all HTTP clients, because each would otherwise read all certificate authorities, which takes longer than
its requests.
"""
JUNK = b"\xff\x00\xc1\r\n" + b"9" * 40
BIG, NEGATIVE = str(2**64), "-1"
DEEP = b"\x91" * 2000


def entry(**fields: Any) -> Writer:
    """Append an entry with an envelope to a stream."""
    return lambda redis, name: redis.xadd(name, {"v": 1, "ts": 1, "epoch": 1, **fields})


def bare(**fields: Any) -> Writer:
    """Append an entry without an envelope."""
    return lambda redis, name: redis.xadd(name, fields)


def field(name: str, value: Any) -> Writer:
    """Set a field of a hash."""
    return lambda redis, key: redis.hset(key, name, value)


def member(name: bytes, score: float) -> Writer:
    """Add a member to a sorted set."""
    return lambda redis, key: redis.zadd(key, {name: score})


async def _another_type(redis: Any, name: str) -> None:
    await redis.delete(name)
    await redis.set(name, JUNK)


OF_STREAMS: Mapping[str, Writer] = {
    "junk": bare(x=JUNK),
    "big numbers": bare(v=BIG, ts=BIG, epoch=BIG, type=JUNK),
    "negative numbers": bare(v=1, ts=NEGATIVE, epoch=NEGATIVE, type="turn_complete", turn_id="t"),
    "another type": _another_type,
}
OF_EVENTS: Mapping[str, Writer] = {
    **OF_STREAMS,
    "usage of bytes": entry(
        type="message_complete",
        message_id="m",
        character_id="c",
        text="",
        status="complete",
        usage=pack({"a": b"\xff"}),
    ),
    "usage too deep": entry(
        type="message_complete", message_id="m", character_id="c", text="", status="complete", usage=DEEP
    ),
    "replies of no list": entry(type="turn_started", turn_id="t", replies=pack(3)),
    "an unlisted source": entry(type="turn_accepted", turn_id="t", text="x", source=JUNK),
    "an unlisted cause": entry(type="interrupted", cause=JUNK),
    "a number for metrics": entry(type="turn_metrics", turn_id="t", metrics=pack(2**63)),
    "an infinite number": entry(type="turn_metrics", turn_id="t", metrics=pack({"a": float("inf")})),
}
OF_STATE: Mapping[str, Writer] = {
    "another type": _another_type,
    "settings too deep": field("settings", DEEP),
    "settings too big": field("settings", pack({"top_k": 2**64 - 1})),
    "junk": field(JUNK.decode("latin-1"), JUNK),
    "another client": field("client", JUNK),
}
OF_WORKERS: Mapping[str, Writer] = {
    "no text": member(b"llm:\xff:x", 9e15),
    "no text, now": member(b"\xff", time.time() + 5),
    "infinite": member(b"llm:x:y", float("inf")),
    "no parts": member(b"", time.time() + 5),
    "another type": _another_type,
}
OF_VOICES: Mapping[str, Writer] = {
    "junk": field("espeak", JUNK),
    "too deep": field("espeak", DEEP),
    "no list": field("espeak", pack(2**64 - 1)),
    "a list of numbers": field("espeak", pack([1, None])),
    "an engine that is no text": lambda redis, key: redis.hset(key, b"\xff", pack([])),
    "another type": _another_type,
}
SHARED: Mapping[str, tuple[Callable[[Keys], Key], Mapping[str, Writer]]] = {
    "workers": (Keys.workers, OF_WORKERS),
    "voices": (Keys.voices, OF_VOICES),
    "dead": (Keys.dead, OF_STREAMS),
    "store": (Keys.store, OF_STREAMS),
    "held_back": (Keys.held_back, OF_STREAMS),
    "broadcast": (Keys.broadcast, OF_STREAMS),
    "work:llm": (lambda keys: keys.work("llm"), OF_STREAMS),
}
OF_A_CONVERSATION: Mapping[str, tuple[Callable[[Keys, str, str], Key], Mapping[str, Writer]]] = {
    "events": (lambda keys, c, _: keys.events(c), OF_EVENTS),
    "state": (lambda keys, c, _: keys.state(c), OF_STATE),
    "audio": (lambda keys, c, m: keys.audio(c, m), OF_STREAMS),
    "sentences": (lambda keys, c, m: keys.sentences(c, m), OF_STREAMS),
    "turns": (lambda keys, c, _: keys.turns(c), OF_STREAMS),
    "control": (lambda keys, c, _: keys.control(c), OF_STREAMS),
    "receipts": (lambda keys, c, _: keys.receipts(c), OF_STREAMS),
    "mic": (lambda keys, c, m: keys.mic(c, m), OF_STREAMS),
    "mic_progress": (lambda keys, c, m: keys.mic_progress(c, m), OF_STATE),
}


async def write_past_the_bus(redis_url: str, key: Key, write: Writer) -> None:
    """Write a value directly to Redis, as a broken worker could."""
    redis = cast("Any", Redis.from_url(redis_url))  # pyright: ignore[reportUnknownMemberType] - untyped kwargs
    await write(redis, key.name)
    await redis.expire(key.name, 60)
    await redis.aclose()


async def assert_serves(made: Gateway) -> None:
    """Check that the process answers, and that another client gets a whole turn."""
    async with httpx2.AsyncClient(base_url=f"http://localhost:{made.port}", timeout=30, verify=NO_TLS) as http:
        for path in ("/healthz", "/readyz", "/api/status", "/api/voices", "/metrics"):
            assert (await http.get(path)).status_code in (200, 503), path
    async with Client.at(made.url()) as client:
        await client.next()
        workers = Workers(made.bus, client.conversation_id)
        await client.send("user_message", text="hello")
        turn, epoch = await workers.next_turn()
        await workers.reply(turn, epoch).whole()
        await client.until("turn_metrics")


@pytest.mark.parametrize("where", SHARED)
async def test_gateway_continues_despite_hostile_values_in_shared_keys(redis_url: str, keys: Keys, where: str) -> None:
    key_of, values = SHARED[where]
    async with gateway(redis_url, keys) as made, Client.at(made.url()) as client:
        await client.next()
        for write in values.values():
            await write_past_the_bus(redis_url, key_of(keys), write)
            await assert_serves(made)
        await assert_serves(made)
        await client.send("refresh_characters")
        await client.until("error" if where == "broadcast" else "characters")
        redis = cast("Any", Redis.from_url(redis_url))  # pyright: ignore[reportUnknownMemberType] - untyped kwargs
        await redis.delete(key_of(keys).name)
        await redis.aclose()


@pytest.mark.parametrize(
    ("where", "what"), [(where, what) for where, (_, of) in OF_A_CONVERSATION.items() for what in of]
)
async def test_conversation_continues_despite_hostile_values_in_its_keys(
    redis_url: str, keys: Keys, where: str, what: str
) -> None:
    key_of, values = OF_A_CONVERSATION[where]
    async with gateway(redis_url, keys) as made, Client.at(made.url()) as client:
        await client.next()
        c, message_id = client.conversation_id, new_id()
        workers = Workers(made.bus, c)
        await client.send("user_message", text="hello")
        turn, epoch = await workers.next_turn()
        reply = workers.reply(turn, epoch)
        reply.start()
        reply.begin(LUNA)
        await reply.flush()
        key = key_of(keys, c, reply.message_ids.get(LUNA, message_id))
        await write_past_the_bus(redis_url, key, values[what])
        await assert_serves(made)
        await _answered(client, made, keys)
        async with Client.at(made.url(f"?conversation_id={c}&last_event_id=1-0")) as again:
            await again.next()
        await assert_serves(made)


async def _answered(client: Client, made: Gateway, keys: Keys) -> None:
    """Check that the next message of the same conversation is answered. If it is refused, the client sends it again."""
    turn_id = new_id()
    await client.send("user_message", text="and again", turn_id=turn_id)
    while True:
        event = await client.next()
        if event["type"] == "turn_accepted" and event["turn_id"] == turn_id:
            break
        if event["type"] == "error" and event.get("turn_id") == turn_id:
            await client.send("user_message", text="and again", turn_id=turn_id)
    entries = await made.bus.read(keys.turns(client.conversation_id))
    (entry,) = [entry for entry in entries if entry.fields.get(b"turn_id") == turn_id.encode()]
    workers = Workers(made.bus, client.conversation_id)
    await workers.reply(decode(UserTurn, entry.fields), envelope(entry.fields).epoch).whole()
    await client.until("turn_complete", lambda event: event["turn_id"] == turn_id)
    await client.until("audio_complete")


async def test_heartbeat_with_a_future_time_is_ignored(redis_url: str, keys: Keys) -> None:
    async with gateway(redis_url, keys) as made:
        await write_past_the_bus(redis_url, keys.workers(), member(b"llm:x:demo", time.time() + 10_000))
        assert list(await made.bus.alive(60)) == []
        await made.bus.beat("llm:y:demo")

        async def is_seen() -> bool:
            return list(await made.bus.alive(60)) == ["llm:y:demo"]

        await eventually(is_seen)
