"""Changes of messages that were imported: the first one has the position 0."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tertulia_llm.past import UNKNOWN, UNREADABLE
from tertulia_shared.events import HistoryChanged
from tertulia_shared.ids import new_id
from tertulia_shared.outbox_writes import append_write, message_write
from tests.harness.llm import LINES, Change, LLMBench
from tests.harness.store_records import reply, user_message
from tests.harness.virtual_time import virtual_time
from tests.unit.llm.turn_bench import bench_with


async def imported() -> tuple[LLMBench, str, str]:
    """A conversation of an imported question and an answer, and their ids."""
    bench = await bench_with("Luna")
    id = bench.conversation_id
    luna = await bench.character_id("Luna")
    asked = user_message(id, 0, "Luna, the old question")
    answer = replace(reply(id, 1, "The old answer", "complete"), character_id=luna, character_name="Luna")
    await bench.store.ensure_conversation(id, "Imported")
    await bench.store.save_messages([asked, answer])
    return bench, asked.id, answer.id


async def imported_before_an_outage() -> tuple[LLMBench, str]:
    """An imported conversation with one more turn, during which the store was away, and the id of the imported answer.
    The store is back.
    """
    bench, _, answer = await imported()
    await outage(bench)
    return bench, answer


async def outage(bench: LLMBench) -> None:
    """A new worker answers a turn, during which the store is away."""
    await bench.worker()
    bench.store.away = True
    await bench.say("Luna, what now?")
    await bench.work()
    bench.store.away = False
    await bench.drain()


async def wait_elsewhere(bench: LLMBench) -> None:
    """Put a write of another conversation into the outbox."""
    outlet = bench.bus.outlet()
    append_write(outlet, bench.bus.keys.store(), message_write(user_message(new_id(), 0, "elsewhere")))
    await outlet.flush()


async def changed(change: Change, *, text: str = "", to: str = "") -> LLMBench:
    """Change the first message, or if it is an answer, the second; then ask once more."""
    bench, asked, answer = await imported()
    turn_id = await bench.change(change, asked if change == "edit" else answer, text=text, to=to)
    await bench.work()
    (told,) = [event for _, event in (await bench.client()).events if isinstance(event, HistoryChanged)]
    assert told.turn_id == turn_id
    assert told.removed == ((asked, answer) if change == "edit" else (answer,))
    await bench.say("Luna, what now?")
    await bench.work()
    return bench


@virtual_time
async def test_first_message_of_an_imported_conversation_is_edited() -> None:
    bench = await changed("edit", text="Luna, the new question")
    assert [text for _, text, _ in await bench.rows()][:2] == ["Luna, the new question", LINES["Luna"]]
    prompt = "\n".join(message["content"] for message in bench.model.requests[-1])
    assert "new question" in prompt
    assert "old question" not in prompt
    assert "old answer" not in prompt


@virtual_time
async def test_first_message_is_edited_without_an_answer() -> None:
    bench = await changed("edit", text="Just so you know", to="nobody")
    prompt = "\n".join(message["content"] for message in bench.model.requests[-1])
    assert "Just so you know" in prompt
    assert "old answer" not in prompt


@virtual_time
async def test_imported_reply_is_made_again() -> None:
    bench = await changed("again")
    assert [text for _, text, _ in await bench.rows()][:2] == ["Luna, the old question", LINES["Luna"]]


@virtual_time
async def test_imported_reply_is_deleted_after_the_store_was_away() -> None:
    bench, answer = await imported_before_an_outage()
    await bench.change("delete", answer)
    await bench.work()
    assert (await bench.client()).errors == []
    texts = ["Luna, the old question", "Luna, what now?", LINES["Luna"]]
    assert [text for _, text, _ in await bench.rows()] == texts


@virtual_time
async def test_message_is_changed_after_an_outage_of_the_store_although_another_conversation_has_writes_that_wait() -> (
    None
):
    bench, answer = await imported_before_an_outage()
    await wait_elsewhere(bench)
    await bench.change("delete", answer)
    await bench.work()
    assert (await bench.client()).errors == []
    texts = ["Luna, the old question", "Luna, what now?", LINES["Luna"]]
    assert [text for _, text, _ in await bench.rows()] == texts


@pytest.mark.parametrize("waits", [True, False], ids=["a write waits", "nothing waits"])
@virtual_time
async def test_reply_is_made_again_after_redis_lost_its_data_and_the_store_was_away(*, waits: bool) -> None:
    bench, _, answer = await imported()
    await bench.change("again", answer)
    await bench.work()
    second = (await bench.client()).order[-1]
    await outage(bench)
    keys, id = bench.bus.keys, bench.conversation_id
    await bench.bus.delete([keys.state(id), keys.events(id), keys.turns(id)])
    if waits:
        await wait_elsewhere(bench)
    await bench.change("again", second)
    await bench.work()
    client = await bench.client()
    assert client.errors == []
    assert client.groups[answer] == [answer, second, client.order[-1]]


@virtual_time
async def test_refused_change_says_that_the_database_is_away() -> None:
    bench, answer = await imported_before_an_outage()
    bench.store.away = True
    await bench.change("delete", answer)
    await bench.work()
    assert [error.message for error in (await bench.client()).errors] == [UNREADABLE]
    bench.store.away = False
    await bench.drain()
    await bench.change("delete", new_id())
    await bench.work()
    assert [error.message for error in (await bench.client()).errors] == [UNREADABLE, UNKNOWN]


@virtual_time
async def test_first_prompt_after_the_store_was_away_has_the_imported_messages() -> None:
    bench, _ = await imported_before_an_outage()
    await bench.say("Luna, and then?")
    await bench.work()
    prompt = "\n".join(message["content"] for message in bench.model.requests[-1])
    assert [words in prompt for words in ("old question", "old answer", "what now", "and then")] == [True] * 4
