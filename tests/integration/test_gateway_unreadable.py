"""Entries of a newer release and broken entries are skipped, and the connection continues."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import pytest
from redis.asyncio import Redis

from tertulia_gateway.rest.voices import voices_of
from tertulia_shared.bus import Put
from tertulia_shared.codec import VERSION, encode, pack, unpack
from tertulia_shared.entries import AudioChunk
from tertulia_shared.events import MessageStarted, TurnComplete
from tertulia_shared.ids import new_id
from tertulia_shared.keys import Key, Keys
from tertulia_shared.store import JsonValue
from tertulia_shared.testing.memory_store import MemoryStore
from tests.harness.gateway import LUNA, Client, Workers, gateway

NEWER = str(VERSION + 1)
EVENTS: Mapping[str, dict[str, Any]] = {
    "newer": {
        "v": NEWER, "ts": 1, "epoch": 1, "type": "llm_chunk", "text": "?", "character_id": "c", "message_id": "m",
    },
    "newer-unknown-type": {"v": NEWER, "ts": 1, "epoch": 1, "type": "thought_read"},
    "unknown-type": {"v": 1, "ts": 1, "epoch": 1, "type": "thought_read"},
    "no-version": {"ts": 1, "epoch": 1, "type": "turn_complete", "turn_id": "t"},
    "long-version": {"v": "9" * 5000, "ts": 1, "epoch": 1, "type": "turn_complete", "turn_id": "t"},
    "nothing": {"x": "y"},
    "no-fields": {"v": 1, "ts": 1, "epoch": 1, "type": "message_started"},
    "no-text": {"v": 1, "ts": 1, "epoch": 1, "type": b"\xff", "text": b"\xff"},
    "text-is-no-text": {"v": 1, "ts": 1, "epoch": 1, "type": "error", "code": "x", "message": b"\xff"},
    "no-envelope": {"v": 1, "type": "turn_complete", "turn_id": "t"},
    "long-epoch": {"v": 1, "ts": "9" * 5000, "epoch": "9" * 5000, "type": "vad_start", "session_id": "s"},
    "no-msgpack": {"v": 1, "ts": 1, "epoch": 1, "type": "turn_started", "turn_id": "t", "replies": b"\xc1"},
    "bytes-in-msgpack": {"v": 1, "ts": 1, "epoch": 1, "type": "turn_started", "turn_id": "t", "replies": pack([b"x"])},
    "usage-is-none": {
        "v": 1, "ts": 1, "epoch": 1, "type": "message_complete", "message_id": "m", "character_id": "c", "text": "",
        "usage": pack([1]),
    },
    "client-is-no-text": {"v": 1, "ts": 1, "epoch": 1, "type": "client_changed", "client": b"\xff"},
}  # fmt: skip
AUDIO: Mapping[str, dict[str, Any]] = {
    "newer": {"v": NEWER},
    "no-version": {"v": ""},
    "no-index": {"sentence_index": "first"},
    "long-index": {"chunk_index": "9" * 5000},
    "index-above-64-bits": {"sentence_index": str(2**64)},
    "chunk-above-64-bits": {"chunk_index": str(10**17) + "0"},
    "negative-index": {"chunk_index": "-1"},
    "index-with-a-sign": {"chunk_index": "+1"},
    "id-is-no-text": {"message_id": b"\xff"},
    "no-time": {"ts": "soon"},
}
SETTINGS = {
    "no-msgpack": b"\xc1",
    "a-list": pack([1]),
    "bytes": pack({"model": b"\xff", "top_k": 7}),
    "of-a-newer-release": pack({"top_k": 7, "max_thoughts": 3}),
}


async def write_past_the_bus(redis_url: str, key: Key, fields: Mapping[str, Any], id: str = "*") -> None:
    """Write an entry directly to Redis, as a newer or a broken worker could."""
    client = cast("Any", Redis.from_url(redis_url))  # pyright: ignore[reportUnknownMemberType] - untyped kwargs
    await client.xadd(key.name, dict(fields), id=id)
    await client.expire(key.name, key.ttl_s)
    await client.aclose()


async def assert_turn_works(workers: Workers, client: Client) -> None:
    """Check that the client gets a whole turn."""
    await client.send("user_message", text="hello")
    turn, epoch = await workers.next_turn()
    reply = workers.reply(turn, epoch)
    await reply.whole()
    await client.until("turn_metrics")
    assert len([frame for frame in client.of("audio") if frame["message_id"] == reply.message_ids[LUNA]]) == 12


@pytest.mark.parametrize("name", EVENTS)
async def test_gateway_skips_an_unreadable_event(redis_url: str, keys: Keys, name: str) -> None:
    async with gateway(redis_url, keys) as made, Client.at(made.url()) as client:
        await client.next()
        events = keys.events(client.conversation_id)
        for _ in range(3):
            await write_past_the_bus(redis_url, events, EVENTS[name])
        await assert_turn_works(Workers(made.bus, client.conversation_id), client)
        warnings = [frame for frame in client.of("warning") if frame["code"] == "newer_release"]
        assert len(warnings) == name.startswith("newer"), "once, and only if an update helps"
        # both for a client that resumes and for a client that gets all events
        last = await made.bus.last(events)
        assert last is not None
        for last_event_id in (last.id, "1-0"):
            mark = f"?conversation_id={client.conversation_id}&last_event_id={last_event_id}"
            async with Client.at(made.url(mark)) as again:
                assert (await again.next())["resumed"]
                await again.send("refresh_characters")
                await again.until("characters")


@pytest.mark.parametrize("name", AUDIO)
async def test_gateway_skips_an_unreadable_audio_entry(redis_url: str, keys: Keys, name: str) -> None:
    async with gateway(redis_url, keys) as made, Client.at(made.url()) as client:
        await client.next()
        c, message_id = client.conversation_id, new_id()
        workers = Workers(made.bus, c)
        await client.send("user_message", text="hello")
        turn, epoch = await workers.next_turn()
        flat = encode(AudioChunk(b"\1\0", 0, 0, c, message_id, LUNA), ts=1, epoch=epoch)
        fields = {field.decode(): value for field, value in zip(flat[::2], flat[1::2], strict=True)}
        await write_past_the_bus(redis_url, keys.audio(c, message_id), {**fields, **AUDIO[name]}, "1-1")
        outlet = made.bus.outlet(epoch=epoch)
        outlet.append(keys.audio(c, message_id), AudioChunk(b"\1\0", 0, 1, c, message_id, LUNA), id="1-2")
        outlet.append(keys.audio(c, message_id), AudioChunk(b"", 1, 0, c, message_id, LUNA, is_final=True), id="2-0")
        outlet.append(keys.events(c), MessageStarted(message_id, turn.turn_id, LUNA, "Luna"))
        outlet.append(keys.events(c), TurnComplete(turn.turn_id))
        await outlet.flush()
        await client.until("turn_metrics")
        heard = [frame["id"] for frame in client.of("audio")]
        assert heard == (["1-1", "1-2"] if name == "no-time" else ["1-2"])
        assert len(client.of("warning")) == (name == "newer")
        await assert_turn_works(workers, client)


@pytest.mark.parametrize("name", SETTINGS)
async def test_settings_change_replaces_unreadable_settings(redis_url: str, keys: Keys, name: str) -> None:
    async with gateway(redis_url, keys) as made, Client.at(made.url()) as client:
        await client.next()
        await made.bus.transact(
            client.conversation_id, [Put(keys.state(client.conversation_id), {"settings": SETTINGS[name]})]
        )
        await client.send("model_settings", temperature=0.5)
        answer = await client.until("model_settings")
        assert answer["temperature"] == 0.5
        assert answer["top_k"] == (7 if name in ("of-a-newer-release", "bytes") else None)
        stored = (await made.bus.hash(keys.state(client.conversation_id)))[b"settings"]
        assert (b"max_thoughts" in stored) == (name == "of-a-newer-release"), "settings of a newer release stay"


@pytest.mark.parametrize(
    ("saved", "is_kept"),
    [({"top_k": "all"}, False), ({"top_k": 7, "max_thoughts": 3}, True)],
    ids=["a-word-for-a-number", "of-a-newer-release"],
)
async def test_conversation_can_be_resumed_if_the_store_has_unreadable_settings(
    redis_url: str, keys: Keys, saved: dict[str, JsonValue], *, is_kept: bool
) -> None:
    store, talk = MemoryStore(), new_id()
    await store.open()
    await store.ensure_conversation(talk)
    await store.save_model_settings(talk, saved)
    async with (
        gateway(redis_url, keys, store=store) as made,
        Client.at(made.url(f"?conversation_id={talk}")) as client,
    ):
        await client.next()
        state = await made.bus.hash(keys.state(talk))
        assert (b"settings" in state) == is_kept
        if is_kept:
            assert unpack(state[b"settings"]) == saved


def test_gateway_skips_unreadable_voices() -> None:
    good = pack([{"id": "luna", "name": "Luna", "language": "en", "description": "", "accent": "Irish"}])
    published = {b"good": good, b"bad": b"\xc1", b"worse": pack([{"id": "x"}]), b"\xff": good, b"none": pack(3)}
    assert [(voice.engine, voice.id) for voice in voices_of(published)] == [("good", "luna")]
