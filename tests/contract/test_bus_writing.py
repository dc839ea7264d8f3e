"""Batches arrive in order, complete and once. Redis refuses batches from a writer that lost its right to write."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from tertulia_shared.bus import Append, Applied, Bus, Entry, NotOwner, Put, Stale, WriteRefused
from tertulia_shared.bus.outlet import MAX_QUEUED
from tertulia_shared.codec import decode, decode_event, envelope
from tertulia_shared.entries import AudioChunk, TTSSentence, UserTurn, Work
from tertulia_shared.events import Event, Interrupted, LLMChunk, TurnComplete, VadStart
from tertulia_shared.ids import new_id
from tertulia_shared.keys import Key
from tests.harness.bus import Bench, claimed, owned, read_count

C = new_id()
M = new_id()


def done(turn_id: str) -> TurnComplete:
    return TurnComplete(turn_id)


def token(text: str, message_id: str = "m") -> LLMChunk:
    return LLMChunk(text, "luna", message_id)


def sentence(index: int, text: str = "Hi.") -> TTSSentence:
    return TTSSentence(text, index, C, M, "luna", "Luna", "en")


def events_of(entries: Sequence[Entry]) -> list[Event]:
    return [decode_event(entry.fields) for entry in entries]


# -- outlets


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


async def test_entry_has_its_time_and_epoch(bus: Bus) -> None:
    outlet = bus.outlet(epoch=4)
    outlet.append(bus.keys.events(C), done("t"), trace=b"\x00\xff", hops=2)
    await outlet.flush()
    (entry,) = await bus.read(bus.keys.events(C))
    assert envelope(entry.fields).epoch == 4
    assert envelope(entry.fields).ts > 1_600_000_000_000
    assert (entry.fields[b"trace"], entry.fields[b"hops"]) == (b"\x00\xff", b"2")


async def test_consecutive_tokens_of_a_message_become_one_entry(bus: Bus) -> None:
    events, outlet = bus.keys.events(C), bus.outlet()
    for event in (token("Once "), token("upon "), token("a", "n"), done("t"), token("time"), token(".")):
        outlet.append(events, event)
    await outlet.flush()
    outlet.append(events, token(" End"))
    await outlet.flush()
    assert events_of(await bus.read(events)) == [
        token("Once upon "), token("a", "n"), done("t"), token("time."), token(" End"),
    ]  # fmt: skip


async def test_tokens_are_not_merged_into_writes_in_flight(bus: Bus) -> None:
    events, outlet = bus.keys.events(C), bus.outlet()
    text = [f"{n} " for n in range(100)]
    for piece in text:
        outlet.append(events, token(piece))
        await asyncio.sleep(0)
    await outlet.flush()
    chunks = events_of(await bus.read(events))
    assert "".join(chunk.text for chunk in chunks if isinstance(chunk, LLMChunk)) == "".join(text)


async def test_writes_of_one_tick_are_atomic(bench: Bench) -> None:
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

    outlet.append(key, sentence(1, "Second again."), id="2-0")
    outlet.append(key, sentence(0, "Below."), id="1-5")
    outlet.append(key, sentence(2, "Third."), id="3-0")
    await outlet.flush()
    entries = await bus.read(key)
    assert [entry.id for entry in entries] == ["1-0", "2-0", "3-0"]
    assert [decode(TTSSentence, entry.fields).text for entry in entries] == ["First.", "Second.", "Third."]


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
    # without fields the hash is deleted; a hash that is written again must expire, too (see no_leaked_keys)
    outlet.put(state, {"cursor": None, "n": None})
    await outlet.flush()
    assert dict(await bus.hash(state)) == {}
    outlet.put(state, {"cursor": "3-0"})
    await outlet.flush()
    assert dict(await bus.hash(state)) == {b"cursor": b"3-0"}


async def test_stream_is_trimmed_to_its_length_bound(bus: Bus) -> None:
    key = Key(bus.keys.control(C).name, 60, max_len=10)
    outlet = bus.outlet()
    for n in range(400):
        outlet.append(key, done(str(n)))
        await outlet.room()
    await outlet.flush()
    entries = await bus.read(key)
    assert 10 <= len(entries) <= 110  # Redis trims whole nodes of 100 entries
    assert events_of(entries)[-1] == done("399")


async def test_room_waits_while_too_many_writes_are_queued(bus: Bus) -> None:
    events, outlet = bus.keys.events(C), bus.outlet()
    for n in range(MAX_QUEUED + 1):
        outlet.append(events, done(str(n)))
    room = outlet.room()
    room.send(None)  # `room` waits: otherwise this would raise StopIteration
    room.close()
    await outlet.room()
    assert len(await bus.read(events)) >= 1
    await outlet.flush()
    assert len(await bus.read(events)) == MAX_QUEUED + 1


async def test_outlet_without_queued_writes_does_not_wait(bus: Bus) -> None:
    outlet = bus.outlet()
    await outlet.flush()
    await outlet.room()


# -- who may write


async def test_batch_of_a_fenced_off_owner_is_not_written(bench: Bench) -> None:
    claim = await claimed(bench.bus, worker="a")
    mine = await owned(bench.bus, claim, C, M)
    (again,) = await bench.rival.take_over("tts", "b", idle_s=0, count=1)
    await owned(bench.rival, again, C, M)
    events, state = bench.bus.keys.events(C), bench.bus.keys.state(C)
    outlet = bench.bus.outlet(mine.fence())
    outlet.append(events, done("1"))
    outlet.put(state, {"cursor": "1-0"})
    with pytest.raises(NotOwner):
        await outlet.flush()
    assert await bench.bus.read(events) == []
    assert dict(await bench.bus.hash(state)) == {}


async def test_write_of_an_older_epoch_raises_stale_after_an_interruption(bench: Bench) -> None:
    bus, events = bench.bus, bench.bus.keys.events(C)
    mine = await owned(bus, await claimed(bus), C, M)
    outlet = bus.outlet(mine.fence(mine.epoch))
    outlet.append(events, done("before"))
    await outlet.flush()
    await bench.rival.transact(C, [], raise_epoch=True)
    outlet.append(events, done("after"))
    with pytest.raises(Stale):
        await outlet.flush()
    with pytest.raises(Stale):
        await bus.transact(C, [Append(events, done("after"))], fence=mine.fence(0))
    assert events_of(await bus.read(events)) == [done("before")]
    # it may still write in the new epoch, and with a fence without an epoch
    for fence in (mine.fence(1), mine.fence()):
        other = bus.outlet(fence)
        other.append(events, done("again"))
        await other.flush()
    assert len(await bus.read(events)) == 3


async def test_outlet_raises_its_first_failure_again(bench: Bench) -> None:
    bus, events = bench.bus, bench.bus.keys.events(C)
    mine = await owned(bus, await claimed(bus), C, M)
    await bench.rival.transact(C, [], raise_epoch=True)
    outlet = bus.outlet(mine.fence(0))
    outlet.append(events, done("1"))
    for _ in range(2):
        with pytest.raises(Stale):
            await outlet.flush()
    with pytest.raises(Stale):
        outlet.append(events, done("2"))
    with pytest.raises(Stale):
        outlet.put(bus.keys.state(C), {"cursor": "1-0"})
    with pytest.raises(Stale):
        await outlet.room()
    assert await bus.read(events) == []


async def test_outlet_that_was_refused_does_not_affect_other_outlets(bench: Bench) -> None:
    bus, events = bench.bus, bench.bus.keys.events(C)
    mine = await owned(bus, await claimed(bus), C, M)
    await bench.rival.transact(C, [], raise_epoch=True)
    outlet = bus.outlet(mine.fence(0))

    async def write_until_refused() -> None:
        while True:
            outlet.append(events, done("stale"))
            await asyncio.sleep(0)

    with pytest.raises(Stale):
        await write_until_refused()
    other = bus.outlet()
    other.append(events, done("fine"))
    await other.flush()
    assert events_of(await bus.read(events)) == [done("fine")]


@pytest.mark.parametrize(
    "bad", [Append(Key("k", 60), LLMChunk("\ud83d", "luna", "m")), Put(Key("k", 60), {"text": "\ud83d"})]
)
async def test_unencodable_write_is_refused_and_does_not_affect_others(bus: Bus, bad: Append | Put) -> None:
    outlet, other = bus.outlet(), bus.outlet()
    if isinstance(bad, Append):
        outlet.append(bus.keys.events(C), bad.entry)
    else:
        outlet.put(bus.keys.state(C), bad.fields)
    other.append(bus.keys.events(C), done("fine"))
    with pytest.raises(WriteRefused, match="encode"):
        await outlet.flush()
    with pytest.raises(WriteRefused, match="encode"):
        await bus.transact(C, [bad], talk=True)
    await other.flush()
    assert events_of(await bus.read(bus.keys.events(C))) == [done("fine")]
    assert dict(await bus.hash(bus.keys.state(C))) == {}


async def test_write_to_a_key_of_another_type_stops_its_batch(bus: Bus) -> None:
    state, events = bus.keys.state(C), bus.keys.events(C)
    outlet, other = bus.outlet(), bus.outlet()
    outlet.put(state, {"cursor": "1-0"})
    outlet.append(state, done("nonsense"))
    outlet.append(events, done("behind it"))
    other.append(events, done("another's"))
    with pytest.raises(WriteRefused):
        await outlet.flush()
    await other.flush()
    assert events_of(await bus.read(events)) == [done("another's")]


# -- transactions


async def test_transaction_that_raises_the_epoch_writes_with_the_new_epoch(bus: Bus) -> None:
    events, control = bus.keys.events(C), bus.keys.control(C)
    for epoch in (1, 2):
        writes = [Append(events, Interrupted("turn")), Append(control, Interrupted("turn"))]
        assert await bus.transact(C, writes, raise_epoch=True) == Applied(new=True, epoch=epoch)
    for key in (events, control):
        assert [envelope(entry.fields).epoch for entry in await bus.read(key)] == [1, 2]
    assert (await bus.hash(bus.keys.state(C)))[b"epoch"] == b"2"
    # a transaction that does not raise the epoch writes entries of the current one
    assert await bus.transact(C, [Append(events, done("t"))]) == Applied(new=True, epoch=2)
    assert [envelope(entry.fields).epoch for entry in await bus.read(events)] == [1, 2, 2]


async def test_conversations_have_epochs_of_their_own(bus: Bus) -> None:
    await bus.transact(C, [], raise_epoch=True)
    assert (await bus.transact(new_id(), [])).epoch == 0


async def test_if_talking_writes_are_made_first_and_only_while_a_reply_is_in_progress(bus: Bus) -> None:
    events = bus.keys.events(C)

    async def interrupt(name: str, *, talk: bool | None) -> list[Event]:
        after = await bus.last(events)
        await bus.transact(C, [Append(events, done(name))], if_talking=[Append(events, Interrupted("turn"))], talk=talk)
        return events_of(await bus.read(events, after.id if after else "0-0"))

    assert await interrupt("quiet", talk=None) == [done("quiet")]
    assert await interrupt("begins", talk=True) == [done("begins")]
    assert await interrupt("cuts in", talk=None) == [Interrupted("turn"), done("cuts in")]
    assert await interrupt("continues", talk=True) == [Interrupted("turn"), done("continues")]
    assert await interrupt("ends", talk=False) == [Interrupted("turn"), done("ends")]
    assert await interrupt("quiet again", talk=None) == [done("quiet again")]


async def test_talk_mark_expires_with_the_state(bus: Bus) -> None:
    await bus.transact(C, [], talk=True)  # no other write follows: no_leaked_keys checks the TTL of the state
    assert dict(await bus.hash(bus.keys.state(C))) == {b"talk": b"1"}


async def test_repeated_transaction_writes_once_and_posts_the_pointer_again(bus: Bus) -> None:
    turn = UserTurn(new_id(), C, "Hello", "typed")
    turns, once = bus.keys.turns(C), bus.keys.turn_seen(C, turn.turn_id)

    async def send() -> Applied:
        return await bus.transact(
            C, [Append(turns, turn)], once=once, raise_epoch=True, talk=True, then=("llm", Work(C))
        )

    assert await send() == Applied(new=True, epoch=1)
    assert await send() == Applied(new=False, epoch=1)
    (entry,) = await bus.read(turns)
    assert decode(UserTurn, entry.fields) == turn
    assert await bus.open_work("llm") == 2
    await bus.prepare("llm")
    assert [decode(Work, c.fields) for c in await bus.claim("llm", "a", count=9, block_s=0)] == [Work(C)] * 2


async def test_refused_transaction_changes_nothing(bench: Bench) -> None:
    bus, once = bench.bus, bench.bus.keys.turn_seen(C, new_id())
    mine = await owned(bus, await claimed(bus), C, M)
    await bench.rival.transact(C, [], raise_epoch=True)
    with pytest.raises(Stale):
        await bus.transact(
            C, [Append(bus.keys.turns(C), done("t"))], fence=mine.fence(0), once=once, raise_epoch=True, talk=True
        )
    assert dict(await bus.hash(bus.keys.state(C))) == {b"epoch": b"1"}
    assert await bus.read(bus.keys.turns(C)) == []
    assert (await bus.transact(C, [], once=once)).new


async def test_transaction_is_applied_after_earlier_writes_of_an_outlet(bus: Bus) -> None:
    events, outlet = bus.keys.events(C), bus.outlet()
    outlet.append(events, VadStart("s"))
    await bus.transact(C, [Append(events, done("t"))])
    assert events_of(await bus.read(events)) == [VadStart("s"), done("t")]


async def test_transaction_can_write_hash_fields(bus: Bus) -> None:
    state = bus.keys.state(C)
    await bus.transact(C, [Put(state, {"client": "x", "gone": "y"})])
    await bus.transact(C, [Put(state, {"gone": None})])
    assert dict(await bus.hash(state)) == {b"client": b"x"}


async def test_concurrent_transactions_each_raise_the_epoch_by_one(bench: Bench) -> None:
    applied = await asyncio.gather(
        *(bus.transact(C, [], raise_epoch=True) for _ in range(20) for bus in (bench.bus, bench.rival))
    )
    assert sorted(result.epoch for result in applied) == list(range(1, 41))


async def test_cancelled_transaction_leaves_the_bus_usable(bus: Bus) -> None:
    sending = asyncio.ensure_future(bus.transact(C, [Append(bus.keys.events(C), done("1"))], then=("llm", Work(C))))
    await asyncio.sleep(0)
    sending.cancel()
    await asyncio.wait([sending])
    await bus.transact(C, [Append(bus.keys.events(C), done("2"))])
    assert events_of(await read_count(bus.follow(bus.keys.events(C)), 2)) == [done("1"), done("2")]
