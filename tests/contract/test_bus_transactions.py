"""A transaction writes everything or nothing, and can raise the epoch of its conversation."""

from __future__ import annotations

import asyncio

import pytest

from tertulia_shared.bus import Append, Applied, Bus, Put, Stale
from tertulia_shared.codec import decode, envelope
from tertulia_shared.entries import UserTurn, Work
from tertulia_shared.events import Event, Interrupted, VadStart
from tertulia_shared.ids import new_id
from tests.contract.written_entries import C, M, done, events_of
from tests.harness.bus import Bench, claimed, owned, read_count


async def test_transaction_that_raises_the_epoch_writes_its_entries_with_the_new_epoch(bus: Bus) -> None:
    events, control = bus.keys.events(C), bus.keys.control(C)
    for epoch in (1, 2):
        writes = [Append(events, Interrupted("turn")), Append(control, Interrupted("turn"))]
        assert await bus.transact(C, writes, raise_epoch=True) == Applied(new=True, epoch=epoch)
    for key in (events, control):
        assert [envelope(entry.fields).epoch for entry in await bus.read(key)] == [1, 2]
    assert (await bus.hash(bus.keys.state(C)))[b"epoch"] == b"2"
    # a transaction that does not raise the epoch writes its entries with the current epoch
    assert await bus.transact(C, [Append(events, done("t"))]) == Applied(new=True, epoch=2)
    assert [envelope(entry.fields).epoch for entry in await bus.read(events)] == [1, 2, 2]


async def test_each_conversation_has_its_own_epoch(bus: Bus) -> None:
    await bus.transact(C, [], raise_epoch=True)
    assert (await bus.transact(new_id(), [])).epoch == 0


async def test_if_talking_writes_come_first_and_are_made_only_while_a_reply_is_in_progress(bus: Bus) -> None:
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
    await bus.transact(C, [], talk=True)  # write nothing after it: no_leaked_keys checks that the state has a TTL
    assert dict(await bus.hash(bus.keys.state(C))) == {b"talk": b"1"}


async def test_repeated_transaction_writes_nothing_again_except_the_pointer(bus: Bus) -> None:
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


async def test_transaction_is_executed_after_earlier_writes_of_an_outlet(bus: Bus) -> None:
    events, outlet = bus.keys.events(C), bus.outlet()
    outlet.append(events, VadStart("s"))
    await bus.transact(C, [Append(events, done("t"))])
    assert events_of(await bus.read(events)) == [VadStart("s"), done("t")]


async def test_transaction_can_write_hash_fields(bus: Bus) -> None:
    state = bus.keys.state(C)
    await bus.transact(C, [Put(state, {"client": "x", "gone": "y"})])
    await bus.transact(C, [Put(state, {"gone": None})])
    assert dict(await bus.hash(state)) == {b"client": b"x"}


async def test_each_of_several_concurrent_transactions_raises_the_epoch_by_one(bench: Bench) -> None:
    applied = await asyncio.gather(
        *(bus.transact(C, [], raise_epoch=True) for _ in range(20) for bus in (bench.bus, bench.rival))
    )
    assert sorted(result.epoch for result in applied) == list(range(1, 41))


async def test_bus_is_usable_after_a_transaction_was_cancelled(bus: Bus) -> None:
    sending = asyncio.ensure_future(bus.transact(C, [Append(bus.keys.events(C), done("1"))], then=("llm", Work(C))))
    await asyncio.sleep(0)
    sending.cancel()
    await asyncio.wait([sending])
    await bus.transact(C, [Append(bus.keys.events(C), done("2"))])
    assert events_of(await read_count(bus.follow(bus.keys.events(C)), 2)) == [done("1"), done("2")]
