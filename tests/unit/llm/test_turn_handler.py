"""A turn from the user's message to its rows, undisturbed and with a worker that dies after each single write."""

from __future__ import annotations

import asyncio

import pytest

from tertulia_llm.model.client import ModelFailed
from tertulia_shared.bus import Append, BusUnavailable, Stale
from tertulia_shared.codec import decode, decode_event
from tertulia_shared.entries import AudioChunk, DeadLetter, TTSSentence, Work
from tertulia_shared.events import (
    Interrupted,
    LLMChunk,
    MessageHeard,
    MessageResumed,
    MessageStarted,
    TurnAccepted,
    TurnComplete,
    TurnStarted,
)
from tertulia_shared.ids import reply_id
from tertulia_shared.keys import SOUND_GRACE_S
from tertulia_shared.work import BadWork
from tests.harness.llm import LINES, BreakAfter, Client, Say, Table
from tests.harness.scrape import scraped
from tests.harness.virtual_time import now, virtual_time

FATAL = ModelFailed("llm_auth", "The model server refused the key.", retryable=False)
USER = ("Jay", "Hello, Luna and Rex", "complete")
LUNA = ("Luna", LINES["Luna"], "complete")
SAGE = ("Sage", LINES["Sage"])
REX = ("Rex", LINES["Rex"], "complete")


async def laid(*names: str) -> Table:
    table = Table()
    await table.set(*(names or ("Luna", "Rex")))
    return table


def assert_whole(client: Client) -> None:
    client.check()
    assert client.talk() == [LUNA, REX]
    assert client.speech() == [LINES["Luna"], LINES["Rex"]]
    assert client.errors == []
    frame = [event for _, event in client.events if isinstance(event, TurnAccepted | TurnStarted | TurnComplete)]
    assert [type(event) for event in frame] == [TurnAccepted, TurnStarted, TurnComplete], "each is told once"
    assert isinstance(client.events[-1][1], TurnComplete)


@virtual_time
async def test_named_characters_answer_in_order_and_all_rows_are_saved() -> None:
    table = await laid("Luna", "Rex", "Sage")
    turn_id = await table.say(USER[1])
    await table.work()
    client = await table.client()
    assert_whole(client)
    assert client.complete == [turn_id]
    assert await table.rows() == [USER, LUNA, REX]
    assert await table.bus.open_work("llm") == 0
    assert await table.bus.open_work("tts") == 2


@virtual_time
async def test_second_characters_prompt_has_the_first_reply() -> None:
    table = await laid()
    await table.say(USER[1])
    await table.work()
    assert f"<Luna>{LINES['Luna']}</Luna>" in table.model.requests[1][-2]["content"]


@virtual_time
async def test_prompt_has_earlier_turns_in_order_once() -> None:
    table = await laid("Sage")
    for words in ("One?", "Two?"):
        await table.say(words)
        await table.work()
    told = [message["content"] for message in table.model.requests[1][1:]]
    assert told == ["One?", f"<Sage>{LINES['Sage']}</Sage>", "Two?"]


@virtual_time
async def test_turn_is_completed_after_a_worker_dies_at_any_write() -> None:
    writes = 0
    while True:
        writes += 1
        table = await laid()
        await table.say(USER[1])
        died = await table.die_after(writes)
        if not died:
            break
        await table.work()
        try:
            assert_whole(await table.client())
            assert await table.rows() == [USER, LUNA, REX]
        except AssertionError as error:
            raise AssertionError(f"after a death at write {writes}") from error
    assert writes > 20


@virtual_time
async def test_worker_killed_between_its_last_write_and_the_ack_repeats_nothing() -> None:
    table = await laid()
    await table.say(USER[1])
    handler = await table.worker()
    await handler.handle(await table.claimed())
    before = (await table.client()).events
    table.handler, table.orphaned = None, True
    await table.work()
    client = await table.client()
    assert client.events == before
    assert_whole(client)
    assert await table.rows() == [USER, LUNA, REX]


@virtual_time
async def test_resumed_reply_is_complete_if_the_model_has_nothing_to_add() -> None:
    writes = 0
    while True:
        writes += 1
        table = Table({"Luna": "Hello there.\n"})  # the line end completes the sentence before the stream ends
        await table.set("Luna")
        await table.say("Hello")
        if not await table.die_after(writes):
            break
        await table.work()
        client = await table.client()
        client.check()
        assert client.talk() == [("Luna", "Hello there.\n", "complete")], f"after a death at write {writes}"
    assert writes > 5


