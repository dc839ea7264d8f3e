"""Turns while the store is unavailable: rows wait, the client is warned once, the streams provide the history."""

from __future__ import annotations

import asyncio

import pytest

from tertulia_llm.settings import LLMSettings
from tertulia_llm.turn_handler import LAST_RECEIPT_S
from tests.harness.llm import LINES
from tests.harness.settings_of import settings_of
from tests.harness.virtual_time import now, virtual_time
from tests.unit.llm.spoken_turns import spoken
from tests.unit.llm.turn_bench import SAGE, bench_with


@pytest.mark.parametrize("redis_latency_s", [0.0, 0.1])
@virtual_time
async def test_turns_continue_while_the_store_is_unavailable(redis_latency_s: float) -> None:
    bench = await bench_with("Sage")
    bench.bus.latency_s = redis_latency_s
    await bench.say("One?")
    await bench.work()
    bench.store.away = True
    for words in ("Two?", "Three?"):
        await bench.say(words)
        await bench.work()
    client = await bench.client()
    assert client.talk() == [("Sage", LINES["Sage"], "complete")] * 3
    assert [warning.code for warning in client.warnings] == ["store_unavailable"]
    assert client.errors == []
    assert len(await bench.rows()) == 2
    bench.store.away = False
    await bench.say("Four?")
    await bench.work()
    said = [(speaker, text) for speaker, text, _ in await bench.rows()]
    assert said == [pair for words in ("One?", "Two?", "Three?", "Four?") for pair in (("Jay", words), SAGE[:2])]
    assert f"<Sage>{LINES['Sage']}</Sage>" in bench.model.requests[-1][-2]["content"]


@virtual_time
async def test_client_is_warned_if_the_only_write_to_the_store_follows_an_interruption() -> None:
    bench = await bench_with("Sage")
    bench.bus.latency_s = 0.1  # the warning must be in Redis before the turns are released
    await bench.worker()
    bench.store.away = True
    await bench.say("One?")
    await bench.interrupt()
    await bench.work()
    assert [warning.code for warning in (await bench.client()).warnings] == ["store_unavailable"]


@virtual_time
async def test_client_is_warned_if_the_only_write_to_the_store_follows_a_confirmation() -> None:
    bench = await bench_with("Sage")
    bench.settings = settings_of(LLMSettings, think_ahead="on")
    bench.bus.latency_s = 0.1
    await bench.worker()
    bench.store.away = True
    turn = spoken(bench, tentative=True)
    await turn.accept()
    working = asyncio.create_task(bench.work())
    await asyncio.sleep(5)
    assert (await bench.client()).talk() == [SAGE]
    await turn.confirm()
    await working
    assert [warning.code for warning in (await bench.client()).warnings] == ["store_unavailable"]


@virtual_time
async def test_rows_that_wait_when_their_worker_stops_are_saved_by_the_next_process() -> None:
    bench = await bench_with("Sage")
    await bench.say("One?")
    await bench.worker()
    bench.store.away = True
    await bench.work()
    assert await bench.rows() == []
    assert (await bench.waiting())[0] == ("conversation", "")
    assert ("message", LINES["Sage"]) in await bench.waiting()
    bench.handler = None  # the store is available again, and a new process starts
    await bench.drain()
    assert await bench.rows() == [("Jay", "One?", "complete"), ("Sage", LINES["Sage"], "complete")]
    assert len(bench.model.requests) == 1
    assert await bench.waiting() == []


@virtual_time
async def test_client_is_warned_once_per_store_outage() -> None:
    bench = await bench_with("Luna", "Rex")
    for round_ in (1, 2):
        await bench.worker()
        bench.store.away = True
        for words in ("Luna and Rex?", "And now?"):
            await bench.say(words)
            await bench.work()
        await bench.worker()  # another worker takes the conversation over
        bench.store.away = True
        await bench.say("Still there?")
        await bench.work()
        assert [warning.code for warning in (await bench.client()).warnings] == ["store_unavailable"] * round_
        bench.handler = None
        await bench.drain()
        await bench.say("And back?")
        await bench.work()
    assert len(await bench.rows()) == 2 * 4 * 3


