"""Writes through an outlet arrive in order, completely and once."""

from __future__ import annotations

import asyncio

import pytest

from tertulia_shared.bus import Bus, WriteRefused
from tertulia_shared.bus.outlet import MAX_QUEUED
from tertulia_shared.codec import decode, envelope
from tertulia_shared.entries import AudioChunk, TTSSentence
from tertulia_shared.events import LLMChunk
from tertulia_shared.keys import Key
from tests.contract.written_entries import C, M, done, events_of
from tests.harness.bus import Bench
from tests.harness.eventually import PATIENCE_S


def token(text: str, message_id: str = "m") -> LLMChunk:
    return LLMChunk(text, "luna", message_id)


def sentence(index: int, text: str = "Hi.") -> TTSSentence:
    return TTSSentence(text, index, C, M, "luna", "Luna", "en")


async def test_writes_of_an_outlet_arrive_in_order(bus: Bus) -> None:
    events, outlet = bus.keys.events(C), bus.outlet()
    for n in range(200):
        outlet.append(events, done(str(n)))
        if n % 7 == 0:
            await asyncio.sleep(0)
        if n % 50 == 0:
            await outlet.flush()
    await outlet.flush()
    entries = await bus.read(events)
    assert events_of(entries) == [done(str(n)) for n in range(200)]


async def test_written_entry_has_its_time_and_epoch(bus: Bus) -> None:
    outlet = bus.outlet(epoch=4)
    outlet.append(bus.keys.events(C), done("t"), trace=b"\x00\xff", hops=2)
    await outlet.flush()
    (entry,) = await bus.read(bus.keys.events(C))
    assert envelope(entry.fields).epoch == 4
    assert envelope(entry.fields).ts > 1_600_000_000_000
    assert (entry.fields[b"trace"], entry.fields[b"hops"]) == (b"\x00\xff", b"2")


async def test_entries_that_can_wait_arrive_before_later_ones_and_at_the_next_tick(bus: Bus) -> None:
    events, outlet = bus.keys.events(C), bus.outlet()
    for event in (token("Once "), token("upon ")):
        outlet.append_by_tick(events, event)
    outlet.append(events, done("t"))
    await outlet.flush()
    before = (await bus.read(events))[-1].id
    outlet.append_by_tick(events, token("time"))
    async with asyncio.timeout(PATIENCE_S):
        follow = bus.follow(events, before)
        assert events_of(await follow.read()) == [token("time")]
        follow.close()
    assert events_of(await bus.read(events)) == [token("Once upon "), done("t"), token("time")]


async def test_entry_that_can_wait_has_its_id_and_is_there_after_a_flush_by_tick(bus: Bus) -> None:
    events, outlet = bus.keys.events(C), bus.outlet()
    outlet.append_by_tick(events, done("t"), id="7-0")
    await outlet.flush(by_tick=True)
    assert [entry.id for entry in await bus.read(events)] == ["7-0"]


async def test_consecutive_tokens_of_a_message_are_merged_into_one_entry(bus: Bus) -> None:
    events, outlet = bus.keys.events(C), bus.outlet()
    for event in (token("Once "), token("upon "), token("a", "n"), done("t"), token("time"), token(".")):
        outlet.append(events, event)
    await outlet.flush()
    outlet.append(events, token(" End"))
    await outlet.flush()
    assert events_of(await bus.read(events)) == [
        token("Once upon "), token("a", "n"), done("t"), token("time."), token(" End"),
    ]  # fmt: skip


async def test_tokens_are_not_merged_into_writes_that_were_already_sent(bus: Bus) -> None:
    events, outlet = bus.keys.events(C), bus.outlet()
    text = [f"{n} " for n in range(100)]
    for piece in text:
        outlet.append(events, token(piece))
        await asyncio.sleep(0)
    await outlet.flush()
    chunks = events_of(await bus.read(events))
    assert "".join(chunk.text for chunk in chunks if isinstance(chunk, LLMChunk)) == "".join(text)


async def test_writes_that_are_queued_together_are_written_atomically(bench: Bench) -> None:
    events = bench.bus.keys.events(C)
    follow = bench.rival.follow(events)
    reading = asyncio.create_task(follow.read())
    await asyncio.sleep(0)
    outlet = bench.bus.outlet()
    for n in range(5):
        outlet.append(events, done(str(n)))
    assert len(await reading) == 5
    await outlet.flush()


async def test_write_with_a_repeated_entry_id_changes_nothing(bus: Bus) -> None:
    key, outlet = bus.keys.sentences(C, M), bus.outlet()
    outlet.append(key, sentence(0, "First."), id="1-0")
    outlet.append(key, sentence(1, "Second."), id="2-0")
    await outlet.flush()
    assert not outlet.skipped

    outlet.append(key, sentence(1, "Second again."), id="2-0")
    outlet.append(key, sentence(0, "Below."), id="1-5")
    outlet.append(key, sentence(2, "Third."), id="3-0")
    await outlet.flush()
    entries = await bus.read(key)
    assert [entry.id for entry in entries] == ["1-0", "2-0", "3-0"]
    assert [decode(TTSSentence, entry.fields).text for entry in entries] == ["First.", "Second.", "Third."]


