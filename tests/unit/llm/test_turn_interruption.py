"""Interrupted turns: how they end, and which parts of their replies count as heard."""

from __future__ import annotations

import asyncio

import pytest

from tertulia_llm.turn_handler import LAST_RECEIPT_S
from tertulia_shared.bus import Append, Put, Stale
from tertulia_shared.conversation_state import StateField
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
from tests.harness.llm import LINES, Client, Say
from tests.harness.virtual_time import virtual_time
from tests.unit.llm.turn_bench import USER, bench_with


@virtual_time
async def test_turn_interrupted_after_any_write_ends_with_the_text_written_so_far() -> None:
    writes = 0
    while True:
        writes += 1
        bench = await bench_with()
        turn_id = await bench.say(USER[1])
        interruptions: list[asyncio.Task[None]] = []
        bench.writes.after(
            writes,
            lambda bench=bench, to=interruptions: to.append(asyncio.create_task(bench.interrupt())),
        )
        await bench.work()
        if not interruptions:
            break
        await asyncio.gather(*interruptions)
        await bench.work()  # the pointer that the interruption has posted
        client = await bench.client()
        try:
            assert_cut_off(client, turn_id)
            rows = await bench.rows()
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


@pytest.mark.parametrize("played", [False, True])
@virtual_time
async def test_unfinished_sentence_that_was_shown_is_stored_as_unheard_and_not_told_to_the_model(
    played: bool,  # noqa: FBT001 - pytest passes it by name
) -> None:
    writes, unfinished = 0, 0
    while True:
        writes += 1
        bench = await bench_with("Luna")
        await bench.say("One?")
        interruptions: list[asyncio.Task[None]] = []
        bench.writes.after(
            writes,
            lambda bench=bench, to=interruptions: to.append(asyncio.create_task(bench.interrupt())),
        )
        await bench.work()
        if not interruptions:
            break
        await asyncio.gather(*interruptions)
        await bench.work()
        client = await bench.client()
        if client.status.get(client.order[0] if client.order else "") != "interrupted":
            continue
        luna = client.order[0]
        row = (await bench.store.messages(bench.conversation_id, 10))[-1]
        assert (row.text, row.text + row.unheard) == (client.written.get(luna, ""), client.shown[luna])
        unfinished += row.unheard != ""
        if played:
            await bench.played(luna, 0, 0)
        await bench.say("And then?")
        await bench.work()
        row = (await bench.store.messages(bench.conversation_id, 10))[1]
        assert row.text + row.unheard == client.shown[luna], f"interrupted at write {writes}"
        assert not row.unheard or client.shown[luna] not in bench.model.requests[-1][-1]["content"]
    assert unfinished > 1


@virtual_time
async def test_interrupted_turn_ends_in_the_same_way_if_the_worker_dies_after_any_write() -> None:
    writes = 0
    while True:
        writes += 1
        bench = await bench_with()
        turn_id = await bench.say(USER[1])
        assert await bench.die_after(12), "during the first reply"
        await bench.interrupt()
        if not await bench.die_after(writes):
            break
        await bench.work()
        client = await bench.client()
        client.check()
        assert set(client.status.values()) == {"interrupted"}
        assert client.complete == [turn_id]
        assert [row[2] for row in await bench.rows()] == ["complete", "interrupted"], f"after a death at write {writes}"
    assert writes > 2


@virtual_time
async def test_turn_interrupted_before_its_answer_is_saved_and_complete() -> None:
    bench = await bench_with("Sage")
    first = await bench.say("One?")
    second = await bench.say("Two?")
    await bench.work()
    client = await bench.client()
    assert client.complete == [first, second]
    assert len(client.order) == 1
    assert await bench.rows() == [
        ("Jay", "One?", "complete"),
        ("Jay", "Two?", "complete"),
        ("Sage", LINES["Sage"], "complete"),
    ]


@virtual_time
async def test_interrupted_reply_is_shortened_to_the_heard_text() -> None:
    bench = await bench_with("Luna")
    turn_id = await bench.say("Hello")
    await bench.work()
    luna = (await bench.client()).order[0]
    await bench.played(luna, 1, 0)
    await bench.interrupt()
    audio = bench.bus.keys.audio(bench.conversation_id, luna)
    await bench.bus.transact(bench.conversation_id, [Append(audio, AudioChunk(b"\0\0", 0, 0, "", luna, ""), "1-1")])
    await bench.work()
    assert [sound.ttl_s <= SOUND_GRACE_S async for sound in bench.bus.sounds() if sound.name == audio.name] == [True]
    heard = "Hello there, Jay. "
    client = await bench.client()
    assert client.heard[luna].startswith(heard)
    assert len(client.heard[luna]) < len(LINES["Luna"])
    assert (await bench.rows())[1] == ("Luna", client.heard[luna], "interrupted")
    (_, row) = await bench.store.messages(bench.conversation_id, 10)
    assert row.text + row.unheard == LINES["Luna"]
    await bench.say("And then?")
    await bench.work()
    prompt = "\n".join(message["content"] for message in bench.model.requests[-1])
    assert "Vega" not in prompt
    assert luna == reply_id(turn_id, (await bench.store.characters())[0].id)


