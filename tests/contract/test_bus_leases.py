"""A lease has one holder until it expires or is released. Entries can be removed from a stream, or moved to another
one.
"""

from __future__ import annotations

import pytest

from tertulia_shared.bus import Bus, Refused, WriteRefused
from tertulia_shared.entries import StoreWrite
from tertulia_shared.ids import new_id
from tertulia_shared.keys import Key
from tests.harness.bus import Bench, claimed, owned


async def test_lease_has_one_holder_until_it_is_released(bench: Bench) -> None:
    key = bench.bus.keys.drainer()
    assert await bench.bus.acquire_lease(key, "a")
    assert await bench.bus.acquire_lease(key, "a"), "prolonged"
    assert not await bench.rival.acquire_lease(key, "b")
    await bench.rival.release(key, "b")
    assert not await bench.rival.acquire_lease(key, "b"), "not b's to let go"
    await bench.bus.release(key, "a")
    assert await bench.rival.acquire_lease(key, "b")
    assert not await bench.bus.acquire_lease(key, "a")


async def test_lease_expires_without_a_renewal(bench: Bench) -> None:
    key = Key(bench.bus.keys.drainer().name, 1)
    assert await bench.bus.acquire_lease(key, "a")
    await bench.pass_time(1.1)
    assert await bench.rival.acquire_lease(key, "b")
    assert not await bench.bus.acquire_lease(key, "a")


async def test_releasing_a_lease_of_another_holder_changes_nothing(bus: Bus) -> None:
    await bus.release(bus.keys.drainer(), "a")
    assert await bus.acquire_lease(bus.keys.drainer(), "b")


async def test_removing_entries_keeps_the_order_of_the_others(bus: Bus) -> None:
    key = bus.keys.store()
    assert await bus.length(key) == 0
    outlet = bus.outlet()
    for number in range(4):
        outlet.append(key, StoreWrite("message", str(number)))
    await outlet.flush()
    ids = [entry.id for entry in await bus.read(key)]
    await bus.remove(key, [])
    await bus.remove(key, [ids[0], ids[2], "1-1"])
    assert [entry.id for entry in await bus.read(key)] == [ids[1], ids[3]]
    assert await bus.length(key) == 2
    await bus.remove(key, ids)
    assert await bus.length(key) == 0


async def test_entries_are_moved_to_another_stream_unchanged(bus: Bus) -> None:
    key, other = bus.keys.store(), bus.keys.held_back()
    outlet = bus.outlet()
    outlet.append(other, StoreWrite("message", "first"))
    for number in range(4):
        outlet.append(key, StoreWrite("message", str(number), row=b"\0\xff"), v=99)
    await outlet.flush()
    entries = await bus.read(key)
    follow = bus.follow(other)
    assert len(await follow.read()) == 1
    await bus.move(key, [], other)
    await bus.move(key, [entries[0], entries[2]], other)
    assert list(await bus.read(key)) == [entries[1], entries[3]]
    assert [entry.fields for entry in (await bus.read(other))[1:]] == [entries[0].fields, entries[2].fields]
    assert (await follow.read())[0].fields == entries[0].fields
    # a second move of the same entries, as after a lost connection during the first call
    await bus.move(key, [entries[0]], other)
    assert [entry.fields for entry in (await bus.read(other))[3:]] == [entries[0].fields]
    follow.close()


async def test_entries_stay_in_their_stream_if_redis_refuses_the_move(bus: Bus) -> None:
    key = bus.keys.store()
    outlet = bus.outlet()
    outlet.append(key, StoreWrite("message", "a"))
    outlet.put(bus.keys.cast(), {"speakers": b""})
    await outlet.flush()
    entries = await bus.read(key)
    with pytest.raises(WriteRefused):
        await bus.move(key, entries, bus.keys.cast())
    assert list(await bus.read(key)) == list(entries)


async def test_ownership_is_released_only_with_its_token(bus: Bus) -> None:
    conversation_id = new_id()
    first = await claimed(bus, "llm")
    mine = await owned(bus, first, conversation_id, "turns")
    await bus.release(mine.owner, "1-1/1")
    second = await claimed(bus, "llm")
    assert isinstance(await bus.own(second, conversation_id, "turns"), Refused)
    await bus.release(mine.owner, mine.token)
    await owned(bus, second, conversation_id, "turns")
