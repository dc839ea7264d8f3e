"""Turns while the store is unavailable: rows wait, the client is warned once, the streams provide the history."""

from __future__ import annotations

from tests.harness.llm import LINES
from tests.harness.virtual_time import now, virtual_time
from tests.unit.llm.turn_bench import SAGE, table_with


@virtual_time
async def test_turns_continue_while_the_store_is_unavailable() -> None:
    table = await table_with("Sage")
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
    assert said == [pair for words in ("One?", "Two?", "Three?", "Four?") for pair in (("Jay", words), SAGE[:2])]
    assert f"<Sage>{LINES['Sage']}</Sage>" in table.model.requests[-1][-2]["content"]


@virtual_time
async def test_waiting_rows_outlive_their_worker_and_need_no_further_turn() -> None:
    table = await table_with("Sage")
    await table.say("One?")
    await table.worker()
    table.store.away = True
    await table.work()
    assert await table.rows() == []
    assert (await table.waiting())[0] == ("conversation", "")
    assert ("message", LINES["Sage"]) in await table.waiting()
    table.handler = None  # the store is back, and a new process starts
    await table.drain()
    assert await table.rows() == [("Jay", "One?", "complete"), ("Sage", LINES["Sage"], "complete")]
    assert len(table.model.requests) == 1
    assert await table.waiting() == []


@virtual_time
async def test_client_is_warned_once_per_store_outage() -> None:
    table = await table_with("Luna", "Rex")
    for round_ in (1, 2):
        await table.worker()
        table.store.away = True
        for words in ("Luna and Rex?", "And now?"):
            await table.say(words)
            await table.work()
        await table.worker()  # another worker takes over
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
    table = await table_with("Sage")
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
    table = await table_with("Sage")
    await table.say("One?")
    await table.work()
    await table.say("Two?")
    await table.worker()
    table.store.away = True
    await table.work()
    assert len((await table.client()).talk()) == 2
    prompt = [message["content"] for message in table.model.requests[-1]]
    assert prompt[1:] == ["One?", f"<Sage>{LINES['Sage']}</Sage>", "Two?"]
    table.store.away = False
    await table.say("Three?")
    await table.work()
    assert [text for _, text, _ in await table.rows()] == [
        text for words in ("One?", "Two?", "Three?") for text in (words, LINES["Sage"])
    ]
    prompt = [message["content"] for message in table.model.requests[-1]]
    assert prompt[1::2] == ["One?", "Two?", "Three?"]


@virtual_time
async def test_heard_text_reaches_the_next_worker_while_the_store_is_unavailable() -> None:
    table = await table_with("Luna")
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
    prompt = "\n".join(message["content"] for message in table.model.requests[-1])
    assert heard.strip() in prompt
    assert "Vega" not in prompt
    table.store.away = False
    await table.drain()
    assert (await table.rows())[1] == ("Luna", heard, "interrupted")
