"""A conversation with unusable data in its keys is repaired. All usable data is kept."""

from __future__ import annotations

import pytest

from tertulia_shared.bus import Append, Bus, Entry, Owned, WriteRefused
from tertulia_shared.entries import Interrupt, UserTurn, Work
from tertulia_shared.events import TurnAccepted
from tertulia_shared.ids import new_id
from tertulia_shared.keys import Key
from tests.harness.bus import claimed

FAR = 2**64 - 1
STREAMS = ["turns", "events", "control", "receipts"]


def stream_of(bus: Bus, name: str, conversation_id: str) -> Key:
    return {
        "turns": bus.keys.turns, "events": bus.keys.events, "control": bus.keys.control, "receipts": bus.keys.receipts,
    }[name](conversation_id)  # fmt: skip


async def say(bus: Bus, conversation_id: str, turn_id: str = "") -> bool:
    """Write a user's message as the gateway does. Returns True if it was new."""
    keys, turn_id = bus.keys, turn_id or new_id()
    applied = await bus.transact(
        conversation_id,
        [
            Append(keys.turns(conversation_id), UserTurn(turn_id, conversation_id, "Hello", "typed")),
            Append(keys.events(conversation_id), TurnAccepted(turn_id, "Hello", "typed")),
        ],
        raise_epoch=True,
        talk=True,
        if_talking=[Append(keys.control(conversation_id), Interrupt("turn"))],
        once=keys.turn_seen(conversation_id, turn_id),
        then=("llm", Work(conversation_id)),
    )
    return applied.new


async def put(bus: Bus, key: Key, **fields: str) -> None:
    outlet = bus.outlet()
    outlet.put(key, fields)
    await outlet.flush()


async def append(bus: Bus, key: Key, id: str) -> None:
    outlet = bus.outlet()
    outlet.append(key, Interrupt("turn"), id=id)
    await outlet.flush()


async def waiting(bus: Bus, conversation_id: str) -> list[Entry]:
    owned = await bus.own(await claimed(bus, "llm"), conversation_id, "turns", waiting=9)
    assert isinstance(owned, Owned)
    return list(owned.waiting)


async def test_repair_does_not_change_an_intact_conversation(bus: Bus) -> None:
    c, keys = new_id(), bus.keys
    assert await bus.mend(c) == []
    await say(bus, c)
    (first,) = await bus.read(keys.turns(c))
    await put(bus, keys.state(c), cursor=first.id)
    await say(bus, c)
    before = dict(await bus.hash(keys.state(c))), await bus.read(keys.events(c)), await bus.read(keys.turns(c))
    assert await bus.mend(c) == []
    assert (
        dict(await bus.hash(keys.state(c))),
        await bus.read(keys.events(c)),
        await bus.read(keys.turns(c)),
    ) == before


@pytest.mark.parametrize("name", STREAMS)
async def test_repair_deletes_a_stream_key_of_a_wrong_type(bus: Bus, name: str) -> None:
    c = new_id()
    key = stream_of(bus, name, c)
    await put(bus, key, a="b")
    with pytest.raises(WriteRefused):
        await bus.read(key)
    assert await bus.mend(c) == [name]
    assert await bus.read(key) == []
    assert await say(bus, c)
    assert await say(bus, c)
    assert len(await waiting(bus, c)) == 2


async def test_repair_replaces_a_state_key_of_a_wrong_type_and_raises_the_epoch(bus: Bus) -> None:
    c, keys = new_id(), bus.keys
    outlet = bus.outlet(epoch=7)
    outlet.append(keys.events(c), TurnAccepted(new_id(), "Hello", "typed"))
    outlet.append(keys.turns(c), UserTurn(new_id(), c, "one", "typed"))
    outlet.append(keys.turns(c), UserTurn(new_id(), c, "two", "typed"))
    await outlet.flush()
    await append(bus, keys.state(c), "5-0")
    with pytest.raises(WriteRefused):
        await say(bus, c)
    assert await bus.mend(c) == ["state", "epoch", "cursor"]
    (first, _) = await bus.read(keys.turns(c))
    assert await bus.hash(keys.state(c)) == {b"epoch": b"1007", b"cursor": first.id.encode()}
    assert await say(bus, c)
    assert len(await waiting(bus, c)) == 2, "the last turn of before, and the new one"


