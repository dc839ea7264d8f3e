"""Conversations with damaged keys in Redis: at most one turn is given up, and the next turn is answered."""

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
from tests.unit.llm.turn_bench import HELLO, assert_answers, bench_with, say_and_mend, work_or_give_up

FAR = 2**64 - 1


@virtual_time
async def test_turn_that_is_missing_from_the_stream_is_reported_as_lost() -> None:
    bench = await bench_with()
    turn_id = await bench.say(HELLO)
    key = bench.bus.keys.turns(bench.conversation_id)
    bench.bus._server.drop(key.name)
    outlet = bench.bus.outlet()
    outlet.put(key, {"a": "b"})
    await outlet.flush()
    await work_or_give_up(bench)
    client = await bench.client()
    assert (client.complete, [error.code for error in client.errors]) == ([turn_id], ["turn_failed"])
    await assert_answers(bench)


@pytest.mark.parametrize("field", ["cursor", "epoch"])
@pytest.mark.parametrize("value", ["", "yesterday", "-1", "007", "1e15", "9" * 18, f"{FAR}-{FAR}", "\udcff", "9" * 400])
@virtual_time
async def test_invalid_state_field_costs_at_most_one_turn(field: str, value: str) -> None:
    bench = await bench_with()
    await bench.say(HELLO)
    await bench.work()
    raw = value.encode(errors="surrogateescape")
    state = bench.bus.keys.state(bench.conversation_id)
    outlet = bench.bus.outlet()
    outlet.put(state, {field: raw})
    await outlet.flush()
    await say_and_mend(bench)
    await assert_answers(bench)


@virtual_time
async def test_giving_up_does_not_overwrite_an_epoch_that_was_repaired_after_the_state_was_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = await bench_with()
    await bench.say(HELLO)
    bus, state = bench.bus, bench.bus.keys.state(bench.conversation_id)
    own = bus.own

    async def own_before_the_repair(*args: Any, **kwargs: Any) -> Any:
        owned = await own(*args, **kwargs)
        assert isinstance(owned, Owned)
        return replace(owned, state={**owned.state, b"epoch": b"abc"})

    handler, claim = await bench.worker(), await bench.claimed()
    monkeypatch.setattr(bus, "own", own_before_the_repair)
    await handler.give_up(claim, "test")
    assert (await bus.hash(state))[b"epoch"] == b"1"


@pytest.mark.parametrize("name", ["state", "turns", "events", "control", "receipts"])
@virtual_time
async def test_key_of_a_wrong_type_costs_at_most_one_turn(name: str) -> None:
    bench = await bench_with()
    await bench.say(HELLO)
    await bench.work()
    key = getattr(bench.bus.keys, name)(bench.conversation_id)
    bench.bus._server.drop(key.name)
    outlet = bench.bus.outlet()
    if name == "state":
        outlet.append(key, Interrupt("turn"))
    else:
        outlet.put(key, {"a": "b"})
    await outlet.flush()
    await say_and_mend(bench)
    await assert_answers(bench)


@pytest.mark.parametrize("name", ["turns", "events", "control", "receipts"])
@pytest.mark.parametrize("id", [f"{FAR}-{FAR}", f"{FAR}-{FAR - 1}", f"{FAR}-0", f"{START_MS * 10}-0"])
@virtual_time
async def test_stream_whose_last_id_is_far_in_the_future_costs_at_most_one_turn(name: str, id: str) -> None:
    bench = await bench_with()
    await bench.say(HELLO)
    await bench.work()
    outlet = bench.bus.outlet()
    outlet.append(getattr(bench.bus.keys, name)(bench.conversation_id), Interrupted("turn"), id=id)
    await outlet.flush()
    await say_and_mend(bench)
    await assert_answers(bench)


@pytest.mark.parametrize("token", ["garbage", "", "1-1", "/", "1-1/x", "9-9/99"])
@virtual_time
async def test_invalid_owner_token_does_not_block_turns(token: str) -> None:
    bench = await bench_with()
    bench.bus._server._strings[bench.bus.keys.owner(bench.conversation_id, "turns").name] = token
    await assert_answers(bench)


@virtual_time
async def test_turn_that_was_written_twice_is_answered_once() -> None:
    bench = await bench_with()
    turn_id = await bench.say(HELLO)
    await bench.work()
    keys, c = bench.bus.keys, bench.conversation_id
    twice = [Append(keys.turns(c), UserTurn(turn_id, c, HELLO, "typed"))]
    await bench.bus.transact(c, twice, then=("llm", Work(c)))
    await bench.work()
    client = await bench.client()
    client.check()
    assert client.complete == [turn_id]
    await assert_answers(bench)


@virtual_time
async def test_turn_whose_entry_id_has_an_impossible_time_is_answered() -> None:
    bench = await bench_with()
    keys, c, turn_id = bench.bus.keys, bench.conversation_id, new_id()
    turn = Append(keys.turns(c), UserTurn(turn_id, c, HELLO, "typed"), id="5-0")
    state = Put(keys.state(c), {"talk": "1"})
    await bench.bus.transact(c, [turn, state], then=("llm", Work(c)))
    await bench.work()
    assert (await bench.client()).complete == [turn_id]
    await assert_answers(bench)