@virtual_time
async def test_store_that_does_not_answer_delays_only_one_turn_and_no_longer_than_the_patience_setting() -> None:
    bench = await bench_with("Sage")
    await bench.worker()
    bench.store.delay_s = 3600.0
    times: list[float] = []
    for words in ("One?", "Two?", "Three?"):
        begun = now()
        await bench.say(words)
        handler = bench.handler
        assert handler is not None
        claim = await bench.claimed()
        await handler.handle(claim)
        await bench.bus.finish(claim, "worker")
        times.append(now() - begun)
    assert bench.settings.store_patience_s <= times[0] < bench.settings.store_patience_s + 1
    assert max(times[1:]) < 0.5
    assert len((await bench.client()).warnings) == 1
    await bench.drain()
    assert [row[1] for row in await bench.rows()][::2] == ["One?", "Two?", "Three?"]


@virtual_time
async def test_new_worker_rebuilds_the_history_from_the_streams() -> None:
    bench = await bench_with("Sage")
    await bench.say("One?")
    await bench.work()
    await bench.say("Two?")
    await bench.worker()
    bench.store.away = True
    await bench.work()
    assert len((await bench.client()).talk()) == 2
    prompt = [message["content"] for message in bench.model.requests[-1]]
    assert prompt[1:] == ["One?", f"<Sage>{LINES['Sage']}</Sage>", "Two?"]
    bench.store.away = False
    await bench.say("Three?")
    await bench.work()
    assert [text for _, text, _ in await bench.rows()] == [
        text for words in ("One?", "Two?", "Three?") for text in (words, LINES["Sage"])
    ]
    prompt = [message["content"] for message in bench.model.requests[-1]]
    assert prompt[1::2] == ["One?", "Two?", "Three?"]


@virtual_time
async def test_next_workers_prompt_has_the_heard_text_while_the_store_is_unavailable() -> None:
    bench = await bench_with("Luna")
    await bench.say("Hello")
    await bench.worker()
    bench.store.away = True
    await bench.work()
    luna = (await bench.client()).order[0]
    await bench.played(luna, 1, 0)
    await bench.interrupt()
    await bench.work()
    heard = (await bench.client()).heard[luna]
    await bench.worker()
    bench.store.away = True
    await bench.say("And then?")
    await bench.work()
    prompt = "\n".join(message["content"] for message in bench.model.requests[-1])
    assert heard.strip() in prompt
    assert "Vega" not in prompt
    bench.store.away = False
    await bench.drain()
    assert (await bench.rows())[1] == ("Luna", heard, "interrupted")


@virtual_time
async def test_unfinished_sentence_is_unheard_if_another_worker_settles_the_turn_without_the_store() -> None:
    writes, unfinished = 0, 0
    while True:
        writes += 1
        bench = await bench_with("Luna")
        await bench.say("One?")
        handler = await bench.worker()
        bench.store.away = True
        cut = asyncio.Event()
        bench.writes.after(writes, cut.set)
        answering = asyncio.create_task(handler.handle(await bench.claimed()))
        is_due = asyncio.create_task(cut.wait())
        await asyncio.wait([answering, is_due], return_when=asyncio.FIRST_COMPLETED)
        is_due.cancel()
        if not cut.is_set():
            break
        for message_id in (await bench.client()).order:
            await bench.played(message_id, 0, 0)
        await bench.interrupt()
        await asyncio.sleep(LAST_RECEIPT_S / 2)  # the turn is ended, but it is not settled yet
        answering.cancel()
        await asyncio.wait([answering])
        client = await bench.client()
        if client.status.get(client.order[0] if client.order else "") != "interrupted":
            continue
        luna = client.order[0]
        assert luna not in client.heard
        bench.orphaned = True
        await bench.worker()
        bench.store.away = True
        await bench.work()
        bench.store.away = False
        await bench.drain()
        row = (await bench.store.messages(bench.conversation_id, 10))[1]
        assert (row.id, row.text + row.unheard) == (luna, client.shown[luna]), f"interrupted at write {writes}"
        unfinished += client.shown[luna] != client.written.get(luna, "")
    assert unfinished > 3


@virtual_time
async def test_write_that_follows_a_waiting_one_is_no_outage() -> None:
    bench = await bench_with("Luna")
    asked = await bench.say("Hello")
    await bench.work()
    luna = (await bench.client()).order[0]
    await bench.played(luna, 1, 0)
    await bench.interrupt()
    await bench.change("edit", asked, text="Good evening")
    handler, claim = await bench.worker(), await bench.claimed()
    await handler.handle(claim)
    await bench.bus.finish(claim, "worker")
    waiting = await bench.waiting()
    assert ("message", (await bench.client()).heard[luna]) in waiting
    assert ("version", "Good evening") in waiting
    assert (await bench.client()).warnings == []
    await bench.drain()
    assert [text for _, text, _ in await bench.rows()] == ["Good evening", LINES["Luna"]]
