"""Entries of a newer release, and unreadable ones: one turn is given up and reported; nothing else is affected."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Any

import pytest

from tertulia_llm.sweep import SWEEP_S, sweep
from tertulia_shared.bus import Append, BusError, Put
from tertulia_shared.codec import VERSION, BadEntry, UnknownVersion, pack, unpack
from tertulia_shared.entries import (
    AudioChunk,
    Interrupt,
    ModelSettings,
    Receipt,
    TTSSentence,
    TurnPlan,
    UserTurn,
    Work,
)
from tertulia_shared.ids import new_id, reply_id
from tertulia_shared.work import BadWork
from tests.harness.llm import LINES, Client, Table
from tests.harness.virtual_time import virtual_time
from tests.unit.llm.turn_bench import table_with

NEWER: dict[str, Any] = {"v": VERSION + 1}
NO_VERSION: dict[str, Any] = {"v": ""}
HELLO = "Hello, Luna and Rex"


@dataclass
class BrokenTime:
    """An entry with an unreadable `ts`."""

    ts: str


@dataclass
class BrokenEpoch:
    """An entry with an unreadable `epoch`."""

    epoch: str


def _plan(**wrong: Any) -> bytes:
    """A packed plan with these wrong fields."""
    return pack({**TurnPlan(new_id(), "1-0", 0, (), ModelSettings()).to_wire(), **wrong})


async def say_in(table: Table, extra: dict[str, Any]) -> str:
    """Write a turn as a gateway of another release."""
    turn_id, keys, c = new_id(), table.bus.keys, table.conversation_id
    turn = Append(keys.turns(c), UserTurn(turn_id, c, HELLO, "typed"), extra={**extra})
    await table.bus.transact(c, [turn], raise_epoch=True, talk=True, then=("llm", Work(c)))
    return turn_id


async def given_up(table: Table, reason: str) -> Client:
    """Handle the next piece of work, which fails, and give it up. Returns what the client sees."""
    handler = table.handler or await table.worker()
    claim = await table.claimed()
    with pytest.raises((BadEntry, BadWork, ExceptionGroup, BusError)):
        await handler.handle(claim)
    await handler.give_up(claim, reason)
    await table.bus.finish(claim, "worker")
    return await table.client()


async def assert_answers_next_turn(table: Table) -> None:
    """Check that both characters answer the next turn."""
    table.handler = None  # on a new worker
    before = len((await table.client()).complete)
    await table.say(HELLO)
    await table.work()
    client = await table.client()
    assert len(client.complete) == before + 1
    assert [text for _, text, status in client.talk() if status == "complete"][-2:] == [LINES["Luna"], LINES["Rex"]]
    assert await table.bus.open_work("llm") == 0


@virtual_time
async def test_turn_of_a_newer_release_is_left_to_a_newer_worker() -> None:
    table = await table_with()
    await say_in(table, NEWER)
    with pytest.raises(UnknownVersion):
        await table.work()
    assert table.claim is not None
    assert await table.bus.nack(table.claim, "worker")
    (claim,) = await table.bus.take_over("llm", "a newer one", idle_s=60, count=1)
    assert not isinstance(await table.bus.own(claim, table.conversation_id, "turns", waiting=9), Exception)


@virtual_time
async def test_turn_of_a_newer_release_is_given_up_without_a_newer_worker() -> None:
    table = await table_with()
    turn_id = await say_in(table, NEWER)
    client = await given_up(table, str(UnknownVersion(VERSION + 1)))
    (error,) = client.errors
    assert (error.code, error.turn_id) == ("turn_failed", turn_id)
    assert "newer release" in error.message
    assert "update this worker" in error.message
    assert client.complete == [turn_id]
    await assert_answers_next_turn(table)


@virtual_time
async def test_turn_without_a_version_is_dead_lettered_alone() -> None:
    table = await table_with()
    await say_in(table, NO_VERSION)
    await table.say(HELLO)
    await table.work()
    client = await table.client()
    assert [error.code for error in client.errors] == ["bad_turn"]
    assert len(client.complete) == 1
    assert await table.bus.length(table.bus.keys.dead()) == 1


@pytest.mark.parametrize("extra", [NEWER, NO_VERSION], ids=["newer", "no version"])
@virtual_time
async def test_unreadable_pointer_ends_its_conversations_turn(extra: dict[str, Any]) -> None:
    table = await table_with()
    keys, c, turn_id = table.bus.keys, table.conversation_id, new_id()
    await table.bus.transact(c, [Append(keys.turns(c), UserTurn(turn_id, c, HELLO, "typed"))], raise_epoch=True)
    outlet = table.bus.outlet()
    outlet.append(keys.work("llm"), Work(c), **extra)
    await outlet.flush()
    handler, claim = await table.worker(), await table.claimed()
    with pytest.raises(BadEntry):
        await handler.handle(claim)
    await handler.give_up(claim, "it cannot be read")
    client = await table.client()
    assert [(error.code, error.turn_id) for error in client.errors] == [("turn_failed", turn_id)]
    assert client.complete == [turn_id]
    await table.bus.finish(claim, "worker")
    await assert_answers_next_turn(table)


@virtual_time
async def test_pointer_without_a_turn_is_given_up_silently() -> None:
    table = await table_with()
    await table.bus.post("llm", Work("no id"))
    client = await given_up(table, "nonsense")
    assert client.errors == []


@pytest.mark.parametrize("extra", [NEWER, NO_VERSION], ids=["newer", "no version"])
@virtual_time
async def test_unreadable_sentences_end_their_turn(extra: dict[str, Any]) -> None:
    table = await table_with()
    turn_id = await table.say(HELLO)
    assert await table.die_after(12)
    state = await table.bus.hash(table.bus.keys.state(table.conversation_id))
    assert b"plan" in state
    await table.worker()
    luna = next(character for character in await table.store.characters() if character.name == "Luna")
    message_id = reply_id(turn_id, luna.id)
    entry = TTSSentence("Ha.", 50, table.conversation_id, message_id, luna.id, "Luna", "luna")
    outlet = table.bus.outlet()
    outlet.append(table.bus.keys.sentences(table.conversation_id, message_id), entry, id="51-0", **extra)
    await outlet.flush()
    handler, claim = await table.worker(), await table.claimed()
    with pytest.raises((BadEntry, ExceptionGroup)):
        await handler.handle(claim)
    await handler.give_up(claim, "it cannot be read")
    await table.bus.finish(claim, "worker")
    keys, c = table.bus.keys, table.conversation_id
    await table.bus.remove(keys.sentences(c, message_id), ["51-0"])  # so that the harness can read the stream
    client = await table.client()
    assert [error.turn_id for error in client.errors] == [turn_id]
    assert client.complete == [turn_id]


@pytest.mark.parametrize(
    ("field", "raw"),
    [
        ("plan", b"\xc1"), ("plan", pack({})), ("plan", pack([1])), ("plan", pack({"turn_id": "t", "entry_id": "1-0",
        "epoch": 0, "speakers": 5, "settings": {}})), ("plan", _plan(turn_id="no id")), ("plan", _plan(epoch="three")),
        ("plan", _plan(entry_id="yesterday")), ("plan", _plan(settings={"temperature": b"hot"})),
        ("plan", _plan(others=[1])),
        ("started", b"many"), ("complete", b"x"), ("failed", b"x"), ("cut", b"x"), ("settled", b"\xff"),
        ("cut", b"007"), ("complete", b"-1"), ("ended", b"\xff"),
    ],
    ids=["plan-no-msgpack", "plan-empty", "plan-list", "plan-speakers", "plan-turn", "plan-epoch", "plan-entry",
         "plan-settings", "plan-others",
         "started", "complete", "failed", "cut", "settled", "cut-not-as-written", "complete-negative", "ended"],
)  # fmt: skip
@virtual_time
async def test_unreadable_state_costs_one_turn(field: str, raw: bytes) -> None:
    table = await table_with()
    await table.say(HELLO)
    await table.work()
    turn_id = await table.say("And you, Rex?")
    await table.bus.transact(table.conversation_id, [Put(table.bus.keys.state(table.conversation_id), {field: raw})])
    client = await given_up(table, "its state cannot be read")
    assert [(error.code, error.turn_id) for error in client.errors] == [("turn_failed", turn_id)]
    assert client.complete[-1] == turn_id
    await assert_answers_next_turn(table)


@virtual_time
async def test_unknown_fields_of_the_state_are_ignored() -> None:
    table = await table_with()
    await table.say(HELLO)
    assert await table.die_after(8)
    key = table.bus.keys.state(table.conversation_id)
    plan = unpack((await table.bus.hash(key))[b"plan"])
    plan["mood"] = "good"
    plan["settings"]["max_thoughts"] = 3
    del plan["settings"]["min_p"]
    for speaker in plan["speakers"]:
        speaker["accent"] = "Irish"
        del speaker["image"]
    settings = pack({"top_k": 3, "max_thoughts": 3})
    await table.bus.transact(
        table.conversation_id, [Put(key, {"plan": pack(plan), "settings": settings, "weather": "fine"})]
    )
    await table.work()
    client = await table.client()
    client.check()
    assert [status for _, _, status in client.talk()] == ["complete", "complete"]


@pytest.mark.parametrize("extra", [NEWER, NO_VERSION], ids=["newer", "no version"])
@virtual_time
async def test_unreadable_receipt_does_not_count(extra: dict[str, Any]) -> None:
    table = await table_with("Luna")
    turn_id = await table.say("Luna?")
    assert await table.die_after(14)
    (message_id,) = (await table.client()).order
    await table.played(message_id, 0, 0)
    outlet = table.bus.outlet()
    outlet.append(table.bus.keys.receipts(table.conversation_id), Receipt(message_id, 9, 9, 9), **extra)
    audio = AudioChunk(b"\1\0" * 24_000, 0, 0, table.conversation_id, message_id, "luna")
    outlet.append(table.bus.keys.audio(table.conversation_id, message_id), audio, id="1-1")
    await outlet.flush()
    await table.interrupt()
    await table.work()
    client = await table.client()
    assert client.complete == [turn_id]
    assert client.heard[message_id]
    assert LINES["Luna"].startswith(client.heard[message_id].rstrip())
    assert len(client.heard[message_id]) < len(LINES["Luna"])


@virtual_time
async def test_reply_with_unreadable_audio_keeps_its_text() -> None:
    table = await table_with("Luna")
    await table.say("Luna?")
    assert await table.die_after(14)
    (message_id,) = (await table.client()).order
    await table.played(message_id, 0, 0)
    outlet = table.bus.outlet()
    audio = AudioChunk(b"\1\0", 0, 0, table.conversation_id, message_id, "luna")
    outlet.append(table.bus.keys.audio(table.conversation_id, message_id), audio, id="1-1", **NEWER)
    await outlet.flush()
    await table.interrupt()
    await table.work()
    client = await table.client()
    assert client.heard == {}
    assert client.errors == []
    await table.say("And now, Luna?")
    await table.work()
    assert (await table.client()).talk()[-1][2] == "complete"


@pytest.mark.parametrize("field", ["ts", "epoch"])
@virtual_time
async def test_unreadable_command_interrupts_nothing(field: str, caplog: pytest.LogCaptureFixture) -> None:
    table = await table_with()
    await table.say(HELLO)
    outlet = table.bus.outlet()
    outlet.append(
        table.bus.keys.control(table.conversation_id), {"ts": BrokenTime, "epoch": BrokenEpoch}[field]("soon")
    )
    outlet.append(table.bus.keys.control(table.conversation_id), Interrupt("turn"), **NEWER)
    await outlet.flush()
    with caplog.at_level(logging.WARNING):
        await table.work()
    client = await table.client()
    client.check()
    assert [status for _, _, status in client.talk()] == ["complete", "complete"]
    assert "ignored an unreadable control command" in caplog.text


@virtual_time
async def test_command_of_a_newer_release_interrupts() -> None:
    table = await table_with()
    await table.say(HELLO)
    handler, claim = await table.worker(), await table.claimed()
    job = asyncio.create_task(handler.handle(claim))
    await asyncio.sleep(0.1)
    outlet = table.bus.outlet(epoch=2)  # an interruption of a newer gateway
    outlet.put(table.bus.keys.state(table.conversation_id), {"epoch": 2})
    outlet.append(table.bus.keys.control(table.conversation_id), Interrupt("turn"), **NEWER)
    await outlet.flush()
    await job
    assert [status for _, _, status in (await table.client()).talk()] == ["interrupted"]


@virtual_time
async def test_sweep_survives_an_unreadable_cursor() -> None:
    table = await table_with()
    await table.say(HELLO)
    await table.work()
    key = table.bus.keys.state(table.conversation_id)
    await table.bus.transact(table.conversation_id, [Put(key, {"cursor": b"\xff"})])
    sweeping = asyncio.create_task(sweep(table.bus))
    await asyncio.sleep(3 * SWEEP_S)
    assert not sweeping.done()
    assert await table.bus.open_work("llm") >= 1, "the turn is posted again"
    sweeping.cancel()
    await asyncio.wait([sweeping])
