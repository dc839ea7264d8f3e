"""Entries of a newer release and unreadable entries: one turn is given up and reported; nothing else is affected."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Any

import pytest

from tertulia_llm.sweep import SWEEP_S, sweep
from tertulia_shared.bus import Append, BusError, Put
from tertulia_shared.codec import BadEntry, UnknownVersion, pack, unpack
from tertulia_shared.entries import (
    NEWEST_VERSION,
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
from tests.harness.llm import LINES, Client, LLMBench
from tests.harness.virtual_time import virtual_time
from tests.unit.llm.turn_bench import bench_with

NEWER: dict[str, Any] = {"v": NEWEST_VERSION + 1}
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
    """A packed plan in which these fields are replaced by wrong ones."""
    return pack({**TurnPlan(new_id(), "1-0", 0, (), ModelSettings()).to_wire(), **wrong})


async def say_in(bench: LLMBench, extra: dict[str, Any]) -> str:
    """Write a turn with the envelope of another release."""
    turn_id, keys, c = new_id(), bench.bus.keys, bench.conversation_id
    turn = Append(keys.turns(c), UserTurn(turn_id, c, HELLO, "typed"), extra={**extra})
    await bench.bus.transact(c, [turn], raise_epoch=True, talk=True, then=("llm", Work(c)))
    return turn_id


async def given_up(bench: LLMBench, reason: str) -> Client:
    """Handle the next work, which fails, and give it up. Returns what the client sees."""
    handler = bench.handler or await bench.worker()
    claim = await bench.claimed()
    with pytest.raises((BadEntry, BadWork, ExceptionGroup, BusError)):
        await handler.handle(claim)
    await handler.give_up(claim, reason)
    await bench.bus.finish(claim, "worker")
    return await bench.client()


async def assert_answers_next_turn(bench: LLMBench) -> None:
    """Check that both characters answer the next turn."""
    bench.handler = None  # the second time, a new worker answers
    before = len((await bench.client()).complete)
    await bench.say(HELLO)
    await bench.work()
    client = await bench.client()
    assert len(client.complete) == before + 1
    assert [text for _, text, status in client.talk() if status == "complete"][-2:] == [LINES["Luna"], LINES["Rex"]]
    assert await bench.bus.open_work("llm") == 0


@virtual_time
async def test_turn_of_a_newer_release_is_returned_for_a_worker_of_that_release() -> None:
    bench = await bench_with()
    await say_in(bench, NEWER)
    with pytest.raises(UnknownVersion):
        await bench.work()
    assert bench.claim is not None
    assert await bench.bus.nack(bench.claim, "worker")
    (claim,) = await bench.bus.take_over("llm", "a newer one", idle_s=60, count=1)
    assert not isinstance(await bench.bus.own(claim, bench.conversation_id, "turns", waiting=9), Exception)


@virtual_time
async def test_turn_of_a_newer_release_is_given_up_if_no_worker_of_that_release_is_alive() -> None:
    bench = await bench_with()
    turn_id = await say_in(bench, NEWER)
    client = await given_up(bench, str(UnknownVersion(NEWEST_VERSION + 1)))
    (error,) = client.errors
    assert (error.code, error.turn_id) == ("turn_failed", turn_id)
    assert "newer release" in error.message
    assert "update this worker" in error.message
    assert client.complete == [turn_id]
    await assert_answers_next_turn(bench)


@virtual_time
async def test_only_the_turn_without_a_version_becomes_a_dead_letter() -> None:
    bench = await bench_with()
    await say_in(bench, NO_VERSION)
    await bench.say(HELLO)
    await bench.work()
    client = await bench.client()
    assert [error.code for error in client.errors] == ["bad_turn"]
    assert len(client.complete) == 1
    assert await bench.bus.length(bench.bus.keys.dead()) == 1


@pytest.mark.parametrize("extra", [NEWER, NO_VERSION], ids=["newer", "no version"])
@virtual_time
async def test_unreadable_pointer_to_a_conversation_ends_its_waiting_turn(extra: dict[str, Any]) -> None:
    bench = await bench_with()
    keys, c, turn_id = bench.bus.keys, bench.conversation_id, new_id()
    await bench.bus.transact(c, [Append(keys.turns(c), UserTurn(turn_id, c, HELLO, "typed"))], raise_epoch=True)
    outlet = bench.bus.outlet()
    outlet.append(keys.work("llm"), Work(c), **extra)
    await outlet.flush()
    handler, claim = await bench.worker(), await bench.claimed()
    with pytest.raises(BadEntry):
        await handler.handle(claim)
    await handler.give_up(claim, "it cannot be read")
    client = await bench.client()
    assert [(error.code, error.turn_id) for error in client.errors] == [("turn_failed", turn_id)]
    assert client.complete == [turn_id]
    await bench.bus.finish(claim, "worker")
    await assert_answers_next_turn(bench)


@virtual_time
async def test_pointer_without_a_conversation_is_given_up_without_an_error_to_the_client() -> None:
    bench = await bench_with()
    await bench.bus.post("llm", Work("no id"))
    client = await given_up(bench, "nonsense")
    assert client.errors == []


@pytest.mark.parametrize("extra", [NEWER, NO_VERSION], ids=["newer", "no version"])
@virtual_time
async def test_reply_with_unreadable_sentences_ends_its_turn(extra: dict[str, Any]) -> None:
    bench = await bench_with()
    turn_id = await bench.say(HELLO)
    assert await bench.die_after(12)
    state = await bench.bus.hash(bench.bus.keys.state(bench.conversation_id))
    assert b"plan" in state
    await bench.worker()
    luna = next(character for character in await bench.store.characters() if character.name == "Luna")
    message_id = reply_id(turn_id, luna.id)
    entry = TTSSentence("Ha.", 50, bench.conversation_id, message_id, luna.id, "Luna", "luna")
    outlet = bench.bus.outlet()
    outlet.append(bench.bus.keys.sentences(bench.conversation_id, message_id), entry, id="51-0", **extra)
    await outlet.flush()
    handler, claim = await bench.worker(), await bench.claimed()
    with pytest.raises((BadEntry, ExceptionGroup)):
        await handler.handle(claim)
    await handler.give_up(claim, "it cannot be read")
    await bench.bus.finish(claim, "worker")
    keys, c = bench.bus.keys, bench.conversation_id
    await bench.bus.remove(keys.sentences(c, message_id), ["51-0"])  # now the bench can read the stream again
    client = await bench.client()
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
async def test_unreadable_field_of_the_state_costs_one_turn(field: str, raw: bytes) -> None:
    bench = await bench_with()
    await bench.say(HELLO)
    await bench.work()
    turn_id = await bench.say("And you, Rex?")
    await bench.bus.transact(bench.conversation_id, [Put(bench.bus.keys.state(bench.conversation_id), {field: raw})])
    client = await given_up(bench, "its state cannot be read")
    assert [(error.code, error.turn_id) for error in client.errors] == [("turn_failed", turn_id)]
    assert client.complete[-1] == turn_id
    await assert_answers_next_turn(bench)


@virtual_time
async def test_fields_of_the_state_that_this_release_does_not_know_are_ignored() -> None:
    bench = await bench_with()
    await bench.say(HELLO)
    assert await bench.die_after(8)
    key = bench.bus.keys.state(bench.conversation_id)
    plan = unpack((await bench.bus.hash(key))[b"plan"])
    plan["mood"] = "good"
    plan["settings"]["max_thoughts"] = 3
    del plan["settings"]["min_p"]
    for speaker in plan["speakers"]:
        speaker["accent"] = "Irish"
        del speaker["image"]
    settings = pack({"top_k": 3, "max_thoughts": 3})
    await bench.bus.transact(
        bench.conversation_id, [Put(key, {"plan": pack(plan), "settings": settings, "weather": "fine"})]
    )
    await bench.work()
    client = await bench.client()
    client.check()
    assert [status for _, _, status in client.talk()] == ["complete", "complete"]


@pytest.mark.parametrize("extra", [NEWER, NO_VERSION], ids=["newer", "no version"])
@virtual_time
async def test_unreadable_receipt_is_ignored(extra: dict[str, Any]) -> None:
    bench = await bench_with("Luna")
    turn_id = await bench.say("Luna?")
    assert await bench.die_after(14)
    (message_id,) = (await bench.client()).order
    await bench.played(message_id, 0, 0)
    outlet = bench.bus.outlet()
    outlet.append(bench.bus.keys.receipts(bench.conversation_id), Receipt(message_id, 9, 9, 9), **extra)
    audio = AudioChunk(b"\1\0" * 24_000, 0, 0, bench.conversation_id, message_id, "luna")
    outlet.append(bench.bus.keys.audio(bench.conversation_id, message_id), audio, id="1-1")
    await outlet.flush()
    await bench.interrupt()
    await bench.work()
    client = await bench.client()
    assert client.complete == [turn_id]
    assert client.heard[message_id]
    assert LINES["Luna"].startswith(client.heard[message_id].rstrip())
    assert len(client.heard[message_id]) < len(LINES["Luna"])


@virtual_time
async def test_text_of_a_reply_with_unreadable_audio_stays_complete() -> None:
    bench = await bench_with("Luna")
    await bench.say("Luna?")
    assert await bench.die_after(14)
    (message_id,) = (await bench.client()).order
    await bench.played(message_id, 0, 0)
    outlet = bench.bus.outlet()
    audio = AudioChunk(b"\1\0", 0, 0, bench.conversation_id, message_id, "luna")
    outlet.append(bench.bus.keys.audio(bench.conversation_id, message_id), audio, id="1-1", **NEWER)
    await outlet.flush()
    await bench.interrupt()
    await bench.work()
    client = await bench.client()
    assert client.heard == {}
    assert client.errors == []
    await bench.say("And now, Luna?")
    await bench.work()
    assert (await bench.client()).talk()[-1][2] == "complete"


@pytest.mark.parametrize("field", ["ts", "epoch"])
@virtual_time
async def test_unreadable_control_entry_does_not_interrupt(field: str, caplog: pytest.LogCaptureFixture) -> None:
    bench = await bench_with()
    await bench.say(HELLO)
    handler, claim = await bench.worker(), await bench.claimed()
    job = asyncio.create_task(handler.handle(claim))
    await asyncio.sleep(0.1)
    outlet = bench.bus.outlet()
    outlet.append(bench.bus.keys.control(bench.conversation_id), Interrupt("turn"), **NEWER)
    outlet.append(
        bench.bus.keys.control(bench.conversation_id), {"ts": BrokenTime, "epoch": BrokenEpoch}[field]("soon")
    )
    await outlet.flush()
    with caplog.at_level(logging.WARNING):
        await job
    client = await bench.client()
    client.check()
    assert [status for _, _, status in client.talk()] == ["complete", "complete"]
    assert "ignored an unreadable control command" in caplog.text


@virtual_time
async def test_control_entry_of_a_newer_release_interrupts() -> None:
    bench = await bench_with()
    await bench.say(HELLO)
    handler, claim = await bench.worker(), await bench.claimed()
    job = asyncio.create_task(handler.handle(claim))
    await asyncio.sleep(0.1)
    outlet = bench.bus.outlet(epoch=2)  # an interruption written by a newer gateway
    outlet.put(bench.bus.keys.state(bench.conversation_id), {"epoch": 2})
    outlet.append(bench.bus.keys.control(bench.conversation_id), Interrupt("turn"), **NEWER)
    await outlet.flush()
    await job
    assert [status for _, _, status in (await bench.client()).talk()] == ["interrupted"]


@virtual_time
async def test_sweep_posts_a_pointer_for_a_conversation_with_an_unreadable_cursor() -> None:
    bench = await bench_with()
    await bench.say(HELLO)
    await bench.work()
    key = bench.bus.keys.state(bench.conversation_id)
    await bench.bus.transact(bench.conversation_id, [Put(key, {"cursor": b"\xff"})])
    sweeping = asyncio.create_task(sweep(bench.bus))
    await asyncio.sleep(3 * SWEEP_S)
    assert not sweeping.done()
    assert await bench.bus.open_work("llm") >= 1, "the turn is posted again"
    sweeping.cancel()
    await asyncio.wait([sweeping])
