"""Each part of a conversation has one owner, which may write. A new owner makes Redis refuse the writes of the earlier
one.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from tertulia_shared.bus import Append, Bus, NotOwner, Owned, Put, Refused
from tertulia_shared.bus.port.ownership import MAX_FIRST
from tertulia_shared.conversation_state import StateField
from tertulia_shared.entries import Interrupt, UserTurn, Work
from tertulia_shared.entry_ids import BEGINNING
from tertulia_shared.events import TurnComplete
from tertulia_shared.ids import new_id
from tests.harness.bus import Bench, claimed, owned

CONVERSATION = new_id()


def turn(text: str = "Hello") -> UserTurn:
    return UserTurn(new_id(), CONVERSATION, text, "typed")


async def test_new_owner_gets_the_state_and_may_write(bus: Bus) -> None:
    await bus.transact(CONVERSATION, [Put(bus.keys.state(CONVERSATION), {"cursor": "5-0"})], raise_epoch=True)
    claim = await claimed(bus, "llm")
    mine = await owned(bus, claim, CONVERSATION, "turns")
    assert mine.token == claim.token == f"{claim.id}/1"
    assert mine.owner == bus.keys.owner(CONVERSATION, "turns")
    assert (mine.epoch, mine.state[b"cursor"]) == (1, b"5-0")

    outlet = bus.outlet(mine.fence(mine.epoch))
    outlet.append(bus.keys.events(CONVERSATION), TurnComplete("t"))
    await outlet.flush()
    assert len(await bus.read(bus.keys.events(CONVERSATION))) == 1


async def test_conversation_without_a_state_has_epoch_0(bus: Bus) -> None:
    mine = await owned(bus, await claimed(bus, "llm"), CONVERSATION, "turns")
    assert (mine.epoch, dict(mine.state)) == (0, {})


async def test_second_work_entry_cannot_own_what_another_entry_owns(bench: Bench) -> None:
    first, second = [await claimed(bench.bus, "llm", worker) for worker in "ab"]
    mine = await owned(bench.bus, first, CONVERSATION, "turns")
    assert await bench.rival.own(second, CONVERSATION, "turns") == Refused(mine.token, later_attempt=False)
    # the refused call has changed nothing
    outlet = bench.bus.outlet(mine.fence())
    outlet.append(bench.bus.keys.events(CONVERSATION), TurnComplete("t"))
    await outlet.flush()


async def test_each_part_of_a_conversation_has_its_own_owner(bus: Bus) -> None:
    first, second = await claimed(bus, "tts"), await claimed(bus, "tts")
    await owned(bus, first, CONVERSATION, "message 1")
    await owned(bus, second, CONVERSATION, "message 2")
    await owned(bus, second, new_id(), "message 1")


async def test_earlier_attempt_cannot_write_after_a_later_attempt_owns(bench: Bench) -> None:
    claim = await claimed(bench.bus, worker="a")
    early = await owned(bench.bus, claim, CONVERSATION, "message")
    (again,) = await bench.rival.take_over("tts", "b", idle_s=0, count=1)
    late = await owned(bench.rival, again, CONVERSATION, "message")
    assert late.token == f"{claim.id}/2"

    events = bench.bus.keys.events(CONVERSATION)
    zombie = bench.bus.outlet(early.fence())
    zombie.append(events, TurnComplete("from the grave"))
    with pytest.raises(NotOwner):
        await zombie.flush()
    with pytest.raises(NotOwner):
        await bench.bus.transact(CONVERSATION, [Append(events, TurnComplete("grave"))], fence=early.fence())
    assert await bench.bus.own(claim, CONVERSATION, "message") == Refused(late.token, later_attempt=True)

    successor = bench.rival.outlet(late.fence())
    successor.append(events, TurnComplete("alive"))
    await successor.flush()
    assert [entry.fields[b"turn_id"] for entry in await bench.bus.read(events)] == [b"alive"]


async def test_attempt_that_already_owns_cannot_own_again(bus: Bus) -> None:
    claim = await claimed(bus)
    mine = await owned(bus, claim, CONVERSATION, "message")
    assert await bus.own(claim, CONVERSATION, "message") == Refused(mine.token, later_attempt=True)


async def test_owner_whose_work_is_no_longer_pending_is_replaced(bench: Bench) -> None:
    dead, alive = await claimed(bench.bus, "llm", "a"), await claimed(bench.bus, "llm", "b")
    gone = await owned(bench.bus, dead, CONVERSATION, "turns")
    assert await bench.bus.finish(dead, "a")  # as if the worker had died before it released the turns
    mine = await owned(bench.rival, alive, CONVERSATION, "turns")
    assert mine.token == alive.token
    outlet = bench.bus.outlet(gone.fence())
    outlet.append(bench.bus.keys.events(CONVERSATION), TurnComplete("t"))
    with pytest.raises(NotOwner):
        await outlet.flush()


async def test_owner_whose_work_was_taken_over_is_replaced_by_the_peer(bench: Bench) -> None:
    stalled = await claimed(bench.bus, "llm", "a")
    (again,) = await bench.rival.take_over("llm", "b", idle_s=0, count=1)
    peer = await owned(bench.rival, again, CONVERSATION, "turns")
    assert await bench.rival.release_turns(peer, CONVERSATION, "0-0") is None
    late = await owned(bench.bus, stalled, CONVERSATION, "turns")  # the peer has not finished the work entry yet
    await bench.rival.transact(
        CONVERSATION, [Append(bench.bus.keys.turns(CONVERSATION), turn())], then=("llm", Work(CONVERSATION))
    )
    (pointer,) = await bench.rival.claim("llm", "c", count=1, block_s=30)
    mine = await bench.rival.own(pointer, CONVERSATION, "turns", waiting=1)
    assert isinstance(mine, Owned)
    assert len(mine.waiting) == 1
    with pytest.raises(NotOwner):
        await bench.bus.release_turns(late, CONVERSATION, "0-0")


@pytest.mark.parametrize("attempt", ["2", "9" * 30])
async def test_owner_with_an_impossible_attempt_number_does_not_block_workers(bench: Bench, attempt: str) -> None:
    other, mine = await claimed(bench.bus, "llm", "a"), await claimed(bench.bus, "llm", "b")
    stranger = replace(other, attempt=int(attempt))
    await owned(bench.bus, stranger, CONVERSATION, "turns")
    await owned(bench.rival, mine, CONVERSATION, "turns")


async def test_worker_that_takes_over_nacked_work_can_own_what_it_names(bench: Bench) -> None:
    first, other = await claimed(bench.bus, "llm", "a"), await claimed(bench.bus, "llm", "b")
    await owned(bench.bus, first, CONVERSATION, "turns")
    await bench.bus.nack(first, "a")
    assert isinstance(await bench.bus.own(other, CONVERSATION, "turns"), Refused)
    (again,) = await bench.rival.take_over("llm", "b", idle_s=1, count=1)
    assert again.id == first.id
    assert isinstance(await bench.rival.own(again, CONVERSATION, "turns"), Owned)


async def test_worker_that_claims_requeued_work_can_own_what_it_names(bench: Bench) -> None:
    claim = await claimed(bench.bus, "llm", "a")
    before = await owned(bench.bus, claim, CONVERSATION, "turns")
    assert await bench.bus.requeue(claim, "a")
    (again,) = await bench.rival.claim("llm", "b", count=1, block_s=30)
    await owned(bench.rival, again, CONVERSATION, "turns")
    outlet = bench.bus.outlet(before.fence())
    outlet.append(bench.bus.keys.events(CONVERSATION), TurnComplete("from the grave"))
    with pytest.raises(NotOwner):
        await outlet.flush()


async def test_ownership_of_turns_is_released_when_no_turn_waits(bench: Bench) -> None:
    bus = bench.bus
    turns = bus.keys.turns(CONVERSATION)
    await bus.transact(CONVERSATION, [Append(turns, turn())])
    last = await bus.last(turns)
    assert last is not None
    mine = await owned(bus, await claimed(bus, "llm", "a"), CONVERSATION, "turns")
    assert await bus.release_turns(mine, CONVERSATION, last.id) is None
    with pytest.raises(NotOwner):
        await bus.release_turns(mine, CONVERSATION, last.id)
    await owned(bench.rival, await claimed(bus, "llm", "b"), CONVERSATION, "turns")


async def test_ownership_of_turns_is_not_released_while_a_turn_waits(bench: Bench) -> None:
    bus = bench.bus
    turns = bus.keys.turns(CONVERSATION)
    mine = await owned(bus, await claimed(bus, "llm", "a"), CONVERSATION, "turns")
    await bench.rival.transact(CONVERSATION, [Append(turns, turn())], then=("llm", Work(CONVERSATION)))
    kept = await bus.release_turns(mine, CONVERSATION, "0-0")
    state = await bus.hash(bus.keys.state(CONVERSATION))
    assert kept == replace(mine, state=state, waiting=tuple(await bus.read(turns)))
    # the turns are still owned, so the worker with the pointer of the new turn is refused
    (pointer,) = await bench.rival.claim("llm", "b", count=1, block_s=30)
    assert await bench.rival.own(pointer, CONVERSATION, "turns") == Refused(mine.token, later_attempt=False)
    (waiting,) = await bus.read(turns)
    assert await bus.release_turns(mine, CONVERSATION, waiting.id) is None


@pytest.mark.parametrize(("raw", "cut"), [("", 0), ("0", 0), ("70", 70)])
async def test_ownership_of_turns_is_not_released_until_the_last_interruption_is_settled(
    bus: Bus, raw: str, cut: int
) -> None:
    mine = await owned(bus, await claimed(bus, "llm", "a"), CONVERSATION, "turns")
    await bus.transact(CONVERSATION, [Put(bus.keys.state(CONVERSATION), {"cut": raw})])
    kept = await bus.release_turns(mine, CONVERSATION, "0-0", cut=cut + 1)
    assert kept == replace(mine, state={b"cut": raw.encode(), b"cursor": b"0-0"})
    assert await bus.release_turns(mine, CONVERSATION, "0-0", cut=cut) is None


async def test_ownership_of_turns_is_released_in_an_empty_conversation(bus: Bus) -> None:
    mine = await owned(bus, await claimed(bus, "llm"), CONVERSATION, "turns")
    assert await bus.release_turns(mine, CONVERSATION, "0-0") is None


async def test_owner_that_was_replaced_cannot_release_the_ownership(bench: Bench) -> None:
    claim = await claimed(bench.bus, "llm", "a")
    early = await owned(bench.bus, claim, CONVERSATION, "turns")
    (again,) = await bench.rival.take_over("llm", "b", idle_s=0, count=1)
    late = await owned(bench.rival, again, CONVERSATION, "turns")
    with pytest.raises(NotOwner):
        await bench.bus.release_turns(early, CONVERSATION, "0-0")
    assert await bench.rival.release_turns(late, CONVERSATION, "0-0") is None


async def test_own_returns_the_requested_waiting_entries(bus: Bus) -> None:
    claim, thing = await claimed(bus), new_id()
    audio, sentences = bus.keys.audio(CONVERSATION, thing), bus.keys.sentences(CONVERSATION, thing)
    nothing = await bus.own(claim, CONVERSATION, thing, last=audio, first=sentences)
    assert isinstance(nothing, Owned)
    assert (nothing.last, nothing.first, nothing.waiting) == (None, (), ())
    outlet = bus.outlet()
    for number in range(1, MAX_FIRST + 2):
        outlet.append(sentences, TurnComplete(str(number)), id=f"{number}-0")
    outlet.append(audio, TurnComplete("a"), id="1-1")
    outlet.append(audio, TurnComplete("b"), id="1-2")
    await outlet.flush()
    again = replace(claim, attempt=claim.attempt + 1)
    owned = await bus.own(again, CONVERSATION, thing, last=audio, first=sentences)
    assert isinstance(owned, Owned)
    assert owned.last is not None
    assert owned.last.id == "1-2"
    assert [entry.id for entry in owned.first] == [f"{number}-0" for number in range(1, MAX_FIRST + 1)]
    only_first = await bus.own(replace(claim, attempt=claim.attempt + 2), CONVERSATION, thing, first=sentences)
    assert isinstance(only_first, Owned)
    assert only_first.last is None
    assert len(only_first.first) == MAX_FIRST


async def test_own_returns_only_the_fields_that_are_asked_for(bus: Bus) -> None:
    await bus.transact(CONVERSATION, [Put(bus.keys.state(CONVERSATION), {"plan": "long", "cut": 3})], raise_epoch=True)
    claim, fields = await claimed(bus), (StateField.EPOCH, StateField.CUT, StateField.TALK)
    owned = await bus.own(claim, CONVERSATION, new_id(), fields=fields)
    assert isinstance(owned, Owned)
    assert owned.state == {b"epoch": b"1", b"cut": b"3"}
    assert owned.epoch == 1


async def test_own_returns_the_place_after_which_commands_are_read(bus: Bus) -> None:
    claim, thing = await claimed(bus), new_id()
    early = await bus.own(claim, CONVERSATION, thing, commands=True)
    assert isinstance(early, Owned)
    assert early.commands_after == BEGINNING
    control = bus.keys.control(CONVERSATION)
    await bus.transact(CONVERSATION, [Append(control, Interrupt("request"))], raise_epoch=True)
    late = await bus.own(replace(claim, attempt=claim.attempt + 1), CONVERSATION, thing, commands=True)
    assert isinstance(late, Owned)
    last = await bus.last(control)
    assert last is not None
    assert (late.commands_after, late.epoch) == (last.id, 1)
    unasked = await bus.own(replace(claim, attempt=claim.attempt + 2), CONVERSATION, thing)
    assert isinstance(unasked, Owned)
    assert unasked.commands_after == ""
