"""The reader and its two connections, at moments that a test cannot force on a real server."""

from __future__ import annotations

import asyncio

import pytest

from tertulia_shared.bus.link import Link
from tertulia_shared.bus.port.errors import BusUnavailable, EntriesLost
from tertulia_shared.bus.port.reading import Follow
from tertulia_shared.bus.reader import Reader
from tertulia_shared.keys import Key
from tests.harness.virtual_time import now, settle, virtual_time
from tests.unit.shared.hand_link import HandLink, entries, streams

NOW_MS = 1_763_800_000_000
FIRST, SECOND, THIRD = (f"{NOW_MS - 3 + n}-0" for n in range(3))


def no_idle_read(_number: int) -> Link:
    raise AssertionError("no stream is idle")


async def test_stream_that_is_followed_during_an_unblock_is_read() -> None:
    reads, calls = HandLink(), HandLink()
    reader = Reader(reads, calls, lambda: NOW_MS, no_idle_read)
    running = asyncio.create_task(reader.run())

    reader.follow(Key("a", 60), "0-0")
    command, first = await reads.asked.get()
    assert streams(command) == {"a"}

    reader.follow(Key("b", 60), "0-0")
    _, unblocked = await calls.asked.get()
    first.set_result(None)  # the read ends before the answer to CLIENT UNBLOCK arrives
    command, second = await reads.asked.get()
    assert streams(command) == {"a", "b"}

    reader.follow(Key("c", 60), "0-0")  # after the second read began, before the answer to CLIENT UNBLOCK
    unblocked.set_result(1)
    _, unblocked = await calls.asked.get()
    second.set_result(None)
    unblocked.set_result(1)
    command, _ = await reads.asked.get()
    assert streams(command) == {"a", "b", "c"}
    running.cancel()
    await asyncio.wait([running])


async def test_unblock_is_repeated_until_the_sent_read_has_blocked() -> None:
    reads, calls = HandLink(), HandLink()
    reader = Reader(reads, calls, lambda: NOW_MS, no_idle_read)
    running = asyncio.create_task(reader.run())
    reader.follow(Key("a", 60), "0-0")
    _, first = await reads.asked.get()
    reader.follow(Key("b", 60), "0-0")
    for answer in (0, 0, 1):
        _, unblocked = await calls.asked.get()
        unblocked.set_result(answer)
    first.set_result(None)
    command, _ = await reads.asked.get()
    assert streams(command) == {"a", "b"}
    running.cancel()
    await asyncio.wait([running])


@virtual_time
async def test_stream_with_a_delay_is_read_with_the_next_read_or_after_the_delay() -> None:
    reads, calls = HandLink(), HandLink()
    reader = Reader(reads, calls, lambda: NOW_MS, no_idle_read)
    running = asyncio.create_task(reader.run())
    reader.follow(Key("a", 60), "0-0")
    _, first = await reads.asked.get()

    reader.follow(Key("b", 60), "0-0", delay_s=0.1)
    await asyncio.sleep(0.05)
    assert calls.asked.empty()
    first.set_result(entries("a", FIRST))
    command, second = await reads.asked.get()
    assert streams(command) == {"a", "b"}
    await asyncio.sleep(0.2)
    assert calls.asked.empty(), "the second read has the stream already"

    reader.follow(Key("c", 60), "0-0", delay_s=0.1)
    closed = reader.follow(Key("d", 60), "0-0", delay_s=0.05)
    closed.close()
    await asyncio.sleep(0.07)
    assert calls.asked.empty()
    _, unblocked = await calls.asked.get()
    unblocked.set_result(1)
    second.set_result(None)
    command, _ = await reads.asked.get()
    assert streams(command) == {"a", "b", "c"}
    running.cancel()
    await asyncio.wait([running])


@virtual_time
async def test_stream_with_a_delay_begins_no_read_before_the_delay() -> None:
    reads, calls = HandLink(), HandLink()
    reader = Reader(reads, calls, lambda: NOW_MS, no_idle_read)
    running = asyncio.create_task(reader.run())
    ends = reader.follow(Key("a", 60), "0-0")
    _, reply = await reads.asked.get()
    due = now() + 0.2
    reader.follow(Key("b", 60), "0-0", delay_s=0.1).close()
    reader.follow(Key("c", 60), "0-0", delay_s=0.2)
    reply.set_result(entries("a", FIRST))
    ends.close()
    command, _ = await reads.asked.get()
    assert streams(command) == {"c"}
    assert now() == pytest.approx(due)
    running.cancel()
    await asyncio.wait([running])


