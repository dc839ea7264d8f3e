"""Turns that change the past: edits, replies that are made again, choices of versions, deletions."""

from __future__ import annotations

import pytest

from tertulia_llm.model.failures import ModelFailed
from tertulia_shared.events import HistoryChanged
from tertulia_shared.ids import new_id
from tests.harness.llm import LINES, BreakAfter, Change, Client, LLMBench, Say
from tests.harness.virtual_time import virtual_time
from tests.unit.llm.turn_bench import LUNA, REX, bench_with

ASK = "Luna, hello"
NEVER = BreakAfter(0, ModelFailed("llm_refused", "No.", retryable=False))


class Table:
    """A conversation in which Luna has answered, and then Rex."""

    def __init__(self, bench: LLMBench) -> None:
        self.bench = bench
        self.first = self.luna = self.second = self.rex = ""

    async def laid(self) -> Table:
        bench = self.bench
        self.first = await bench.say(ASK)
        await bench.work()
        self.second = await bench.say("Rex, and you?")
        await bench.work()
        self.luna, self.rex = (await bench.client()).order
        return self

    async def prompt(self, words: str = "Luna, what now?") -> str:
        """Let Luna answer once more, and return her prompt."""
        await self.bench.say(words)
        await self.bench.work()
        return "\n".join(message["content"] for message in self.bench.model.requests[-1])


async def laid_table() -> Table:
    return await Table(await bench_with()).laid()


async def check(bench: LLMBench) -> Client:
    """Check that the client shows exactly what the store has."""
    client = await bench.client()
    assert [*client.table.values()] == [text for _, text, _ in await bench.rows()]
    assert len(set(client.complete)) == len(client.complete), "a turn has ended twice"
    return client


@virtual_time
async def test_edited_message_takes_the_place_of_the_old_one_and_of_what_followed() -> None:
    table = await laid_table()
    bench = table.bench
    bench.model.acts = [Say("Good evening.")]
    edited = await bench.change("edit", table.first, text="Luna, good evening")
    await bench.work()
    rows = [("Jay", "Luna, good evening", "complete"), ("Luna", "Good evening.", "complete")]
    assert await bench.rows() == rows
    assert [text for _, text in await bench.set_aside()] == [ASK, LINES["Luna"], "Rex, and you?", LINES["Rex"]]
    client = await check(bench)
    assert client.groups == {table.first: [table.first, edited], edited: [table.first, edited]}
    prompt = await table.prompt()
    assert "Good evening." in prompt
    assert "hello" not in prompt
    assert "<Rex>" not in prompt


@virtual_time
async def test_edited_message_may_get_no_answer() -> None:
    table = await laid_table()
    await table.bench.change("edit", table.second, text="Never mind", to="nobody")
    await table.bench.work()
    assert [text for _, text, _ in await table.bench.rows()] == [ASK, LINES["Luna"], "Never mind"]
    await check(table.bench)


@virtual_time
async def test_reply_is_made_again_from_the_same_prompt_with_another_seed() -> None:
    table = await laid_table()
    bench = table.bench
    bench.model.acts = [Say("Hi!")]
    await bench.change("again", table.luna)
    await bench.work()
    assert await bench.rows() == [("Jay", ASK, "complete"), ("Luna", "Hi!", "complete")]
    first, again = bench.model.requests[0], bench.model.requests[-1]
    assert again == first
    assert bench.model.seeds[-1] != bench.model.seeds[0]
    client = await check(bench)
    assert len(client.groups[table.luna]) == 2
    assert client.speech()[-1] == "Hi!", "the new version is spoken"


@virtual_time
async def test_another_character_answers_in_place_of_a_reply() -> None:
    table = await laid_table()
    await table.bench.change("again", table.luna, to=await table.bench.character_id("Rex"))
    await table.bench.work()
    assert await table.bench.rows() == [("Jay", ASK, "complete"), REX]
    await check(table.bench)


@virtual_time
async def test_speaker_of_a_reply_goes_on_and_what_followed_is_set_aside() -> None:
    table = await laid_table()
    bench = table.bench
    bench.model.acts = [Say("And Deneb.")]
    await bench.change("after", table.luna)
    await bench.work()
    assert await bench.rows() == [("Jay", ASK, "complete"), LUNA, ("Luna", "And Deneb.", "complete")]
    assert "Luna goes on" in bench.model.requests[-1][-1]["content"]
    assert [text for _, text in await bench.set_aside()] == ["Rex, and you?", LINES["Rex"]]
    await check(bench)
    bench.model.acts = [Say("And Altair.")]
    await bench.change("after", (await bench.client()).order[-1])
    await bench.work()
    assert [text for _, text, _ in await bench.rows()][-2:] == ["And Deneb.", "And Altair."]
    await check(bench)


