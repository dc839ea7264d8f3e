"""A turn that is given up ends for the client, and the next turn is answered."""

from __future__ import annotations

import pytest

from tertulia_llm.turn_replies import TurnReplies
from tertulia_llm.turn_rows import TurnRows
from tertulia_shared.codec import decode
from tertulia_shared.entries import TTSSentence
from tertulia_shared.ids import reply_id
from tests.harness.llm import LINES
from tests.harness.virtual_time import virtual_time
from tests.unit.llm.turn_bench import HELLO, LUNA, USER, assert_answers, bench_with


@virtual_time
async def test_turn_whose_rows_cannot_be_saved_ends_when_it_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = await bench_with()
    turn_id = await bench.say(HELLO)
    handler = await bench.worker()

    async def broken(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(TurnRows, "save", broken)
    monkeypatch.setattr(TurnReplies, "open", broken)
    claim = await bench.claimed()
    assert await handler.give_up(claim, "ten attempts") == turn_id
    await bench.bus.finish(claim, "worker")
    client = await bench.client()
    assert client.complete == [turn_id]
    assert [error.code for error in client.errors] == ["turn_failed"]
    monkeypatch.undo()
    bench.handler = None
    await assert_answers(bench)


@virtual_time
async def test_next_turn_is_answered_before_the_pointer_of_the_given_up_turn_is_acknowledged() -> None:
    bench = await bench_with()
    await bench.say(HELLO)
    handler, given_up = await bench.worker(), await bench.claimed()
    second = await bench.say(HELLO)
    await handler.give_up(given_up, "test")
    for _ in range(2):  # the pointer of the second turn, and the pointer that giving up the first turn posts
        await handler.handle(await bench.claimed())
    assert (await bench.client()).complete[-1] == second


@virtual_time
async def test_giving_up_a_turn_ends_its_replies_and_moves_the_cursor_past_it() -> None:
    bench = await bench_with()
    turn_id = await bench.say(USER[1])
    assert await bench.die_after(12)
    claim, handler = await bench.claimed(), await bench.worker()
    assert await handler.give_up(claim, "given up after 5 attempts") == turn_id
    await bench.bus.finish(claim, "worker")
    client = await bench.client()
    client.check()
    assert [(error.code, error.turn_id) for error in client.errors] == [("turn_failed", turn_id)]
    assert client.complete == [turn_id]
    assert [status for _, _, status in client.talk()] == ["failed"]
    await bench.say("Luna?")
    await bench.work()
    assert (await bench.client()).talk()[1] == LUNA


@virtual_time
async def test_giving_up_before_the_first_token_writes_the_final_entry_for_tts() -> None:
    bench = await bench_with("Luna")
    turn_id = await bench.say("Hello")
    assert await bench.die_after(3)
    await (await bench.worker()).give_up(await bench.claimed(), "no luck")
    luna = reply_id(turn_id, (await bench.store.characters())[0].id)
    entries = await bench.bus.read(bench.bus.keys.sentences(bench.conversation_id, luna))
    assert [decode(TTSSentence, entry.fields).is_final for entry in entries] == [True]


@virtual_time
async def test_giving_up_ends_only_the_first_waiting_turn() -> None:
    bench = await bench_with("Sage")
    first = await bench.say("One?")
    await bench.say("Two?")
    handler = await bench.worker()
    claim = await bench.claimed()
    assert await handler.give_up(claim, "no luck") == first
    await bench.bus.finish(claim, "worker")
    while await bench.bus.open_work("llm"):
        await bench.work()
    assert (await bench.client()).talk() == [("Sage", LINES["Sage"], "complete")]