async def test_stream_that_a_reader_follows_because_of_an_entry_joins_the_next_read() -> None:
    reads, calls = HandLink(), HandLink()
    reader = Reader(reads, calls, lambda: NOW_MS, no_idle_read)
    running = asyncio.create_task(reader.run())
    first = reader.follow(Key("a", 60), "0-0")
    begun = asyncio.Event()

    async def read_events() -> None:
        await first.read()
        begun.set()

    async def follow_sound() -> None:
        await begun.wait()
        reader.follow(Key("b", 60), "0-0")

    readers = asyncio.gather(read_events(), follow_sound())
    _, reply = await reads.asked.get()
    reply.set_result(entries("a", FIRST))
    command, _ = await reads.asked.get()
    assert streams(command) == {"a", "b"}
    await readers
    await settle()
    assert calls.asked.empty(), "the read was ended although it has all streams"
    running.cancel()
    await asyncio.wait([running])


async def test_stream_is_not_read_after_its_final_entry() -> None:
    reads = HandLink()
    reader = Reader(reads, HandLink(), lambda: NOW_MS, no_idle_read)
    running = asyncio.create_task(reader.run())
    ends = reader.follow(Key("a", 60), "0-0", until_final=True)
    goes_on = reader.follow(Key("b", 60), "0-0")
    final = [b"is_final", b"1"]
    _, reply = await reads.asked.get()
    reply.set_result([[b"a", [(b"1-0", [b"is_final", b"0"])]], [b"b", [(b"1-0", final)]]])
    command, reply = await reads.asked.get()
    assert streams(command) == {"a", "b"}
    reply.set_result([[b"a", [(b"2-0", final)]]])
    command, _ = await reads.asked.get()
    assert streams(command) == {"b"}
    assert ids_taken(ends) == ["1-0", "2-0"]
    assert ids_taken(goes_on) == ["1-0"]
    running.cancel()
    await asyncio.wait([running])


async def test_stream_is_not_read_while_the_buffer_of_its_follow_is_full() -> None:
    reads, calls = HandLink(), HandLink()
    reader = Reader(reads, calls, lambda: NOW_MS, no_idle_read)
    running = asyncio.create_task(reader.run())
    full, other = reader.follow(Key("a", 60), "0-0"), reader.follow(Key("b", 60), "0-0")
    for n in range(4):  # 128 entries each, the most that the server returns
        command, reply = await reads.asked.get()
        assert streams(command) == {"a", "b"}
        reply.set_result([[b"a", [(f"{n + 1}-{i}".encode(), [b"f", b"v"]) for i in range(128)]]])
    command, reply = await reads.asked.get()
    assert streams(command) == {"b"}
    assert len(full.take()) == 512
    _, unblocked = await calls.asked.get()
    reply.set_result(None)
    unblocked.set_result(1)
    command, _ = await reads.asked.get()
    assert streams(command) == {"a", "b"}
    assert "4-127" in command
    assert list(other.take()) == []
    running.cancel()
    await asyncio.wait([running])


def ids_taken(follow: Follow) -> list[str]:
    return [entry.id for entry in follow.take()]


@virtual_time
async def test_loss_is_raised_after_earlier_entries_and_before_later_ones() -> None:
    reads = HandLink()
    reader = Reader(reads, HandLink(), lambda: NOW_MS, no_idle_read)
    follow = reader.follow(Key("a", 60), "0-0", tell_loss=True)
    running = asyncio.create_task(reader.run())
    _, reply = await reads.asked.get()
    reply.set_result(entries("a", FIRST, SECOND))
    _, reply = await reads.asked.get()
    reply.set_exception(BusUnavailable("cut"))
    command, reply = await reads.asked.get()
    assert command == ("XRANGE", "a", SECOND, SECOND)
    reply.set_result([])
    _, reply = await reads.asked.get()
    reply.set_result(entries("a", THIRD))
    await reads.asked.get()  # the reader has given the entry to the follow
    assert [entry.id for entry in await follow.read()] == [FIRST, SECOND]
    assert ids_taken(follow) == []
    with pytest.raises(EntriesLost, match=SECOND):
        await follow.read()
    assert [entry.id for entry in await follow.read()] == [THIRD]
    running.cancel()
    await asyncio.wait([running])


@virtual_time
async def test_second_lost_connection_does_not_raise_the_same_loss_again() -> None:
    reads = HandLink()
    reader = Reader(reads, HandLink(), lambda: NOW_MS, no_idle_read)
    follow = reader.follow(Key("a", 60), "0-0", tell_loss=True)
    running = asyncio.create_task(reader.run())
    _, reply = await reads.asked.get()
    reply.set_result(entries("a", FIRST))
    assert [entry.id for entry in await follow.read()] == [FIRST]
    _, reply = await reads.asked.get()
    reply.set_exception(BusUnavailable("cut"))
    _, reply = await reads.asked.get()
    reply.set_result([])
    with pytest.raises(EntriesLost):
        await follow.read()
    _, reply = await reads.asked.get()
    reply.set_exception(BusUnavailable("cut again"))
    command, reply = await reads.asked.get()
    assert command[0] == "XREAD"  # a loss that was raised is not checked again
    reply.set_result(entries("a", SECOND))
    assert [entry.id for entry in await follow.read()] == [SECOND]
    running.cancel()
    await asyncio.wait([running])


