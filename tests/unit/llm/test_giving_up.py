"""A turn that is given up ends for the client, and the next one is answered."""

from __future__ import annotations

import pytest

from tertulia_llm.turn_replies import TurnReplies
from tertulia_llm.turn_rows import TurnRows
from tertulia_shared.codec import decode
from tertulia_shared.entries import TTSSentence
from tertulia_shared.ids import reply_id
from tests.harness.llm import LINES
from tests.harness.virtual_time import virtual_time
from tests.unit.llm.turn_bench import HELLO, LUNA, USER, assert_answers, table_with


@virtual_time
async def test_giving_up_ends_a_turn_that_cannot_be_saved(monkeypatch: pytest.MonkeyPatch) -> None:
    table = await table_with()
    turn_id = await table.say(HELLO)
    handler = await table.worker()

    async def broken(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(TurnRows, "save", broken)
    monkeypatch.setattr(TurnReplies, "open", broken)
    claim = await table.claimed()
    assert await handler.give_up(claim, "ten attempts") == turn_id
    await table.bus.finish(claim, "worker")
    client = await table.client()
    assert client.complete == [turn_id]
    assert [error.code for error in client.errors] == ["turn_failed"]
    monkeypatch.undo()
    table.handler = None
    await assert_answers(table)


@virtual_time
async def test_turn_after_a_given_up_one_is_answered_before_the_ack() -> None:
    table = await table_with()
    await table.say(HELLO)
    handler, given_up = await table.worker(), await table.claimed()
    second = await table.say(HELLO)
    await handler.give_up(given_up, "test")
    for _ in range(2):  # the second turn's own pointer, and the one that giving up posts
        await handler.handle(await table.claimed())
    assert (await table.client()).complete[-1] == second


@virtual_time
async def test_given_up_turn_ends_its_replies_and_the_cursor_moves_on() -> None:
    table = await table_with()
    turn_id = await table.say(USER[1])
    assert await table.die_after(12)
    claim, handler = await table.claimed(), await table.worker()
    assert await handler.give_up(claim, "given up after 5 attempts") == turn_id
    await table.bus.finish(claim, "worker")
    client = await table.client()
    client.check()
    assert [(error.code, error.turn_id) for error in client.errors] == [("turn_failed", turn_id)]
    assert client.complete == [turn_id]
    assert [status for _, _, status in client.talk()] == ["failed"]
    await table.say("Luna?")
    await table.work()
    assert (await table.client()).talk()[1] == LUNA


@virtual_time
async def test_giving_up_before_the_first_token_ends_speech() -> None:
    table = await table_with("Luna")
    turn_id = await table.say("Hello")
    assert await table.die_after(3)
    await (await table.worker()).give_up(await table.claimed(), "no luck")
    luna = reply_id(turn_id, (await table.store.characters())[0].id)
    entries = await table.bus.read(table.bus.keys.sentences(table.conversation_id, luna))
    assert [decode(TTSSentence, entry.fields).is_final for entry in entries] == [True]


@virtual_time
async def test_giving_up_ends_one_turn_only() -> None:
    table = await table_with("Sage")
    first = await table.say("One?")
    await table.say("Two?")
    handler = await table.worker()
    claim = await table.claimed()
    assert await handler.give_up(claim, "no luck") == first
    await table.bus.finish(claim, "worker")
    while await table.bus.open_work("llm"):
        await table.work()
    assert (await table.client()).talk() == [("Sage", LINES["Sage"], "complete")]