@virtual_time
async def test_chosen_version_comes_back_with_what_followed_it() -> None:
    table = await laid_table()
    bench = table.bench
    before = await bench.rows()
    bench.model.acts = [Say("Hi!")]
    await bench.change("again", table.luna)
    await bench.work()
    (new,) = set((await bench.client()).groups[table.luna]) - {table.luna}
    await bench.change("choose", table.luna)
    await bench.work()
    assert await bench.rows() == before
    await check(bench)
    prompt = await table.prompt()
    assert LINES["Rex"] in prompt
    assert "Hi!" not in prompt
    await bench.change("choose", new)
    await bench.work()
    assert [text for _, text, _ in await bench.rows()] == [ASK, "Hi!"]
    client = await check(bench)
    assert client.groups[table.luna] == [table.luna, new]
    assert "Hi!" in await table.prompt()


@virtual_time
async def test_deleted_message_is_no_longer_remembered_and_the_others_stay() -> None:
    table = await laid_table()
    await table.bench.change("delete", table.luna)
    await table.bench.work()
    assert [text for _, text, _ in await table.bench.rows()] == [ASK, "Rex, and you?", LINES["Rex"]]
    await check(table.bench)
    assert LINES["Luna"] not in await table.prompt()


@pytest.mark.parametrize("change", ["edit", "again", "after", "choose", "delete"])
@virtual_time
async def test_unknown_message_is_an_error_and_changes_nothing(change: Change) -> None:
    table = await laid_table()
    before = await table.bench.rows()
    turn_id = await table.bench.change(change, new_id(), text="New text" if change == "edit" else "")
    await table.bench.work()
    client = await check(table.bench)
    assert [(error.code, error.turn_id) for error in client.errors] == [("message_unknown", turn_id)]
    assert client.complete[-1] == turn_id
    assert await table.bench.rows() == before
    assert LINES["Luna"] in await table.prompt()


@virtual_time
async def test_message_of_the_other_kind_cannot_be_edited_or_made_again() -> None:
    table = await laid_table()
    await table.bench.change("edit", table.luna, text="I am Luna")
    await table.bench.change("again", table.first)
    await table.bench.work()
    assert [error.code for error in (await check(table.bench)).errors] == ["message_unknown"] * 2


@pytest.mark.parametrize("redis_latency_s", [0.0, 0.1])
@virtual_time
async def test_old_version_stays_if_the_model_fails(redis_latency_s: float) -> None:
    table = await laid_table()
    before = await table.bench.rows()
    table.bench.model.acts = [NEVER]
    table.bench.bus.latency_s = redis_latency_s  # the model may fail before the plan is in Redis
    await table.bench.change("again", table.luna)
    await table.bench.work()
    assert await table.bench.rows() == before
    assert await table.bench.set_aside() == []
    client = await check(table.bench)
    assert [error.code for error in client.errors] == ["llm_refused"]
    assert LINES["Rex"] in await table.prompt()


@virtual_time
async def test_old_version_stays_if_the_user_interrupts_before_the_first_word() -> None:
    table = await laid_table()
    before = await table.bench.rows()
    await table.bench.change("again", table.luna)
    await table.bench.interrupt()
    await table.bench.work()
    assert await table.bench.rows() == before
    await check(table.bench)
    assert LINES["Rex"] in await table.prompt()


@virtual_time
async def test_deletion_counts_although_the_user_goes_on_at_once() -> None:
    table = await laid_table()
    await table.bench.change("delete", table.luna)
    await table.bench.change("edit", table.second, text="Rex, come here")
    await table.bench.say("Rex, hello")
    await table.bench.work()
    texts = [text for _, text, _ in await table.bench.rows()]
    assert texts == [ASK, "Rex, come here", "Rex, hello", LINES["Rex"]]
    await check(table.bench)


@virtual_time
async def test_repeated_command_has_no_effect() -> None:
    table = await laid_table()
    turn_id = new_id()
    await table.bench.change("again", table.luna, turn_id=turn_id)
    await table.bench.work()
    rows = await table.bench.rows()
    await table.bench.change("again", table.luna, turn_id=turn_id)
    await table.bench.work()
    assert await table.bench.rows() == rows
    assert len(await table.bench.set_aside()) == 3


EXPECTED: dict[Change, tuple[list[str], list[str]]] = {
    "edit": ([ASK, LINES["Luna"], "Rex, come", LINES["Rex"]], ["Rex, and you?", LINES["Rex"]]),
    "again": ([ASK, LINES["Luna"]], [LINES["Luna"], "Rex, and you?", LINES["Rex"]]),
    "after": ([ASK, LINES["Luna"], LINES["Luna"]], ["Rex, and you?", LINES["Rex"]]),
    "choose": ([ASK, LINES["Luna"], "Rex, and you?", LINES["Rex"]], ["Hi!"]),
    "delete": ([ASK, "Rex, and you?", LINES["Rex"]], []),
}
"""The texts at the table, and set aside, after each change."""