@pytest.mark.parametrize("count", [1, 2])
async def test_repeated_write_is_a_success_and_others_follow(bus: Bus, count: int) -> None:
    key, outlet = bus.keys.sentences(C, M), bus.outlet()
    for text in ("First.", "Repeated."):
        for index in range(count):
            outlet.append(key, sentence(index, text), id=f"{index + 1}-0")
        await outlet.flush()
        assert outlet.skipped == (text == "Repeated.")
    outlet.append(key, sentence(count, "Last."), id=f"{count + 1}-0")
    await outlet.flush()
    texts = [decode(TTSSentence, entry.fields).text for entry in await bus.read(key)]
    assert texts == [*["First."] * count, "Last."]


@pytest.mark.parametrize("count", [1, 2])
async def test_write_to_a_key_of_another_type_is_refused(bus: Bus, count: int) -> None:
    state, outlet = bus.keys.state(C), bus.outlet()
    outlet.put(state, {"cursor": "1-0"})
    await outlet.flush()
    for index in range(count):
        outlet.append(state, sentence(index))
    with pytest.raises(WriteRefused):
        await outlet.flush()
    assert dict(await bus.hash(state)) == {b"cursor": b"1-0"}


async def test_write_with_an_impossible_entry_id_is_refused(bus: Bus) -> None:
    outlet = bus.outlet()
    outlet.append(bus.keys.sentences(C, M), sentence(0), id="0-0")
    with pytest.raises(WriteRefused):
        await outlet.flush()


async def test_audio_bytes_arrive_unchanged(bus: Bus) -> None:
    chunk = AudioChunk(bytes(range(256)) * 20, 0, 0, C, M, "luna")
    outlet = bus.outlet()
    outlet.append(bus.keys.audio(C, M), chunk, id="1-1")
    await outlet.flush()
    (entry,) = await bus.read(bus.keys.audio(C, M))
    assert decode(AudioChunk, entry.fields) == chunk


async def test_fields_of_a_hash_are_set_and_deleted(bus: Bus) -> None:
    state, outlet = bus.keys.state(C), bus.outlet()
    outlet.put(state, {"plan": b"\x80", "cursor": "1-0", "n": 3})
    outlet.put(state, {"cursor": "2-0", "plan": None, "never": None})
    await outlet.flush()
    assert dict(await bus.hash(state)) == {b"cursor": b"2-0", b"n": b"3"}
    # Without fields, Redis deletes the hash. If it is written again, it must get a TTL again (see no_leaked_keys).
    outlet.put(state, {"cursor": None, "n": None})
    await outlet.flush()
    assert dict(await bus.hash(state)) == {}
    outlet.put(state, {"cursor": "3-0"})
    await outlet.flush()
    assert dict(await bus.hash(state)) == {b"cursor": b"3-0"}


@pytest.mark.parametrize("count", [1, 2])
async def test_write_of_no_fields_changes_nothing(bus: Bus, count: int) -> None:
    state, outlet = bus.keys.state(C), bus.outlet()
    for _ in range(count):
        outlet.put(state, {})
    await outlet.flush()
    assert dict(await bus.hash(state)) == {}
    outlet.put(state, {"cursor": "1-0"})
    await outlet.flush()
    outlet.put(state, {})
    await outlet.flush()
    assert dict(await bus.hash(state)) == {b"cursor": b"1-0"}


async def test_stream_is_trimmed_to_its_maximum_length(bus: Bus) -> None:
    key = Key(bus.keys.control(C).name, 60, max_len=10)
    outlet = bus.outlet()
    for n in range(400):
        outlet.append(key, done(str(n)))
        await outlet.room()
    await outlet.flush()
    entries = await bus.read(key)
    assert 10 <= len(entries) <= 110  # Redis only trims whole nodes of 100 entries
    assert events_of(entries)[-1] == done("399")


async def test_room_waits_while_too_many_writes_are_queued(bus: Bus) -> None:
    events, outlet = bus.keys.events(C), bus.outlet()
    for n in range(MAX_QUEUED + 1):
        outlet.append(events, done(str(n)))
    room = outlet.room()
    room.send(None)  # `room` waits here; otherwise StopIteration would be raised
    room.close()
    await outlet.room()
    assert len(await bus.read(events)) >= 1
    await outlet.flush()
    assert len(await bus.read(events)) == MAX_QUEUED + 1


async def test_outlet_without_queued_writes_does_not_wait(bus: Bus) -> None:
    outlet = bus.outlet()
    await outlet.flush()
    await outlet.room()