@pytest.mark.parametrize("receipt", [(0, 0), None])
@virtual_time
async def test_reply_before_one_that_was_played_counts_as_heard_although_its_last_receipt_was_lost(
    receipt: tuple[int, int] | None,
) -> None:
    bench = await bench_with("Luna", "Rex")
    await bench.say("Hello")
    await bench.work()
    luna, rex = (await bench.client()).order
    audio = bench.bus.keys.audio(bench.conversation_id, luna)
    await bench.bus.transact(bench.conversation_id, [Append(audio, AudioChunk(b"\0\0", 0, 0, "", luna, ""), "1-1")])
    if receipt:
        await bench.played(luna, *receipt)
    await bench.played(rex, 0, 0)
    await bench.interrupt()
    await bench.work()
    assert (await bench.rows())[1] == ("Luna", LINES["Luna"], "complete")
    assert (await bench.rows())[2][2] == "interrupted"


@virtual_time
async def test_receipt_that_the_client_sends_after_the_interruption_counts() -> None:
    bench = await bench_with("Luna")
    await bench.say("Hello")
    await bench.work()
    luna = (await bench.client()).order[0]
    await bench.played(luna, 0, 0)
    await bench.interrupt()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(bench.work())
        await asyncio.sleep(LAST_RECEIPT_S / 2)
        await bench.played(luna, 9, 9)
    assert luna not in (await bench.client()).heard, "it was heard to its end"
    assert (await bench.rows())[1] == ("Luna", LINES["Luna"], "complete")


@virtual_time
async def test_next_turn_does_not_wait_for_the_last_receipt_of_an_interrupted_one() -> None:
    bench = await bench_with("Luna")
    await bench.say("Hello")
    await bench.work()
    luna = (await bench.client()).order[0]
    await bench.played(luna, 9, 9)
    await bench.interrupt()
    loop = asyncio.get_running_loop()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(bench.work())
        await asyncio.sleep(LAST_RECEIPT_S / 10)
        begun = loop.time()
        await bench.say("And then?")
    together_s = loop.time() - begun
    begun = loop.time()
    await bench.say("And after that?")
    await bench.work()
    assert together_s < loop.time() - begun + LAST_RECEIPT_S / 2


@virtual_time
async def test_reply_without_a_receipt_counts_as_unheard_if_the_client_sends_receipts() -> None:
    bench = await bench_with("Sage")
    await bench.say("One?")
    await bench.work()
    sage = (await bench.client()).order[0]
    await bench.played(sage, 9, 9)
    await bench.say("Two?")
    await bench.work()
    await bench.interrupt()
    await bench.work()
    assert (await bench.rows())[3] == ("Sage", "", "interrupted")
    await bench.say("Three?")
    await bench.work()
    assert "broke in before Sage could say a word" in bench.model.requests[-1][-1]["content"]


@virtual_time
async def test_reply_counts_as_heard_if_the_client_sends_no_receipts() -> None:
    bench = await bench_with("Sage")
    await bench.say("One?")
    await bench.work()
    await bench.interrupt()
    await bench.work()
    assert (await bench.rows())[1] == ("Sage", LINES["Sage"], "complete")
    assert not [event for _, event in (await bench.client()).events if isinstance(event, MessageHeard)]


@pytest.mark.parametrize(("has_sound", "has_worker"), [(True, False), (False, True), (False, False)])
@virtual_time
async def test_reply_of_which_the_client_says_that_nothing_was_played_counts_as_unheard_if_speech_is_made(
    has_sound: bool,  # noqa: FBT001 - pytest passes it by name
    has_worker: bool,  # noqa: FBT001
) -> None:
    bench = await bench_with("Sage")
    await bench.say("One?")
    await bench.work()
    sage = (await bench.client()).order[0]
    if has_sound:
        audio = AudioChunk(b"\0\0", 0, 0, bench.conversation_id, sage, "sage")
        stream = bench.bus.keys.audio(bench.conversation_id, sage)
        await bench.bus.transact(bench.conversation_id, [Append(stream, audio, "1-1")])
    if has_worker:
        await bench.bus.beat("tts:w:espeak")
    await bench.played(sage, 0, 0, played_ms=0)
    await bench.interrupt()
    await bench.work()
    row = ("Sage", "", "interrupted") if has_sound or has_worker else ("Sage", LINES["Sage"], "complete")
    assert (await bench.rows())[1] == row


