"""Sound is appended with the same guarantees as other fenced writes, although it does not pass through a script."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from tertulia_shared.bus import Bus, Claim, Entry, NotOwner, Outlet, Owned, Stale, WriteRefused, WritesPaused
from tertulia_shared.bus.write_commands import LONG_VALUE
from tertulia_shared.codec import decode
from tertulia_shared.entries import AudioChunk
from tertulia_shared.events import TurnComplete
from tests.contract.written_entries import C, M
from tests.harness.bus import Bench, RedisBench, claimed, owned, redis_bench
from tests.servers.redis_server import RedisServer

SAMPLES = LONG_VALUE


def sound(number: int, level: int = 1) -> AudioChunk:
    return AudioChunk(bytes((level, 0)) * SAMPLES, 0, number, C, M, "luna", begins_at=number * SAMPLES, engine="e")


def say(outlet: Outlet, bus: Bus, *numbers: int, level: int = 1) -> None:
    for number in numbers:
        outlet.append(bus.keys.audio(C, M), sound(number, level), id=f"1-{number + 1}")


async def speaking(bus: Bus) -> tuple[Claim, Owned, Outlet]:
    """A worker that owns a message and has written its first chunk."""
    claim = await claimed(bus, worker="a")
    mine = await owned(bus, claim, C, M)
    outlet = bus.outlet(mine.fence(mine.epoch))
    say(outlet, bus, 0)
    await outlet.flush()
    return claim, mine, outlet


async def taken_over(bench: Bench) -> Outlet:
    """The outlet of a second worker, to which Redis gives the message."""
    (again,) = await bench.rival.take_over("tts", "b", idle_s=0, count=1)
    mine = await owned(bench.rival, again, C, M)
    return bench.rival.outlet(mine.fence(mine.epoch))


async def heard(bus: Bus) -> list[tuple[str, int]]:
    """The id and the level of each chunk in the stream."""
    return [level_of(entry) for entry in await bus.read(bus.keys.audio(C, M))]


def level_of(entry: Entry) -> tuple[str, int]:
    chunk = decode(AudioChunk, entry.fields)
    assert chunk == sound(chunk.chunk_index, chunk.audio[0])
    return entry.id, chunk.audio[0]


async def test_sound_arrives_complete_and_in_order(bench: Bench) -> None:
    bus = bench.bus
    follow = bench.rival.follow(bus.keys.audio(C, M))
    _, _, outlet = await speaking(bus)
    say(outlet, bus, 1)
    await outlet.flush()
    say(outlet, bus, 2, 3)
    await asyncio.sleep(0)
    say(outlet, bus, 4)
    await outlet.flush()
    assert await heard(bus) == [(f"1-{n}", 1) for n in range(1, 6)]
    read: list[Entry] = []
    while len(read) < 5:
        read += await follow.read()
    assert [level_of(entry)[0] for entry in read] == [f"1-{n}" for n in range(1, 6)]


async def test_end_of_a_message_is_written_with_its_last_sound(bench: Bench) -> None:
    bus, key = bench.bus, bench.bus.keys.audio(C, M)
    _, _, outlet = await speaking(bus)
    say(outlet, bus, 1)
    outlet.append(key, AudioChunk(b"\1\0", 0, 2, C, M, "luna"), id="1-3")
    outlet.append(key, AudioChunk(b"", 1, 0, C, M, "luna", is_final=True), id="2-0")
    await outlet.flush()
    assert [entry.id for entry in await bus.read(key)] == ["1-1", "1-2", "1-3", "2-0"]
    assert not outlet.skipped


async def test_blocked_reader_gets_sound_that_is_appended(bench: Bench) -> None:
    _, _, outlet = await speaking(bench.bus)
    follow = bench.bus.follow(bench.bus.keys.audio(C, M), "1-1")
    for number in (1, 2, 3):
        reading = asyncio.create_task(follow.read())
        await bench.until_reading()
        say(outlet, bench.bus, number)
        assert [entry.id for entry in await reading] == [f"1-{number + 1}"]
    await outlet.flush()


async def test_worker_that_was_replaced_appends_no_more_sound(bench: Bench) -> None:
    _, _, outlet = await speaking(bench.bus)
    successor = await taken_over(bench)
    say(outlet, bench.bus, 1)  # before the successor has written anything
    with pytest.raises(NotOwner):
        await outlet.flush()
    say(successor, bench.rival, 1, 2, level=2)
    await successor.flush()
    say(successor, bench.rival, 3, level=2)
    await successor.flush()
    with pytest.raises(NotOwner):
        say(outlet, bench.bus, 4)
    assert await heard(bench.bus) == [("1-1", 1), ("1-2", 2), ("1-3", 2), ("1-4", 2)]


async def test_chunks_in_flight_are_all_refused_after_a_takeover(bench: Bench) -> None:
    _, _, outlet = await speaking(bench.bus)
    successor = await taken_over(bench)

    async def go_on() -> None:
        for number in (1, 2, 3):
            say(outlet, bench.bus, number)
            await asyncio.sleep(0)
        await outlet.flush()

    with pytest.raises(NotOwner):
        await go_on()
    say(successor, bench.rival, 1, level=2)
    await successor.flush()
    assert await heard(bench.bus) == [("1-1", 1), ("1-2", 2)]


async def test_reader_that_waits_for_a_message_gets_its_first_sound(bench: Bench) -> None:
    mine = await owned(bench.bus, await claimed(bench.bus), C, M)
    outlet = bench.bus.outlet(mine.fence(mine.epoch))
    follow = bench.bus.follow(bench.bus.keys.audio(C, M))
    reading = asyncio.create_task(follow.read())
    await bench.until_reading()
    say(outlet, bench.bus, 0, 1)
    assert [level_of(entry) for entry in await reading] == [("1-1", 1), ("1-2", 1)]
    await outlet.flush()


async def test_worker_that_was_replaced_begins_no_sound(bench: Bench) -> None:
    claim = await claimed(bench.bus, worker="a")
    mine = await owned(bench.bus, claim, C, M)
    outlet = bench.bus.outlet(mine.fence(mine.epoch))
    successor = await taken_over(bench)
    say(outlet, bench.bus, 0, 1)
    with pytest.raises(NotOwner):
        await outlet.flush()
    assert await heard(bench.bus) == []
    say(successor, bench.rival, 0, 1, level=2)
    await successor.flush()
    assert await heard(bench.bus) == [("1-1", 2), ("1-2", 2)]


async def test_sound_begins_in_no_epoch_that_was_interrupted(bench: Bench) -> None:
    mine = await owned(bench.bus, await claimed(bench.bus), C, M)
    outlet = bench.bus.outlet(mine.fence(mine.epoch))
    await bench.rival.transact(C, [], raise_epoch=True)
    say(outlet, bench.bus, 0, 1)
    with pytest.raises(Stale):
        await outlet.flush()
    assert await heard(bench.bus) == []


async def test_interruption_ends_the_sound_of_its_epoch(bench: Bench) -> None:
    _, mine, outlet = await speaking(bench.bus)
    say(outlet, bench.bus, 1)
    await outlet.flush()
    await bench.rival.transact(C, [], raise_epoch=True)
    say(outlet, bench.bus, 2)
    with pytest.raises(Stale):
        await outlet.flush()
    assert await heard(bench.bus) == [("1-1", 1), ("1-2", 1)]
    later = bench.bus.outlet(mine.fence(1))  # the owner may write in the new epoch
    for number in (2, 3):
        say(later, bench.bus, number)
        await later.flush()
    assert len(await heard(bench.bus)) == 4


async def test_repeated_chunk_is_a_success_and_changes_nothing(bench: Bench) -> None:
    _, _, outlet = await speaking(bench.bus)
    say(outlet, bench.bus, 1)
    await outlet.flush()
    assert not outlet.skipped
    say(outlet, bench.bus, 0, level=3)
    await outlet.flush()
    assert outlet.skipped
    say(outlet, bench.bus, 1, 2, level=3)
    await outlet.flush()
    assert await heard(bench.bus) == [("1-1", 1), ("1-2", 1), ("1-3", 3)]


@pytest.mark.parametrize("numbers", [(1,), (1, 2)])
async def test_owner_learns_that_an_entry_with_a_higher_id_displaced_its_sound(
    bench: Bench, numbers: tuple[int, ...]
) -> None:
    mine = await owned(bench.bus, await claimed(bench.bus), C, M)
    stray = bench.rival.outlet()
    stray.append(bench.bus.keys.audio(C, M), sound(8), id="1-9")
    await stray.flush()
    outlet = bench.bus.outlet(mine.fence())
    say(outlet, bench.bus, *numbers)
    await outlet.flush()
    assert outlet.skipped
    assert await heard(bench.bus) == [("1-9", 1)]


async def test_sound_continues_in_a_stream_that_was_deleted(bench: Bench) -> None:
    _, _, outlet = await speaking(bench.bus)
    await bench.rival.delete([bench.bus.keys.audio(C, M)])
    for number in (1, 2, 3):
        say(outlet, bench.bus, number)
        await outlet.flush()
    assert await heard(bench.bus) == [("1-2", 1), ("1-3", 1), ("1-4", 1)]


async def test_appended_sound_keeps_a_shortened_ttl_away(bench: Bench) -> None:
    _, _, outlet = await speaking(bench.bus)
    outlet.expire(bench.bus.keys.audio(C, M), 1)
    await outlet.flush()
    for number in (1, 2):
        say(outlet, bench.bus, number)
        await outlet.flush()
    await bench.pass_time(1.1)
    assert len(await heard(bench.bus)) == 3


async def test_other_writes_of_the_same_flush_are_written_with_the_sound(bench: Bench) -> None:
    bus = bench.bus
    _, _, outlet = await speaking(bus)
    say(outlet, bus, 1)
    outlet.append(bus.keys.events(C), TurnComplete("t"))
    await outlet.flush()
    assert (await bus.length(bus.keys.events(C)), len(await heard(bus))) == (1, 2)


async def test_sound_that_replaces_no_other_type_of_key(bench: Bench) -> None:
    bus = bench.bus
    _, _, outlet = await speaking(bus)
    await bus.delete([bus.keys.audio(C, M)])
    broken = bus.outlet()
    broken.put(bus.keys.audio(C, M), {"x": 1})
    await broken.flush()
    say(outlet, bus, 1)
    with pytest.raises(WriteRefused):
        await outlet.flush()
    assert dict(await bus.hash(bus.keys.audio(C, M))) == {b"x": b"1"}


# -- Redis alone


@pytest.fixture
async def on_redis(request: pytest.FixtureRequest) -> AsyncGenerator[RedisBench]:
    async with redis_bench(request.getfixturevalue("redis_url"), request.getfixturevalue("keys")) as made:
        yield made


@pytest.mark.slow
async def test_no_sound_passes_through_a_script(on_redis: RedisBench) -> None:
    mine = await owned(on_redis.bus, await claimed(on_redis.bus), C, M)
    outlet = on_redis.bus.outlet(mine.fence(mine.epoch))
    before = await on_redis.client.info("commandstats")
    say(outlet, on_redis.bus, 0, 1)
    await outlet.flush()
    for number in (2, 3):
        say(outlet, on_redis.bus, number)
        await outlet.flush()
    after = await on_redis.client.info("commandstats")
    calls = {
        name: after[f"cmdstat_{name}"]["calls"] - before.get(f"cmdstat_{name}", {"calls": 0})["calls"]
        for name in ("exec", "xadd", "xdel", "renamenx")
    }
    assert calls == {"exec": 3, "xadd": 5, "xdel": 1, "renamenx": 6}  # an empty stream takes one XADD and one XDEL
    assert len(await heard(on_redis.bus)) == 4


@pytest.mark.slow
async def test_first_sound_of_a_message_makes_a_stream_that_expires(on_redis: RedisBench) -> None:
    key = on_redis.bus.keys.audio(C, M)
    _, _, outlet = await speaking(on_redis.bus)
    assert await on_redis.client.ttl(key.name) == pytest.approx(key.ttl_s, abs=5)
    await on_redis.client.expire(key.name, 5)
    successor = await taken_over(on_redis)
    say(successor, on_redis.rival, 1)
    await successor.flush()
    assert await on_redis.client.ttl(key.name) == pytest.approx(key.ttl_s, abs=5)
    say(outlet, on_redis.bus, 2)
    with pytest.raises(NotOwner):
        await outlet.flush()


@pytest.mark.slow
async def test_sound_is_appended_once_after_redis_lost_its_scripts(on_redis: RedisBench) -> None:
    _, _, outlet = await speaking(on_redis.bus)
    for number in (1, 2):
        await on_redis.client.script_flush()
        say(outlet, on_redis.bus, number)
        await outlet.flush()
    assert await heard(on_redis.bus) == [("1-1", 1), ("1-2", 1), ("1-3", 1)]


@pytest.mark.slow
async def test_lost_scripts_open_no_fence(on_redis: RedisBench) -> None:
    _, _, outlet = await speaking(on_redis.bus)
    await taken_over(on_redis)
    await on_redis.client.script_flush()
    say(outlet, on_redis.bus, 1)
    with pytest.raises(NotOwner):
        await outlet.flush()
    assert await heard(on_redis.bus) == [("1-1", 1)]


@pytest.mark.slow
async def test_flushed_redis_fences_the_sound(on_redis: RedisBench) -> None:
    bus = on_redis.bus
    _, mine, outlet = await speaking(bus)
    await on_redis.client.delete(mine.owner.name, bus.keys.audio(C, M).name)  # what FLUSHALL does, for this message
    say(outlet, bus, 1)
    with pytest.raises(NotOwner):
        await outlet.flush()
    assert await heard(bus) == []


@pytest.mark.slow
async def test_stream_that_was_left_open_takes_no_sound_from_the_message(on_redis: RedisBench) -> None:
    bus, left = on_redis.bus, on_redis.bus.keys.audio(C, M).opened
    _, _, outlet = await speaking(bus)
    await on_redis.client.xadd(left, {"x": "1"}, id="1-1")
    say(outlet, bus, 1)
    await outlet.flush()
    assert await heard(bus) == [("1-1", 1), ("1-2", 1)]
    await on_redis.client.delete(left)


@pytest.mark.slow
async def test_full_redis_refuses_sound_and_takes_it_again_when_there_is_room(tmp_path: Path, keys: Any) -> None:
    with RedisServer(tmp_path) as server:
        async with redis_bench(server.url, keys) as bench:
            bus = bench.bus
            _, mine, outlet = await speaking(bus)
            await bench.client.config_set("maxmemory", 1)
            say(outlet, bus, 1)
            with pytest.raises(WritesPaused):
                await outlet.flush()
            assert await heard(bus) == [("1-1", 1)]
            await bus.delete([bus.keys.audio(C, M)])
            begun = bus.outlet(mine.fence(mine.epoch))
            say(begun, bus, 0, 1)
            with pytest.raises(WritesPaused):
                await begun.flush()
            assert await heard(bus) == []
            await bench.client.config_set("maxmemory", 0)
            again = bus.outlet(mine.fence(mine.epoch))
            for number in (0, 1, 2):
                say(again, bus, number)
                await again.flush()
            assert len(await heard(bus)) == 3


@pytest.mark.slow
async def test_restarted_redis_has_the_appended_sound(tmp_path: Path, keys: Any) -> None:
    with RedisServer(tmp_path, fsync="always") as server:
        async with redis_bench(server.url, keys) as bench:
            _, _, outlet = await speaking(bench.bus)
            for number in (1, 2):
                say(outlet, bench.bus, number)
                await outlet.flush()
        await asyncio.to_thread(server.kill)
        await asyncio.to_thread(server.start)
        async with redis_bench(server.url, keys) as bench:
            assert await heard(bench.bus) == [("1-1", 1), ("1-2", 1), ("1-3", 1)]
            names = {name.decode() async for name in bench.client.scan_iter(f"{keys.ns}:*")}
            assert bench.bus.keys.audio(C, M).name in names
            assert bench.bus.keys.audio(C, M).opened not in names
