"""Redis refuses the writes of an owner that may no longer write. Other writes are not affected."""

from __future__ import annotations

import asyncio

import pytest

from tertulia_shared.bus import Append, Bus, NotOwner, Put, Stale, WriteRefused
from tertulia_shared.events import LLMChunk
from tertulia_shared.keys import Key
from tests.contract.written_entries import C, M, done, events_of
from tests.harness.bus import Bench, claimed, owned


async def test_batch_of_an_owner_that_was_replaced_is_not_written(bench: Bench) -> None:
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


async def test_write_in_an_older_epoch_raises_stale_after_an_interruption(bench: Bench) -> None:
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
    # the owner may still write in the new epoch, or with a fence that has no epoch
    for fence in (mine.fence(1), mine.fence()):
        other = bus.outlet(fence)
        other.append(events, done("again"))
        await other.flush()
    assert len(await bus.read(events)) == 3


async def test_outlet_raises_its_first_failure_at_each_later_call(bench: Bench) -> None:
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


async def test_refused_outlet_does_not_affect_other_outlets(bench: Bench) -> None:
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
async def test_write_that_cannot_be_encoded_is_refused_and_affects_no_other_write(bus: Bus, bad: Append | Put) -> None:
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


async def test_write_to_a_key_of_a_wrong_type_stops_the_rest_of_its_batch(bus: Bus) -> None:
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