@pytest.mark.parametrize("name", STREAMS)
@pytest.mark.parametrize("id", [f"{FAR}-{FAR}", f"{FAR}-7", "99999999999999-0"])
async def test_repair_removes_an_entry_whose_id_is_far_in_the_future(bus: Bus, name: str, id: str) -> None:
    c = new_id()
    key = stream_of(bus, name, c)
    await append(bus, key, "5-0")
    await append(bus, key, id)
    behind = 0
    if not id.endswith(f"-{FAR}"):
        outlet = bus.outlet()
        outlet.append(key, UserTurn(new_id(), c, "behind", "typed"))
        await outlet.flush()
        behind = 1
    assert await bus.mend(c) == [name]
    entries = await bus.read(key)
    assert [entry.id for entry in entries][:1] == ["5-0"]
    assert [entry.fields.get(b"text") for entry in entries[1:]] == [b"behind"] * behind
    assert await say(bus, c)
    assert await bus.mend(c) == []


@pytest.mark.parametrize("epoch", ["abc", "", "1e15", "-1", "007", str(2**63 - 1), "9" * 17, "9" * 400, "\N{SNOWMAN}"])
async def test_repair_replaces_an_unreadable_epoch_with_a_higher_one(bus: Bus, epoch: str) -> None:
    c, keys, turn_id = new_id(), bus.keys, new_id()
    await say(bus, c)
    await put(bus, keys.state(c), epoch=epoch)
    with pytest.raises(WriteRefused):
        await say(bus, c, turn_id)
    owned = await bus.own(await claimed(bus, "llm"), c, "turns")
    assert isinstance(owned, Owned)
    outlet = bus.outlet(owned.fence(1))
    outlet.append(keys.events(c), TurnAccepted(new_id(), "Hello", "typed"))
    with pytest.raises(WriteRefused):
        await outlet.flush()
    assert await bus.mend(c) == ["epoch"]
    assert (await bus.hash(keys.state(c)))[b"epoch"] == b"1001"
    assert await say(bus, c, turn_id), "it was refused, so it is not a repetition"
    assert len(await bus.read(keys.turns(c))) == 2


@pytest.mark.parametrize("cursor", ["yesterday", "", "5-", f"{FAR}-{FAR}", "99999999999999-0"])
async def test_repair_sets_an_impossible_cursor_to_the_turn_before_the_last_one(bus: Bus, cursor: str) -> None:
    c, keys = new_id(), bus.keys
    await say(bus, c)
    await say(bus, c)
    await put(bus, keys.state(c), cursor=cursor)
    claim = await claimed(bus, "llm")
    with pytest.raises(WriteRefused):
        await bus.own(claim, c, "turns", waiting=9)
    assert await bus.mend(c) == ["cursor"]
    assert [entry.id for entry in await waiting(bus, c)] == [(await bus.read(keys.turns(c)))[-1].id]


async def test_repair_does_not_change_a_cursor_at_the_last_turn(bus: Bus) -> None:
    c, keys = new_id(), bus.keys
    await say(bus, c)
    (turn,) = await bus.read(keys.turns(c))
    await put(bus, keys.state(c), cursor=turn.id)
    assert await waiting(bus, c) == []
    assert await bus.mend(c) == []
    await bus.remove(keys.turns(c), [turn.id])
    assert await bus.mend(c) == []


async def test_repair_deletes_a_malformed_owner_token(bus: Bus) -> None:
    c, keys = new_id(), bus.keys
    await put(bus, keys.owner(c, "turns"), a="b")
    assert await bus.mend(c) == []
    assert await bus.mend(c, owner=True) == ["owner"]
    assert await bus.mend(c, owner=True) == []
    await put(bus, keys.owner(c, "turns"), a="b")
    assert await waiting(bus, c) == []


async def test_transaction_that_was_refused_can_be_repeated_after_the_repair(bus: Bus) -> None:
    c, turn_id = new_id(), new_id()
    await put(bus, bus.keys.events(c), a="b")
    with pytest.raises(WriteRefused):
        await say(bus, c, turn_id)
    await bus.mend(c)
    assert await say(bus, c, turn_id)
    assert not await say(bus, c, turn_id)


async def test_follow_of_a_key_of_a_wrong_type_raises_and_other_follows_continue(bus: Bus) -> None:
    bad, good = new_id(), new_id()
    well = bus.follow(bus.keys.events(good))
    await put(bus, bus.keys.events(bad), a="b")
    follow = bus.follow(bus.keys.events(bad))
    with pytest.raises(WriteRefused):
        await follow.read()
    follow.close()
    await say(bus, good)
    assert len(await well.read()) == 1
    well.close()