@pytest.mark.parametrize(("sounding", "is_heard"), [("0", False), ("1", True), (None, True)])
@virtual_time
async def test_reply_counts_as_unheard_if_the_client_was_sent_no_sound_of_it(
    sounding: str | None,
    is_heard: bool,  # noqa: FBT001 - pytest passes it by name
) -> None:
    bench = await bench_with("Sage")
    state = bench.bus.keys.state(bench.conversation_id)
    await bench.say("One?")
    await bench.work()
    sage = (await bench.client()).order[0]
    audio = bench.bus.keys.audio(bench.conversation_id, sage)
    await bench.bus.transact(
        bench.conversation_id,
        [
            Put(state, {StateField.SOUNDING: sounding}),
            Append(audio, AudioChunk(b"\0\0", 0, 0, bench.conversation_id, sage, "sage"), "1-1"),
        ],
    )
    await bench.interrupt()
    await bench.work()
    heard = (LINES["Sage"], "complete") if is_heard else ("", "interrupted")
    assert (await bench.rows())[1] == ("Sage", *heard)


@pytest.mark.parametrize("gives_receipts", [True, False])
@virtual_time
async def test_reply_that_redis_refuses_after_an_interruption_is_neither_saved_nor_shown(
    gives_receipts: bool,  # noqa: FBT001 - pytest passes it by name
) -> None:
    bench = await bench_with("Luna", "Rex")
    await bench.say("Rex, hello")
    await bench.work()
    if gives_receipts:
        await bench.played((await bench.client()).order[0], 9, 9)
    await bench.bus.transact(bench.conversation_id, [], talk=False)  # the reply was played to the end
    await bench.say("Luna, hello")
    answering = asyncio.create_task(bench.work())
    await asyncio.sleep(bench.model.word_s / 2)  # the plan is in Redis
    bench.bus.latency_s = 2.0
    await asyncio.sleep(1.0)  # the model has written the reply, but no write of it has reached Redis
    await bench.interrupt()
    await answering
    bench.bus.latency_s = 0.0
    await bench.say("Rex, and now?")
    await bench.work()
    client = await bench.client()
    assert [client.names[id] for id in client.order] == ["Rex", "Rex"]
    assert set(client.heard) <= set(client.order)
    assert LINES["Luna"] not in [text for _, text, _ in await bench.rows()]
    assert LINES["Luna"] not in str(bench.model.requests[-1])


@virtual_time
async def test_complete_reply_keeps_its_usage_if_the_user_goes_on_before_it_is_saved() -> None:
    bench = await bench_with("Luna")
    bench.model.acts = [Say("Hello.", usage={"prompt_tokens": 100, "completion_tokens": 10})]
    handler = await bench.worker()
    bench.store.delay_s = 1.0
    await bench.say("Luna, hello")
    answering = asyncio.create_task(handler.handle(await bench.claimed()))
    await asyncio.sleep(0.7)
    (message_id,) = (await bench.client()).final
    assert message_id not in bench.tables.messages
    await bench.interrupt()
    bench.store.delay_s = 0.0
    await answering
    row = bench.tables.messages[message_id]
    assert (row.text, row.status) == ("Hello.", "complete")
    assert row.usage == {"prompt_tokens": 100, "completion_tokens": 10}


@virtual_time
async def test_interruption_is_settled_even_if_the_worker_dies_after_any_write() -> None:
    writes = 0
    while True:
        writes += 1
        bench = await bench_with("Luna")
        await bench.say("Hello")
        await bench.work()
        luna = (await bench.client()).order[0]
        await bench.played(luna, 1, 0)
        await bench.interrupt()
        if not await bench.die_after(writes):
            break
        await bench.work()
        client = await bench.client()
        assert (await bench.rows())[1] == ("Luna", client.heard.get(luna), "interrupted"), f"death at {writes}"
    assert writes > 2


@virtual_time
async def test_interruption_raises_nothing_from_the_handler() -> None:
    bench = await bench_with("Sage")
    await bench.say("One?")
    job = asyncio.create_task(bench.work())
    await asyncio.sleep(0.03)
    await bench.interrupt()
    try:
        await job
    except Stale:  # pragma: no cover
        pytest.fail("the handler raised on an interruption")
