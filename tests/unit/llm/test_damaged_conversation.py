"""Conversations with damaged keys in Redis: at most one turn is given up, and the next one is answered."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tertulia_shared.bus import Append, Owned, Put
from tertulia_shared.entries import Interrupt, UserTurn, Work
from tertulia_shared.events import Interrupted
from tertulia_shared.ids import new_id
from tests.harness.crashing_process import START_MS
from tests.harness.virtual_time import virtual_time
from tests.unit.llm.turn_bench import HELLO, assert_answers, say_and_mend, table_with, work_or_give_up

FAR = 2**64 - 1


@virtual_time
async def test_turn_missing_from_the_stream_is_reported_lost() -> None:
    table = await table_with()
    turn_id = await table.say(HELLO)
    key = table.bus.keys.turns(table.conversation_id)
    table.bus._server.drop(key.name)
    outlet = table.bus.outlet()
    outlet.put(key, {"a": "b"})
    await outlet.flush()
    await work_or_give_up(table)
    client = await table.client()
    assert (client.complete, [error.code for error in client.errors]) == ([turn_id], ["turn_failed"])
    await assert_answers(table)


@pytest.mark.parametrize("field", ["cursor", "epoch"])
@pytest.mark.parametrize("value", ["", "yesterday", "-1", "007", "1e15", "9" * 18, f"{FAR}-{FAR}", "\udcff", "9" * 400])
@virtual_time
async def test_invalid_state_field_costs_at_most_one_turn(field: str, value: str) -> None:
    table = await table_with()
    await table.say(HELLO)
    await table.work()
    raw = value.encode(errors="surrogateescape")
    state = table.bus.keys.state(table.conversation_id)
    outlet = table.bus.outlet()
    outlet.put(state, {field: raw})
    await outlet.flush()
    await say_and_mend(table)
    await assert_answers(table)


@virtual_time
async def test_giving_up_on_an_outdated_view_of_the_state_keeps_the_repaired_epoch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table = await table_with()
    await table.say(HELLO)
    bus, state = table.bus, table.bus.keys.state(table.conversation_id)
    own = bus.own

    async def own_before_the_repair(*args: Any, **kwargs: Any) -> Any:
        owned = await own(*args, **kwargs)
        assert isinstance(owned, Owned)
        return replace(owned, state={**owned.state, b"epoch": b"abc"})

    handler, claim = await table.worker(), await table.claimed()
    monkeypatch.setattr(bus, "own", own_before_the_repair)
    await handler.give_up(claim, "test")
    assert (await bus.hash(state))[b"epoch"] == b"1"


@pytest.mark.parametrize("name", ["state", "turns", "events", "control", "receipts"])
@virtual_time
async def test_key_of_another_type_costs_at_most_one_turn(name: str) -> None:
    table = await table_with()
    await table.say(HELLO)
    await table.work()
    key = getattr(table.bus.keys, name)(table.conversation_id)
    table.bus._server.drop(key.name)
    outlet = table.bus.outlet()
    if name == "state":
        outlet.append(key, Interrupt("turn"))
    else:
        outlet.put(key, {"a": "b"})
    await outlet.flush()
    await say_and_mend(table)
    await assert_answers(table)


@pytest.mark.parametrize("name", ["turns", "events", "control", "receipts"])
@pytest.mark.parametrize("id", [f"{FAR}-{FAR}", f"{FAR}-{FAR - 1}", f"{FAR}-0", f"{START_MS * 10}-0"])
@virtual_time
async def test_stream_without_ids_left_costs_at_most_one_turn(name: str, id: str) -> None:
    table = await table_with()
    await table.say(HELLO)
    await table.work()
    outlet = table.bus.outlet()
    outlet.append(getattr(table.bus.keys, name)(table.conversation_id), Interrupted("turn"), id=id)
    await outlet.flush()
    await say_and_mend(table)
    await assert_answers(table)


@pytest.mark.parametrize("token", ["garbage", "", "1-1", "/", "1-1/x", "9-9/99"])
@virtual_time
async def test_invalid_owner_token_does_not_block_turns(token: str) -> None:
    table = await table_with()
    table.bus._server._strings[table.bus.keys.owner(table.conversation_id, "turns").name] = token
    await assert_answers(table)


@virtual_time
async def test_turn_with_two_entries_is_answered_once() -> None:
    table = await table_with()
    turn_id = await table.say(HELLO)
    await table.work()
    keys, c = table.bus.keys, table.conversation_id
    twice = [Append(keys.turns(c), UserTurn(turn_id, c, HELLO, "typed"))]
    await table.bus.transact(c, twice, then=("llm", Work(c)))
    await table.work()
    client = await table.client()
    client.check()
    assert client.complete == [turn_id]
    await assert_answers(table)


@virtual_time
async def test_turn_with_an_impossible_time_is_answered() -> None:
    table = await table_with()
    keys, c, turn_id = table.bus.keys, table.conversation_id, new_id()
    turn = Append(keys.turns(c), UserTurn(turn_id, c, HELLO, "typed"), id="5-0")
    state = Put(keys.state(c), {"talk": "1"})
    await table.bus.transact(c, [turn, state], then=("llm", Work(c)))
    await table.work()
    assert (await table.client()).complete == [turn_id]
    await assert_answers(table)
