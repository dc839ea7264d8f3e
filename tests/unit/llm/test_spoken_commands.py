"""Turns that are spoken commands: a reply said again or made again, a message taken back."""

from __future__ import annotations

import pytest

from tertulia_llm.settings import LLMSettings
from tertulia_shared.events import HistoryChanged
from tests.harness.llm import LINES, Client, LLMBench, Say
from tests.harness.settings_of import settings_of
from tests.harness.virtual_time import virtual_time
from tests.unit.llm.spoken_turns import spoken
from tests.unit.llm.turn_bench import bench_with

ASK = "Luna, hello"
NEW = "I could say it like this."


async def laid_bench(*, is_played: bool = True) -> LLMBench:
    """A conversation in which Luna has answered, and then Rex. `is_played`: the client has played everything."""
    bench = await bench_with()
    await bench.say(ASK)
    await bench.work()
    await bench.say("Rex, and you?")
    await bench.work()
    if is_played:
        await bench.bus.transact(bench.conversation_id, [], talk=False)
    return bench


async def say(bench: LLMBench, words: str, *, tentative: bool = False) -> str:
    turn = spoken(bench, words, tentative=tentative)
    await turn.accept()
    return turn.turn.turn_id


async def texts(bench: LLMBench) -> list[str]:
    return [text for _, text, _ in await bench.rows()]


async def check(bench: LLMBench) -> Client:
    """Check that the client shows exactly what the store has."""
    client = await bench.client()
    assert [*client.table.values()] == await texts(bench)
    return client


@pytest.mark.parametrize(("words", "name"), [("Say that again, please.", "Rex"), ("Luna, say that again.", "Luna")])
@virtual_time
async def test_reply_is_said_again_without_the_model_and_without_the_users_words(words: str, name: str) -> None:
    bench = await laid_bench()
    asked = len(bench.model.requests)
    await say(bench, words)
    await bench.work()
    assert (await bench.rows())[4:] == [(name, LINES[name], "complete")]
    assert len(bench.model.requests) == asked
    client = await check(bench)
    assert client.speech()[-1] == LINES[name]


@virtual_time
async def test_whole_reply_is_said_again_that_the_user_interrupted() -> None:
    bench = await laid_bench(is_played=False)
    rex = (await bench.client()).order[-1]
    await bench.played(rex, 0, 0)
    await bench.interrupt()
    await bench.work()
    assert (await texts(bench))[-1] != LINES["Rex"]
    await say(bench, "Say that again")
    await bench.work()
    assert (await texts(bench))[-1] == LINES["Rex"]


@virtual_time
async def test_reply_is_made_again_as_a_new_version() -> None:
    bench = await laid_bench()
    bench.model.acts = [Say(NEW)]
    await say(bench, "Luna, can you say that differently?")
    await bench.work()
    assert await texts(bench) == [ASK, NEW]
    assert [text for _, text in await bench.set_aside()] == [LINES["Luna"], "Rex, and you?", LINES["Rex"]]
    assert "differently" not in str(bench.model.requests[-1])
    await check(bench)


@virtual_time
async def test_last_message_is_taken_back_with_its_replies_and_can_come_back() -> None:
    bench = await laid_bench()
    first = (await bench.client()).order
    await say(bench, "Scratch that.")
    await bench.work()
    assert await texts(bench) == [ASK, LINES["Luna"], ""]
    client = await check(bench)
    assert client.errors == []
    old = next(iter(client.groups.values()))[0]
    await bench.say("Luna, what now?")
    await bench.work()
    prompt = str(bench.model.requests[-1])
    assert "and you?" not in prompt
    assert "cratch" not in prompt
    await bench.change("choose", old)
    await bench.work()
    assert await texts(bench) == [ASK, LINES["Luna"], "Rex, and you?", LINES["Rex"]]
    assert len(first) == 2


@pytest.mark.parametrize("words", ["Say that again.", "Luna, say that differently.", "Scratch that."])
@virtual_time
async def test_command_is_obeyed_once_although_the_worker_dies_after_any_write(words: str) -> None:
    whole = await laid_bench()
    await say(whole, words)
    await whole.work()
    writes = 0
    while True:
        writes += 1
        bench = await laid_bench()
        await say(bench, words)
        if not await bench.die_after(writes):
            break
        await bench.work()
        assert await texts(bench) == await texts(whole)
        await check(bench)
    assert writes > 2


@pytest.mark.parametrize("words", ["Say that again.", "Luna, say that differently.", "Scratch that."])
@virtual_time
async def test_tentative_command_is_obeyed_when_it_is_confirmed(words: str) -> None:
    whole = await laid_bench()
    await say(whole, words)
    await whole.work()

    bench = await laid_bench()
    before = await texts(bench)
    turn = spoken(bench, words.rstrip("."), tentative=True)
    await turn.accept()
    await turn.go_on(f"{words.rstrip('.')} is what I said to my sister, Luna")
    await bench.work()
    assert (await texts(bench))[: len(before)] == before

    bench = await laid_bench()
    turn = spoken(bench, words, tentative=True)
    await turn.accept()
    await turn.confirm()
    await bench.work()
    assert await texts(bench) == await texts(whole)
    await check(bench)


@virtual_time
async def test_what_was_replaced_comes_back_if_the_user_goes_on_before_any_sound() -> None:
    bench = await laid_bench()
    before = await texts(bench)
    turn = spoken(bench, "Luna, say that differently")
    await turn.accept()
    await bench.work()
    assert await texts(bench) != before
    await turn.reopen()
    await turn.go_on("Luna, say that differently, I begged my sister")
    await bench.work()
    assert (await texts(bench))[: len(before)] == before
    changes = [event for _, event in (await bench.client()).events if isinstance(event, HistoryChanged)]
    assert changes[-1].reload


@pytest.mark.parametrize("words", ["Say that again.", "Sage, say that again.", "Scratch that."])
@virtual_time
async def test_command_without_a_message_that_it_could_mean_is_a_message(words: str) -> None:
    bench = await bench_with()
    await say(bench, words)
    await bench.work()
    assert (await texts(bench))[0] == words


@virtual_time
async def test_typed_words_and_those_of_a_table_without_commands_are_messages() -> None:
    bench = await laid_bench()
    await bench.say("Say that again.")
    await bench.work()
    assert "Say that again." in await texts(bench)

    bench = await laid_bench()
    bench.settings = settings_of(LLMSettings, llm_spoken_commands=False)
    bench.handler = None
    await say(bench, "Scratch that.")
    await bench.work()
    assert "Scratch that." in await texts(bench)