async def begun(change: Change) -> Table:
    table = await laid_table()
    if change == "choose":
        table.bench.model.acts = [Say("Hi!")]
        await table.bench.change("again", table.luna)
        await table.bench.work()
    target = table.second if change == "edit" else table.luna
    await table.bench.change(change, target, text="Rex, come" if change == "edit" else "")
    return table


@pytest.mark.parametrize("change", EXPECTED)
@virtual_time
async def test_change_is_completed_if_its_worker_dies_after_any_write(change: Change) -> None:
    writes = 0
    while True:
        writes += 1
        table = await begun(change)
        if not await table.bench.die_after(writes):
            break
        await table.bench.work()
        where = f"after a death at write {writes}"
        at_table, aside = EXPECTED[change]
        assert [text for _, text, _ in await table.bench.rows()] == at_table, where
        assert [text for _, text in await table.bench.set_aside()] == aside, where
        client = await check(table.bench)
        assert client.errors == [], where
        assert sum(event.type == "history_changed" for _, event in client.events) == 1 + (change == "choose"), where
    assert writes > (2 if change in ("choose", "delete") else 8)


@pytest.mark.parametrize("change", EXPECTED)
@virtual_time
async def test_change_is_made_while_the_store_is_away(change: Change) -> None:
    table = await begun(change)
    bench = table.bench
    bench.store.away = True
    await bench.work()
    client = await bench.client()
    assert client.errors == []
    await bench.say("Luna, what now?")
    await bench.work()
    prompt = "\n".join(message["content"] for message in bench.model.requests[-1])
    at_table, aside = EXPECTED[change]
    assert all(text in prompt for text in at_table)
    assert not [text for text in set(aside) - set(at_table) if text in prompt]
    bench.store.away = False
    await bench.drain()
    rows = [text for _, text, _ in await bench.rows()]
    assert rows[: len(at_table)] == at_table
    assert [text for _, text in await bench.set_aside()] == aside
    await check(bench)


@virtual_time
async def test_history_from_the_streams_has_no_message_of_a_deletion_or_of_a_refused_edit() -> None:
    table = await laid_table()
    bench = table.bench
    await bench.change("delete", table.luna)
    await bench.change("edit", new_id(), text="Luna, out of nothing")
    await bench.work()
    bench.store.away = True
    again = await bench.change("again", table.rex)
    await bench.work()
    assert "out of nothing" not in "\n".join(message["content"] for message in bench.model.requests[-1])
    events = [event for _, event in (await bench.client()).events if isinstance(event, HistoryChanged)]
    assert (events[-1].turn_id, events[-1].removed) == (again, (table.rex,))
    bench.store.away = False
    await bench.drain()
    await check(bench)


@virtual_time
async def test_several_versions_are_one_group_after_the_store_was_away() -> None:
    table = await laid_table()
    bench = table.bench
    bench.store.away = True
    reply = table.rex
    for _ in range(3):
        await bench.change("again", reply)
        await bench.work()
        reply = (await bench.client()).order[-1]
    await bench.change("choose", table.rex)
    await bench.work()
    bench.store.away = False
    await bench.drain()
    assert {each.replaces for each in bench.tables.messages.values()} == {""}
    assert {each.message.replaces for each in bench.tables.set_aside.values()} == {table.rex}
    await check(bench)


@virtual_time
async def test_two_changes_at_once_are_not_refused_if_their_worker_dies_after_any_write() -> None:
    writes, died = 0, True
    while died:
        writes += 1
        table = await laid_table()
        await table.bench.change("edit", table.second, text="Rex, come")
        await table.bench.change("delete", table.luna)
        died = await table.bench.die_after(writes)
        await table.bench.work()
        assert [text for _, text, _ in await table.bench.rows()] == [ASK, "Rex, come"], f"after write {writes}"
        assert (await check(table.bench)).errors == [], f"after write {writes}"
    assert writes > 4


@virtual_time
async def test_turn_before_two_changes_is_ended_once_if_its_worker_dies_after_any_write() -> None:
    writes, died = 0, True
    while died:
        writes += 1
        table = await laid_table()
        asked = await table.bench.say("Rex, what now?")
        await table.bench.change("delete", table.luna)
        await table.bench.change("delete", table.rex)
        died = await table.bench.die_after(writes)
        await table.bench.work()
        client = await check(table.bench)
        assert asked in client.complete, f"after write {writes}"
        assert client.errors == [], f"after write {writes}"
    assert writes > 4
