"""Interrupted turns: their ends, and the heard parts of their replies."""

from __future__ import annotations

import asyncio

import pytest

from tertulia_shared.bus import Append, Stale
from tertulia_shared.entries import AudioChunk
from tertulia_shared.events import (
    Interrupted,
    LLMChunk,
    MessageHeard,
    MessageResumed,
    MessageStarted,
    TurnStarted,
)
from tertulia_shared.ids import reply_id
from tertulia_shared.keys import SOUND_GRACE_S
from tests.harness.llm import LINES, Client
from tests.harness.virtual_time import virtual_time
from tests.unit.llm.turn_bench import USER, table_with


@virtual_time
async def test_interruption_after_any_write_ends_the_turn_there() -> None:
    writes = 0
    while True:
        writes += 1
        table = await table_with()
        turn_id = await table.say(USER[1])
        interruptions: list[asyncio.Task[None]] = []
        table.writes.after(
            writes,
            lambda table=table, to=interruptions: to.append(asyncio.create_task(table.interrupt())),
        )
        await table.work()
        if not interruptions:
            break
        await asyncio.gather(*interruptions)
        await table.work()  # the pointer that the interruption posts
        client = await table.client()
        try:
            assert_cut_off(client, turn_id)
            rows = await table.rows()
            ended = [row[:2] for row in rows if row[2] != "streaming"]
            assert ended == [USER[:2], *(entry[:2] for entry in client.talk())], "only replies that the client saw"
            assert not [row for row in rows if row[2] == "streaming" and row[1]]
        except AssertionError as error:
            raise AssertionError(f"interrupted at write {writes}") from error
    assert writes > 20


def assert_cut_off(client: Client, turn_id: str) -> None:
    client.check()
    assert client.complete == [turn_id], "one `turn_complete`"
    events = [event for _, event in client.events]
    cut = next(at for at, event in enumerate(events) if isinstance(event, Interrupted))
    late = [e for e in events[cut:] if isinstance(e, LLMChunk | MessageStarted | MessageResumed | TurnStarted)]
    assert late == []
    assert set(client.status) == set(client.order)
    for message_id in client.order:
        if client.status[message_id] == "interrupted":
            assert client.final[message_id] == client.written.get(message_id, "")


@virtual_time
async def test_interrupted_turn_ends_the_same_after_a_death_at_any_write() -> None:
    writes = 0
    while True:
        writes += 1
        table = await table_with()
        turn_id = await table.say(USER[1])
        assert await table.die_after(12), "during the first reply"
        await table.interrupt()
        if not await table.die_after(writes):
            break
        await table.work()
        client = await table.client()
        client.check()
        assert set(client.status.values()) == {"interrupted"}
        assert client.complete == [turn_id]
        assert [row[2] for row in await table.rows()] == ["complete", "interrupted"], f"after a death at write {writes}"
    assert writes > 2


@virtual_time
async def test_turn_interrupted_before_its_answer_is_saved_and_complete() -> None:
    table = await table_with("Sage")
    first = await table.say("One?")
    second = await table.say("Two?")
    await table.work()
    client = await table.client()
    assert client.complete == [first, second]
    assert len(client.order) == 1
    assert await table.rows() == [
        ("Jay", "One?", "complete"),
        ("Jay", "Two?", "complete"),
        ("Sage", LINES["Sage"], "complete"),
    ]


@virtual_time
async def test_interrupted_reply_is_shortened_to_the_heard_text() -> None:
    table = await table_with("Luna")
    turn_id = await table.say("Hello")
    await table.work()
    luna = (await table.client()).order[0]
    await table.played(luna, 1, 0)
    await table.interrupt()
    audio = table.bus.keys.audio(table.conversation_id, luna)
    await table.bus.transact(table.conversation_id, [Append(audio, AudioChunk(b"\0\0", 0, 0, "", luna, ""), "1-1")])
    await table.work()
    assert [sound.ttl_s <= SOUND_GRACE_S async for sound in table.bus.sounds() if sound.name == audio.name] == [True]
    heard = "Hello there, Jay. "
    client = await table.client()
    assert client.heard[luna].startswith(heard)
    assert len(client.heard[luna]) < len(LINES["Luna"])
    assert (await table.rows())[1] == ("Luna", client.heard[luna], "interrupted")
    await table.say("And then?")
    await table.work()
    prompt = "\n".join(message["content"] for message in table.model.requests[-1])
    assert "Vega" not in prompt
    assert luna == reply_id(turn_id, (await table.store.characters())[0].id)


@virtual_time
async def test_reply_without_a_receipt_is_unheard_if_the_client_sends_receipts() -> None:
    table = await table_with("Sage")
    await table.say("One?")
    await table.work()
    sage = (await table.client()).order[0]
    await table.played(sage, 9, 9)
    await table.say("Two?")
    await table.work()
    await table.interrupt()
    await table.work()
    assert (await table.rows())[3] == ("Sage", "", "interrupted")
    await table.say("Three?")
    await table.work()
    assert "broke in before Sage could say a word" in table.model.requests[-1][-1]["content"]


@virtual_time
async def test_reply_counts_as_heard_if_the_client_sends_no_receipts() -> None:
    table = await table_with("Sage")
    await table.say("One?")
    await table.work()
    await table.interrupt()
    await table.work()
    assert (await table.rows())[1] == ("Sage", LINES["Sage"], "complete")
    assert not [event for _, event in (await table.client()).events if isinstance(event, MessageHeard)]


@pytest.mark.parametrize("gives_receipts", [True, False])
@virtual_time
async def test_reply_refused_by_an_interruption_is_neither_saved_nor_shown(
    gives_receipts: bool,  # noqa: FBT001 - pytest passes it by name
) -> None:
    table = await table_with("Luna", "Rex")
    table.model.word_s = 0.0
    await table.say("Rex, hello")
    await table.work()
    if gives_receipts:
        await table.played((await table.client()).order[0], 9, 9)
    await table.bus.transact(table.conversation_id, [], talk=False)  # the reply was played to the end
    await table.say("Luna, hello")
    table.store.delay_s = 1.0  # meanwhile the whole reply arrives
    table.bus.latency_s = 0.1
    answering = asyncio.create_task(table.work())
    await asyncio.sleep(1.05)  # the row is saved, the reply's writes are in flight
    table.store.delay_s = 0.0
    await table.interrupt()
    await answering
    await table.say("Rex, and now?")
    await table.work()
    client = await table.client()
    assert [client.names[id] for id in client.order] == ["Rex", "Rex"]
    assert set(client.heard) <= set(client.order)
    assert LINES["Luna"] not in [text for _, text, _ in await table.rows()]
    assert LINES["Luna"] not in str(table.model.requests[-1])


@virtual_time
async def test_interruption_is_settled_after_a_death_at_any_write() -> None:
    writes = 0
    while True:
        writes += 1
        table = await table_with("Luna")
        await table.say("Hello")
        await table.work()
        luna = (await table.client()).order[0]
        await table.played(luna, 1, 0)
        await table.interrupt()
        if not await table.die_after(writes):
            break
        await table.work()
        client = await table.client()
        assert (await table.rows())[1] == ("Luna", client.heard.get(luna), "interrupted"), f"death at {writes}"
    assert writes > 2


@virtual_time
async def test_handler_raises_nothing_on_an_interruption() -> None:
    table = await table_with("Sage")
    await table.say("One?")
    job = asyncio.create_task(table.work())
    await asyncio.sleep(0.03)
    await table.interrupt()
    try:
        await job
    except Stale:  # pragma: no cover
        pytest.fail("the handler raised on an interruption")