@virtual_time
async def test_stream_that_is_followed_during_the_check_after_a_lost_connection_is_read() -> None:
    reads = HandLink()
    reader = Reader(reads, HandLink(), lambda: NOW_MS, no_idle_read)
    reader.follow(Key("a", 60), FIRST, tell_loss=True)
    running = asyncio.create_task(reader.run())
    _, reply = await reads.asked.get()
    reply.set_exception(BusUnavailable("cut"))
    command, reply = await reads.asked.get()
    assert command[0] == "XRANGE"
    reader.follow(Key("b", 60), "0-0")
    await settle()
    reply.set_result([(FIRST.encode(), [b"f", b"v"])])
    command, _ = await reads.asked.get()
    assert streams(command) == {"a", "b"}
    running.cancel()
    await asyncio.wait([running])


@virtual_time
async def test_reading_goes_on_after_an_outage_of_an_hour() -> None:
    reads = HandLink()
    reader = Reader(reads, HandLink(), lambda: NOW_MS, no_idle_read)
    follow = reader.follow(Key("a", 60), "0-0")
    running = asyncio.create_task(reader.run())
    begun = now()
    while now() - begun < 3600:
        _, reply = await reads.asked.get()
        reply.set_exception(BusUnavailable("away"))
    _, reply = await reads.asked.get()
    reply.set_result(entries("a", FIRST))
    assert [entry.id for entry in await follow.read()] == [FIRST]
    running.cancel()
    await asyncio.wait([running])


@virtual_time
async def test_loss_is_noticed_although_a_later_entry_was_read_before_the_check() -> None:
    reads, calls = HandLink(), HandLink()
    reader = Reader(reads, calls, lambda: NOW_MS, no_idle_read)
    follow = reader.follow(Key("a", 60), "0-0", tell_loss=True)
    running = asyncio.create_task(reader.run())
    _, reply = await reads.asked.get()
    reply.set_result(entries("a", FIRST))
    _, reply = await reads.asked.get()
    reply.set_result(entries("a", SECOND))  # Redis was flushed before this one
    commands, reply = await calls.asked.get()
    assert commands == (("XRANGE", "a", FIRST, FIRST), ("XRANGE", "a", SECOND, SECOND))
    there = [(SECOND.encode(), [b"f", b"v"])]
    reply.set_result([[], there])
    _, reply = await calls.asked.get()  # after a loss, all streams are checked
    reply.set_result([there])
    assert ids_taken(follow) == [FIRST, SECOND]
    with pytest.raises(EntriesLost) as raised:
        await follow.read()
    assert raised.value.entry_id == FIRST
    for answer in (there, []):  # the same loss is raised once, but another one is noticed
        commands, reply = await calls.asked.get()
        assert commands == ("XRANGE", "a", SECOND, SECOND)
        reply.set_result(answer)
    with pytest.raises(EntriesLost, match=SECOND):
        await follow.read()
    running.cancel()
    await asyncio.wait([running])


@virtual_time
async def test_one_call_checks_all_streams_for_losses_and_ignores_expired_entries() -> None:
    reads = HandLink()
    reader = Reader(reads, HandLink(), lambda: NOW_MS, no_idle_read)
    old = f"{NOW_MS - 60_000}-0"
    follows = {name: reader.follow(Key(name, 60), "0-0", tell_loss=name != "d") for name in "abcd"}
    running = asyncio.create_task(reader.run())
    _, reply = await reads.asked.get()
    reply.set_result([*entries("a", FIRST), *entries("b", SECOND), *entries("c", old), *entries("d", FIRST)])
    _, reply = await reads.asked.get()
    reply.set_exception(BusUnavailable("cut"))
    commands, reply = await reads.asked.get()
    assert commands == (("XRANGE", "a", FIRST, FIRST), ("XRANGE", "b", SECOND, SECOND))
    reply.set_result([[(FIRST.encode(), [b"f", b"v"])], []])
    await settle()
    for follow in follows.values():
        assert len(await follow.read()) == 1
    with pytest.raises(EntriesLost):
        await follows["b"].read()
    _, reply = await reads.asked.get()
    reply.set_result([*entries("a", THIRD), *entries("c", THIRD), *entries("d", THIRD)])
    for name in "acd":  # these follows have lost nothing
        assert [entry.id for entry in await follows[name].read()] == [THIRD]
    running.cancel()
    await asyncio.wait([running])