@virtual_time
async def test_turn_is_completed_after_two_deaths() -> None:
    for first in range(2, 40, 3):
        for second in range(2, 14, 3):
            table = await laid()
            await table.say(USER[1])
            if await table.die_after(first) and await table.die_after(second):
                await table.work()
            client = await table.client()
            client.check()
            assert client.talk() == [LUNA, REX], f"deaths at {first} and then {second}"
            assert len(client.complete) == 1
            assert await table.rows() == [USER, LUNA, REX]


@virtual_time
async def test_interruption_after_any_write_ends_the_turn_there() -> None:
    writes = 0
    while True:
        writes += 1
        table = await laid()
        turn_id = await table.say(USER[1])
        interruptions: list[asyncio.Task[None]] = []
        table.writes.after(
            writes, lambda table=table, to=interruptions: to.append(asyncio.create_task(table.interrupt()))
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
            assert ended == [USER[:2], *(entry[:2] for entry in client.talk())], "nothing that the client did not see"
            assert not [row for row in rows if row[2] == "streaming" and row[1]]
        except AssertionError as error:
            raise AssertionError(f"interrupted at write {writes}") from error
    assert writes > 20


def assert_cut_off(client: Client, turn_id: str) -> None:
    client.check()
    assert client.complete == [turn_id], "told once"
    events = [event for _, event in client.events]
    cut = next(at for at, event in enumerate(events) if isinstance(event, Interrupted))
    late = [e for e in events[cut:] if isinstance(e, LLMChunk | MessageStarted | MessageResumed | TurnStarted)]
    assert late == []
    assert set(client.status) == set(client.order)
    for message_id in client.order:
        if client.status[message_id] == "interrupted":
            assert client.told[message_id] == client.written.get(message_id, "")


@virtual_time
async def test_interrupted_turn_ends_the_same_after_a_death_at_any_write() -> None:
    writes = 0
    while True:
        writes += 1
        table = await laid()
        turn_id = await table.say(USER[1])
        assert await table.die_after(12), "in the first reply"
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
    table = await laid("Sage")
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
    table = await laid("Luna")
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
    told = "\n".join(message["content"] for message in table.model.requests[-1])
    assert "Vega" not in told
    assert luna == reply_id(turn_id, (await table.store.characters())[0].id)


@virtual_time
async def test_reply_without_a_receipt_is_unheard_if_the_client_sends_receipts() -> None:
    table = await laid("Sage")
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
    table = await laid("Sage")
    await table.say("One?")
    await table.work()
    await table.interrupt()
    await table.work()
    assert (await table.rows())[1] == ("Sage", LINES["Sage"], "complete")
    assert not [event for _, event in (await table.client()).events if isinstance(event, MessageHeard)]


@pytest.mark.parametrize("gives_receipts", [True, False])
@virtual_time
async def test_reply_refused_by_an_interruption_is_neither_saved_nor_shown(
    gives_receipts: bool,  # noqa: FBT001 - pytest gives it by name
) -> None:
    table = await laid("Luna", "Rex")
    table.model.word_s = 0.0
    await table.say("Rex, hello")
    await table.work()
    if gives_receipts:
        await table.played((await table.client()).order[0], 9, 9)
    await table.bus.transact(table.conversation_id, [], talk=False)  # it was heard to its end
    await table.say("Luna, hello")
    table.store.delay_s = 1.0  # meanwhile all of the reply arrives
    table.bus.latency_s = 0.1
    answering = asyncio.create_task(table.work())
    await asyncio.sleep(1.05)  # the row is saved, the writes of the reply are on their way
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
        table = await laid("Luna")
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
async def test_failure_before_the_first_token_is_retried_unseen() -> None:
    table = await laid()
    table.model.acts = [BreakAfter(0), BreakAfter(0)]
    await table.say(USER[1])
    await table.work()
    assert_whole(await table.client())


@pytest.mark.parametrize("words", [1, 3, 4, 10, 17, 18])
@virtual_time
async def test_broken_stream_is_continued_behind_the_last_sentence(words: int) -> None:
    table = await laid()
    table.model.acts = [BreakAfter(words)]
    await table.say(USER[1])
    await table.work()
    assert_whole(await table.client())
    assert await table.rows() == [USER, LUNA, REX]


@virtual_time
async def test_progress_between_failures_resets_the_retry_count() -> None:
    table = await laid("Luna")
    table.model.acts = [BreakAfter(7) for _ in range(3)]  # a sentence each time
    await table.say("Hello")
    await table.work()
    assert (await table.client()).talk() == [LUNA]


@virtual_time
async def test_model_failure_ends_the_turn_and_the_next_is_answered() -> None:
    table = await laid()
    table.model.acts = [BreakAfter(0, FATAL)]
    turn_id = await table.say(USER[1])
    await table.work()
    client = await table.client()
    assert [(error.code, error.turn_id, error.message_id) for error in client.errors] == [("llm_auth", turn_id, "")]
    assert (client.order, client.complete) == ([], [turn_id])
    await table.say(USER[1])
    await table.work()
    assert (await table.client()).talk() == [LUNA, REX]


@virtual_time
async def test_model_failure_in_mid_reply_keeps_the_text_and_ends_speech() -> None:
    table = await laid()
    table.model.acts = [BreakAfter(6, FATAL)]
    turn_id = await table.say(USER[1])
    await table.work()
    client = await table.client()
    client.check()
    said = "Hello there, Jay. "
    assert client.talk() == [("Luna", said, "failed")]
    assert client.errors[0].message_id == client.order[0]
    assert client.complete == [turn_id]
    assert await table.rows() == [USER, ("Luna", said, "failed")]


@pytest.mark.parametrize("words", [0, 6])
@virtual_time
async def test_failed_turn_stays_failed_after_a_takeover(words: int) -> None:
    writes, expected = 0, None
    while True:
        writes += 1
        table = await laid()
        table.model.acts = [BreakAfter(words, FATAL), BreakAfter(0, FATAL)]
        await table.say(USER[1])
        died = await table.die_after(writes)
        if died:
            await table.work()
        client = await table.client()
        client.check()
        ends = ([status for _, _, status in client.talk()], [row[2] for row in await table.rows()])
        if not client.errors:
            continue
        assert len(client.complete) >= 1
        assert "complete" not in ends[0]
        assert ends[1] == ["complete", "failed"], f"after a death at write {writes}"
        expected = ends
        if not died:
            break
    assert expected is not None


@pytest.mark.parametrize("text", ["", "   ", "<Luna></Luna>", "<Rex>It is my turn!</Rex>"])
@virtual_time
async def test_empty_reply_is_retried(text: str) -> None:
    table = await laid()
    table.model.acts = [Say(text)]
    await table.say(USER[1])
    await table.work()
    assert_whole(await table.client())


@virtual_time
async def test_reply_that_equals_the_speakers_name_is_kept() -> None:
    table = await laid("Luna")
    table.model.acts = [Say("Luna")]
    await table.say("What is your name?")
    await table.work()
    assert (await table.client()).talk() == [("Luna", "Luna", "complete")]
    assert len(table.model.requests) == 1


@virtual_time
async def test_repeated_empty_replies_fail_the_turn() -> None:
    table = await laid("Luna")
    table.model.acts = [Say("") for _ in range(3)]
    await table.say("Hello")
    await table.work()
    client = await table.client()
    assert [error.code for error in client.errors] == ["llm_unavailable"]
    assert await table.rows() == [("Jay", "Hello", "complete"), ("Luna", "", "failed")]


@virtual_time
async def test_text_for_another_character_is_cut() -> None:
    table = await laid()
    table.model.acts = [Say(f"{LINES['Luna']} <Rex>Woof, says the model.</Rex>")]
    await table.say(USER[1])
    await table.work()
    client = await table.client()
    client.check()
    assert "model" not in "".join(text for _, text, _ in client.talk())


@virtual_time
async def test_message_started_comes_after_the_row_is_saved() -> None:
    table = await laid()
    handler = await table.worker()
    table.store.delay_s = 1.0
    seen: list[tuple[str, bool]] = []
    events = table.bus.follow(table.bus.keys.events(table.conversation_id))

    async def watch() -> None:
        while True:
            for entry in await events.read():
                event = decode_event(entry.fields)
                if isinstance(event, MessageStarted):
                    seen.append((event.character_name, event.message_id in table.tables.messages))

    await table.say(USER[1])
    watching = asyncio.create_task(watch())
    await handler.handle(await table.claimed())
    watching.cancel()
    assert seen == [("Luna", True), ("Rex", True)]


@virtual_time
async def test_turn_without_active_characters_is_an_error_and_complete() -> None:
    table = Table()
    await table.set("Nobody")
    turn_id = await table.say("Hello?")
    await table.work()
    client = await table.client()
    assert [error.code for error in client.errors] == ["no_characters"]
    assert client.complete == [turn_id]
    assert await table.rows() == [("Jay", "Hello?", "complete")]


@virtual_time
async def test_conversation_deleted_in_mid_turn_stays_deleted() -> None:
    table = await laid("Luna")
    await table.say("Hello")
    job = asyncio.create_task(table.work())
    await asyncio.sleep(0.1)
    await table.store.delete_conversation(table.conversation_id)
    await job
    client = await table.client()
    assert client.talk() == [LUNA]
    assert await table.rows() == []


@virtual_time
async def test_turns_continue_after_deletion_before_settling() -> None:
    table = await laid("Luna")
    await table.say("Hello")
    await table.work()
    await table.played((await table.client()).order[0], 1, 0)
    await table.store.delete_conversation(table.conversation_id)
    await table.interrupt()
    await table.work()
    await table.say("Still there?")
    await table.work()
    assert (await table.client()).talk()[1] == LUNA


@virtual_time
async def test_unreadable_turn_is_dead_lettered_and_the_next_answered() -> None:
    table = await laid("Sage")
    outlet = table.bus.outlet()
    outlet.append(table.bus.keys.turns(table.conversation_id), Work(table.conversation_id))
    await outlet.flush()
    await table.say("Hello")
    await table.work()
    client = await table.client()
    assert [error.code for error in client.errors] == ["bad_turn"]
    assert client.talk() == [("Sage", LINES["Sage"], "complete")]
    (letter,) = [decode(DeadLetter, entry.fields) for entry in await table.bus.read(table.bus.keys.dead())]
    assert (letter.stage, letter.conversation_id, letter.turn_id) == ("llm", table.conversation_id, "")
    assert scraped(table.metrics).of("tertulia_dead_letters_total", stage="llm") == 1


@virtual_time
async def test_turn_with_an_invalid_id_is_dead_lettered() -> None:
    table = await laid("Sage")
    await table.say("Hello", turn_id="not-a-uuid")
    await table.work()
    assert [error.code for error in (await table.client()).errors] == ["bad_turn"]
    (letter,) = [decode(DeadLetter, entry.fields) for entry in await table.bus.read(table.bus.keys.dead())]
    assert letter.turn_id == "not-a-uuid"


@virtual_time
async def test_pointer_without_a_conversation_is_bad_work() -> None:
    table = await laid()
    await table.bus.post("llm", Work("nonsense"))
    with pytest.raises(BadWork, match="UUID"):
        await (await table.worker()).handle(await table.claimed())
    assert table.claim is not None
    assert await (await table.worker()).give_up(table.claim, "bad") == ""


@virtual_time
async def test_second_pointer_to_an_owned_conversation_is_ignored() -> None:
    table = await laid("Sage")
    await table.say("Hello")
    handler = await table.worker()
    job = asyncio.create_task(handler.handle(await table.claimed()))
    await asyncio.sleep(0.02)
    await table.bus.post("llm", Work(table.conversation_id))
    await handler.handle(await table.claimed())
    assert not job.done()
    await job
    assert len(table.model.requests) == 1


@virtual_time
async def test_given_up_turn_ends_its_replies_and_the_cursor_moves_on() -> None:
    table = await laid()
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
    table = await laid("Luna")
    turn_id = await table.say("Hello")
    assert await table.die_after(3)
    await (await table.worker()).give_up(await table.claimed(), "no luck")
    luna = reply_id(turn_id, (await table.store.characters())[0].id)
    entries = await table.bus.read(table.bus.keys.sentences(table.conversation_id, luna))
    assert [decode(TTSSentence, entry.fields).is_final for entry in entries] == [True]


@virtual_time
async def test_giving_up_ends_one_turn_only() -> None:
    table = await laid("Sage")
    first = await table.say("One?")
    await table.say("Two?")
    handler = await table.worker()
    claim = await table.claimed()
    assert await handler.give_up(claim, "no luck") == first
    await table.bus.finish(claim, "worker")
    while await table.bus.open_work("llm"):
        await table.work()
    assert (await table.client()).talk() == [("Sage", LINES["Sage"], "complete")]


@virtual_time
async def test_user_row_is_saved_after_a_lost_connection() -> None:
    table = await laid("Sage")
    handler = await table.worker()
    await table.say("Zero")
    await table.work()
    await table.say("Hello")
    claim = await table.claimed()
    table.store.delay_s = 1.0
    job = asyncio.create_task(handler.handle(claim))
    await asyncio.sleep(0)
    table.bus.break_connection()
    with pytest.raises(BusUnavailable):
        await job
    table.orphaned = True
    table.bus.restore_connection()
    table.store.delay_s = 0.0
    await table.work()  # the same process
    assert [row[:2] for row in await table.rows()][2:] == [("Jay", "Hello"), ("Sage", LINES["Sage"])]


@virtual_time
async def test_handler_raises_nothing_on_an_interruption() -> None:
    table = await laid("Sage")
    await table.say("One?")
    job = asyncio.create_task(table.work())
    await asyncio.sleep(0.03)
    await table.interrupt()
    try:
        await job
    except Stale:  # pragma: no cover
        pytest.fail("an interruption is no failure")


@virtual_time
async def test_turns_continue_while_the_store_is_away() -> None:
    table = await laid("Sage")
    await table.say("One?")
    await table.work()
    table.store.away = True
    for words in ("Two?", "Three?"):
        await table.say(words)
        await table.work()
    client = await table.client()
    assert client.talk() == [("Sage", LINES["Sage"], "complete")] * 3
    assert {warning.code for warning in client.warnings} == {"store_unavailable"}
    assert client.errors == []
    assert len(await table.rows()) == 2
    table.store.away = False
    await table.say("Four?")
    await table.work()
    said = [(speaker, text) for speaker, text, _ in await table.rows()]
    assert said == [pair for words in ("One?", "Two?", "Three?", "Four?") for pair in (("Jay", words), SAGE)]
    assert f"<Sage>{LINES['Sage']}</Sage>" in table.model.requests[-1][-2]["content"]


@virtual_time
async def test_waiting_rows_outlive_their_worker_and_need_no_further_turn() -> None:
    table = await laid("Sage")
    await table.say("One?")
    await table.worker()
    table.store.away = True
    await table.work()
    assert await table.rows() == []
    assert (await table.waiting())[0] == ("conversation", "")
    assert ("message", LINES["Sage"]) in await table.waiting()
    table.handler = None  # the store is back, and another process finds it so
    await table.drain()
    assert await table.rows() == [("Jay", "One?", "complete"), ("Sage", LINES["Sage"], "complete")]
    assert len(table.model.requests) == 1
    assert await table.waiting() == []


@virtual_time
async def test_client_is_warned_once_per_store_outage() -> None:
    table = await laid("Luna", "Rex")
    for round_ in (1, 2):
        await table.worker()
        table.store.away = True
        for words in ("Luna and Rex?", "And now?"):
            await table.say(words)
            await table.work()
        await table.worker()  # another one takes over
        table.store.away = True
        await table.say("Still there?")
        await table.work()
        assert [warning.code for warning in (await table.client()).warnings] == ["store_unavailable"] * round_
        table.handler = None
        await table.drain()
        await table.say("And back?")
        await table.work()
    assert len(await table.rows()) == 2 * 4 * 3


@virtual_time
async def test_silent_store_delays_one_turn_by_its_patience() -> None:
    table = await laid("Sage")
    await table.worker()
    table.store.delay_s = 3600.0
    times: list[float] = []
    for words in ("One?", "Two?", "Three?"):
        begun = now()
        await table.say(words)
        handler = table.handler
        assert handler is not None
        claim = await table.claimed()
        await handler.handle(claim)
        await table.bus.finish(claim, "worker")
        times.append(now() - begun)
    assert table.settings.store_patience_s <= times[0] < table.settings.store_patience_s + 1
    assert max(times[1:]) < 0.5
    assert len((await table.client()).warnings) == 1
    await table.drain()
    assert [row[1] for row in await table.rows()][::2] == ["One?", "Two?", "Three?"]


@virtual_time
async def test_new_worker_reads_the_history_from_the_streams() -> None:
    table = await laid("Sage")
    await table.say("One?")
    await table.work()
    await table.say("Two?")
    await table.worker()
    table.store.away = True
    await table.work()
    assert len((await table.client()).talk()) == 2
    told = [message["content"] for message in table.model.requests[-1]]
    assert told[1:] == ["One?", f"<Sage>{LINES['Sage']}</Sage>", "Two?"]
    table.store.away = False
    await table.say("Three?")
    await table.work()
    assert [text for _, text, _ in await table.rows()] == [
        text for words in ("One?", "Two?", "Three?") for text in (words, LINES["Sage"])
    ]
    told = [message["content"] for message in table.model.requests[-1]]
    assert told[1::2] == ["One?", "Two?", "Three?"]


@virtual_time
async def test_heard_text_reaches_the_next_worker_while_the_store_is_away() -> None:
    table = await laid("Luna")
    await table.say("Hello")
    await table.worker()
    table.store.away = True
    await table.work()
    luna = (await table.client()).order[0]
    await table.played(luna, 1, 0)
    await table.interrupt()
    await table.work()
    heard = (await table.client()).heard[luna]
    await table.worker()
    table.store.away = True
    await table.say("And then?")
    await table.work()
    told = "\n".join(message["content"] for message in table.model.requests[-1])
    assert heard.strip() in told
    assert "Vega" not in told
    table.store.away = False
    await table.drain()
    assert (await table.rows())[1] == ("Luna", heard, "interrupted")
