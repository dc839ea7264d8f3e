"""Followed streams arrive completely and in order, with any number of followers, even if some read slowly."""

from __future__ import annotations

import asyncio
import time

import pytest

from tertulia_shared.bus import Append, Bus, EntriesLost, Follow, blocked_read
from tertulia_shared.bus.blocked_read import MAX_PER_READ
from tertulia_shared.bus.stream_follow import MAX_HELD
from tertulia_shared.events import TurnComplete
from tertulia_shared.ids import new_id
from tertulia_shared.keys import Key
from tests.harness.bus import Bench, listed, read_count

C = new_id()


@pytest.fixture
def one_long_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reads that block for longer than any test. If such a read returns, something has unblocked it."""
    monkeypatch.setattr(blocked_read, "BLOCK_MS", 600_000)


async def write(bus: Bus, key: Key, *names: str) -> list[str]:
    """Write one event for each name. Returns the entry ids."""
    last = await bus.last(key)
    outlet = bus.outlet()
    for name in names:
        outlet.append(key, TurnComplete(name))
        await outlet.room()
    await outlet.flush()
    return [entry.id for entry in await bus.read(key, last.id if last else "0-0")]


async def test_follow_returns_existing_and_new_entries(bench: Bench) -> None:
    key = bench.bus.keys.events(C)
    first = await write(bench.rival, key, "1", "2")
    follow = bench.bus.follow(key)
    assert [entry.id for entry in await read_count(follow, 2)] == first
    more = await write(bench.rival, key, "3")
    (entry,) = await follow.read()
    assert ([entry.id], entry.fields[b"turn_id"]) == (more, b"3")


async def test_follow_starts_after_the_given_entry(bench: Bench) -> None:
    key = bench.bus.keys.events(C)
    ids = await write(bench.rival, key, "1", "2", "3")
    assert [entry.id for entry in await read_count(bench.bus.follow(key, ids[0]), 2)] == ids[1:]
    # the id from which to read need not exist
    sentences = bench.bus.keys.sentences(C, "m")
    await bench.bus.transact(C, [Append(sentences, TurnComplete(str(n)), f"{n}-{n}") for n in (1, 3, 5)])
    assert [entry.id for entry in await read_count(bench.bus.follow(sentences, "1-9"), 2)] == ["3-3", "5-5"]


@pytest.mark.usefixtures("one_long_read")
async def test_follow_that_is_opened_during_a_blocked_read_gets_entries_at_once(bench: Bench) -> None:
    quiet, busy = bench.bus.keys.events(C), bench.bus.keys.control(C)
    await write(bench.rival, busy, "1")
    silent = bench.bus.follow(quiet)
    await bench.until_reading()
    assert len(await bench.bus.follow(busy).read()) == 1
    await bench.until_reading()
    await write(bench.rival, quiet, "2")
    assert len(await silent.read()) == 1


@pytest.mark.usefixtures("one_long_read")
async def test_follow_that_is_opened_at_any_moment_gets_its_entries(bench: Bench) -> None:
    bus = bench.bus
    keys = [bus.keys.events(new_id()) for _ in range(150)]
    for key in keys:
        await write(bench.rival, key, "here")
    bus.follow(bus.keys.events(C))
    await bench.until_reading()
    follows: list[Follow] = []
    for n, key in enumerate(keys):
        follows.append(bus.follow(key))
        for _ in range(n % 5):  # open it at each step of the read that the first follow has started
            await asyncio.sleep(0)
    for follow in follows:
        assert [entry.fields[b"turn_id"] for entry in await follow.read()] == [b"here"]
    for key in keys:
        await write(bench.rival, key, "later")
    for follow in follows:
        assert [entry.fields[b"turn_id"] for entry in await follow.read()] == [b"later"]


async def test_two_follows_of_the_same_stream_both_get_every_entry(bench: Bench) -> None:
    key = bench.bus.keys.events(C)
    ids = await write(bench.rival, key, *(str(n) for n in range(MAX_PER_READ * 2)))
    back, front = bench.bus.follow(key), bench.bus.follow(key, ids[-2])
    assert [entry.id for entry in await read_count(front, 1)] == ids[-1:]
    assert [entry.id for entry in await read_count(back, len(ids))] == ids
    more = await write(bench.rival, key, "more")
    assert [entry.id for entry in await front.read()] == more
    assert [entry.id for entry in await back.read()] == more


@pytest.mark.usefixtures("one_long_read")
async def test_follow_that_is_read_slowly_misses_no_entry_and_delays_no_other_follow(bench: Bench) -> None:
    slow_key, fast_key = bench.bus.keys.events(C), bench.bus.keys.control(C)
    slow, fast = bench.bus.follow(slow_key), bench.bus.follow(fast_key)
    names = [str(n) for n in range(MAX_HELD * 3)]
    await write(bench.rival, slow_key, *names)
    for n in range(5):
        await write(bench.rival, fast_key, str(n))
        assert [entry.fields[b"turn_id"] for entry in await fast.read()] == [str(n).encode()]
    got: list[str] = []
    while len(got) < len(names):
        entries = await slow.read()
        assert 0 < len(entries) <= MAX_HELD + MAX_PER_READ
        got += [entry.fields[b"turn_id"].decode() for entry in entries]
    assert got == names


async def test_take_returns_the_available_entries_without_waiting(bench: Bench) -> None:
    key = bench.bus.keys.events(C)
    follow = bench.bus.follow(key)
    assert list(follow.take()) == []
    ids = await write(bench.rival, key, "1", "2", "3")
    got = [*await follow.read(), *follow.take()]
    got += await read_count(follow, len(ids) - len(got))
    assert [entry.id for entry in got] == ids
    assert list(follow.take()) == []


@pytest.mark.usefixtures("one_long_read")
async def test_closed_follow_gets_no_more_entries(bench: Bench) -> None:
    key = bench.bus.keys.events(C)
    closed, open_ = bench.bus.follow(key), bench.bus.follow(key)
    await bench.until_reading()
    waiting = asyncio.create_task(closed.read())
    await asyncio.sleep(0)
    closed.close()
    closed.close()
    await write(bench.rival, key, "1")
    assert len(await open_.read()) == 1
    await write(bench.rival, key, "2")
    assert len(await open_.read()) == 1
    assert list(closed.take()) == []
    assert not waiting.done()
    waiting.cancel()
    await asyncio.wait([waiting])


async def test_cancelled_read_loses_no_entry(bench: Bench) -> None:
    key = bench.bus.keys.events(C)
    follow = bench.bus.follow(key)
    reading = asyncio.create_task(follow.read())
    await bench.until_reading()
    reading.cancel()
    await asyncio.wait([reading])
    ids = await write(bench.rival, key, "1")
    assert [entry.id for entry in await follow.read()] == ids


async def test_stream_can_be_read_in_several_parts(bus: Bus) -> None:
    key = bus.keys.events(C)
    assert list(await bus.read(key)) == []
    assert await bus.last(key) is None
    ids = await write(bus, key, "1", "2", "3")
    assert [entry.id for entry in await bus.read(key)] == ids
    assert [entry.id for entry in await bus.read(key, ids[0])] == ids[1:]
    assert [entry.id for entry in await bus.read(key, ids[0], count=1)] == ids[1:2]
    assert list(await bus.read(key, ids[2])) == []
    last = await bus.last(key)
    assert last is not None
    assert (last.id, last.fields[b"turn_id"]) == (ids[2], b"3")


async def test_missing_hash_is_read_as_empty(bus: Bus) -> None:
    assert dict(await bus.hash(bus.keys.state(C))) == {}


async def test_conversations_that_have_turns_are_found(bus: Bus) -> None:
    assert await listed(bus.conversations_with_turns()) == []
    wanted = {new_id() for _ in range(20)}
    for conversation_id in wanted:
        await bus.transact(conversation_id, [Append(bus.keys.turns(conversation_id), TurnComplete("t"))])
    other = new_id()
    await bus.transact(other, [Append(bus.keys.events(other), TurnComplete("t"))], raise_epoch=True)
    assert set(await listed(bus.conversations_with_turns())) == wanted


async def test_follow_with_tell_loss_raises_once_after_data_loss_and_then_continues(bench: Bench) -> None:
    key = bench.bus.keys.events(C)
    ids = await write(bench.rival, key, "1", "2", "3")
    telling, other = bench.bus.follow(key, tell_loss=True), bench.bus.follow(key)
    for follow in (telling, other):
        await read_count(follow, 3)
    await bench.until_reading()
    await bench.break_and_lose(key, ids[1:])
    with pytest.raises(EntriesLost, match="events"):
        await telling.read()
    (after,) = await write(bench.rival, key, "4")
    for follow in (telling, other):
        assert [entry.id for entry in await follow.read()] == [after]


async def test_data_loss_is_raised_before_entries_that_were_written_after_it(bench: Bench) -> None:
    key = bench.bus.keys.events(C)
    ids = await write(bench.rival, key, "1", "2", "3")
    telling, other = bench.bus.follow(key, tell_loss=True), bench.bus.follow(key)
    for follow in (telling, other):
        await read_count(follow, 3)
    await bench.until_reading()
    await bench.break_and_lose(key, ids[1:])
    (after,) = await write(bench.rival, key, "4")
    await other.read()  # each of the follows has received the entry
    with pytest.raises(EntriesLost):
        await telling.read()
    assert [entry.id for entry in await telling.read()] == [after]


async def test_data_loss_is_raised_once_after_several_lost_connections(bench: Bench) -> None:
    key = bench.bus.keys.events(C)
    ids = await write(bench.rival, key, "1", "2")
    follow = bench.bus.follow(key, tell_loss=True)
    await read_count(follow, 2)
    await bench.until_reading()
    await bench.break_and_lose(key, ids[1:])
    with pytest.raises(EntriesLost):
        await follow.read()
    await bench.until_reading()
    await bench.break_and_lose(key, [])
    (after,) = await write(bench.rival, key, "3")
    assert [entry.id for entry in await follow.read()] == [after]
    await bench.until_reading()
    await bench.break_and_lose(key, [after])
    with pytest.raises(EntriesLost):  # a second loss
        await follow.read()


async def test_expired_entry_does_not_count_as_data_loss(bench: Bench) -> None:
    key = bench.bus.keys.events(C)
    long_ago = f"{time.time_ns() // 1_000_000 - key.ttl_s * 1000}-0"
    outlet = bench.rival.outlet()
    outlet.append(key, TurnComplete("1"), id=long_ago)
    await outlet.flush()
    follow = bench.bus.follow(key, tell_loss=True)
    await read_count(follow, 1)
    await bench.until_reading()
    await bench.break_and_lose(key, [long_ago])
    (after,) = await write(bench.rival, key, "2")
    assert [entry.id for entry in await follow.read()] == [after]


@pytest.mark.parametrize("read", [0, 3])
async def test_lost_connection_without_data_loss_raises_nothing(bench: Bench, read: int) -> None:
    key = bench.bus.keys.events(C)
    ids = await write(bench.rival, key, "1", "2", "3")
    follow = bench.bus.follow(key, "5-5" if read else ids[-1], tell_loss=True)
    await read_count(follow, read)
    await bench.until_reading()
    await bench.break_and_lose(key, ids[:1])
    (after,) = await write(bench.rival, key, "4")
    assert [entry.id for entry in await follow.read()] == [after]


@pytest.mark.parametrize("read", [True, False])
async def test_data_loss_is_raised_even_if_the_connection_stays_open(bench: Bench, read: bool) -> None:  # noqa: FBT001
    key = bench.bus.keys.events(C)
    ids = await write(bench.rival, key, "1", "2")
    follow = bench.bus.follow(key, "0-0" if read else ids[-1], tell_loss=True)
    if read:
        await read_count(follow, 2)
    waiting = asyncio.create_task(follow.read())
    await bench.until_reading()
    # it takes one check to notice that the last entry, which was not read again, is gone
    await bench.pass_time(0 if read else 1.2)
    await bench.rival.remove(key, ids)
    with pytest.raises(EntriesLost):
        await waiting
    (after,) = await write(bench.rival, key, "3")
    assert [entry.id for entry in await follow.read()] == [after]


async def test_data_loss_is_raised_if_an_entry_written_after_it_was_read_first(bench: Bench) -> None:
    key = bench.bus.keys.events(C)
    ids = await write(bench.rival, key, "1", "2")
    follow = bench.bus.follow(key, tell_loss=True)
    await read_count(follow, 2)
    await bench.until_reading()
    await bench.rival.remove(key, ids)
    (after,) = await write(bench.rival, key, "3")
    read: list[str] = []
    lost = ""
    while not (read and lost):
        try:
            read += [entry.id for entry in await follow.read()]
        except EntriesLost as error:
            lost = error.entry_id
    assert (read, lost) == ([after], ids[-1])
