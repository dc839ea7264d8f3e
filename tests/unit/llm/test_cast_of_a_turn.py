"""The characters at the table of a conversation answer its turns, and know only what they heard there."""

from __future__ import annotations

from collections.abc import Sequence

from tertulia_llm.responder import NO_CHARACTER
from tertulia_shared.answering import AnsweringRules
from tertulia_shared.bus import Put
from tertulia_shared.conversation_cast import cast_of, changed
from tertulia_shared.conversation_state import ConversationState
from tertulia_shared.entry_ids import order
from tests.harness.llm import LLMBench
from tests.harness.store_records import character
from tests.harness.virtual_time import virtual_time


async def seat(bench: LLMBench, *names: str, told: bool = False) -> None:
    """Change the seats, as the gateway writes it."""
    bus, id = bench.bus, bench.conversation_id
    seats = [await bench.character_id(name) for name in names]
    present = [each.id for each in await bench.store.characters(active_only=True)]
    last = await bus.last(bus.keys.turns(id))
    before = cast_of(ConversationState(await bus.hash(bus.keys.state(id))))
    now_ms = 0 if last is None else order(last.id)[0] + 1
    cast = changed(before, seats, told=told, present=present, now_ms=now_ms)
    await bus.transact(id, [Put(bus.keys.state(id), cast.fields())])


async def speakers(bench: LLMBench, words: str = "Hello?") -> Sequence[str]:
    """Say it. Returns the names of the characters that answer."""
    turn_id = await bench.say(words)
    await bench.work()
    rows = await bench.store.history(bench.conversation_id, 50)
    return [row.character_name for row in rows if row.turn_id == turn_id and row.role == "character"]


def prompt(bench: LLMBench, name: str) -> str:
    """The last prompt for this character."""
    return next(
        "\n".join(message["content"] for message in request)
        for request in reversed(bench.model.requests)
        if f"You are {name}," in request[0]["content"]
    )


async def test_characters_at_the_table_answer_in_their_order_and_others_do_not() -> None:
    bench = LLMBench()
    await bench.set("Luna", "Rex", "Sage")
    assert await speakers(bench) == ["Luna", "Rex", "Sage"]
    await seat(bench, "Sage", "Luna")
    assert await speakers(bench) == ["Sage", "Luna"]
    assert "other characters: Luna." in prompt(bench, "Sage")


async def test_inactive_character_answers_in_a_conversation_that_it_was_invited_to() -> None:
    bench = LLMBench({"Luna": "Hello.", "Zoe": "Hi!"})
    await bench.set("Luna")
    await bench.store.save_character(character("Zoe", active=False))
    assert await speakers(bench) == ["Luna"]
    await seat(bench, "Luna", "Zoe")
    assert await speakers(bench) == ["Luna", "Zoe"]


async def test_character_that_is_not_at_the_table_cannot_be_addressed() -> None:
    bench = LLMBench()
    await bench.set("Luna", "Rex", "Sage")
    await seat(bench, "Luna", "Sage")
    await bench.set_rules(AnsweringRules("named"))
    assert await speakers(bench, "Rex, what do you say?") == []
    assert await speakers(bench, "Sage, what do you say?") == ["Sage"]


async def test_invited_character_knows_only_what_was_said_since() -> None:
    bench = LLMBench()
    await bench.set("Luna", "Rex", "Sage")
    await seat(bench, "Luna")
    await speakers(bench, "The password is walnut.")
    await seat(bench, "Luna", "Rex")
    await speakers(bench, "Rex, do you know it?")
    assert "walnut" in prompt(bench, "Luna")
    assert "walnut" not in prompt(bench, "Rex")
    assert "do you know it" in prompt(bench, "Rex")


async def test_character_that_was_away_knows_what_it_heard_before_and_after() -> None:
    bench = LLMBench()
    await bench.set("Luna", "Rex")
    await speakers(bench, "My dog is called Otto.")
    await seat(bench, "Luna")
    await speakers(bench, "The password is walnut.")
    await seat(bench, "Luna", "Rex")
    await speakers(bench, "Hello again.")
    assert "Otto" in prompt(bench, "Rex")
    assert "walnut" not in prompt(bench, "Rex")
    assert "Hello again" in prompt(bench, "Rex")


async def test_characters_that_are_told_know_what_was_said_while_they_were_away() -> None:
    bench = LLMBench()
    await bench.set("Luna", "Rex")
    await seat(bench, "Luna")
    await speakers(bench, "The password is walnut.")
    await seat(bench, "Luna", "Rex", told=True)
    await speakers(bench)
    assert "walnut" in prompt(bench, "Rex")


async def test_nobody_answers_at_an_empty_table_and_the_client_is_told_what_to_do() -> None:
    bench = LLMBench()
    await bench.set("Luna")
    await seat(bench)
    assert await speakers(bench) == []
    assert [error.message for error in (await bench.client()).errors] == [NO_CHARACTER]


@virtual_time
async def test_character_that_leaves_during_a_discussion_is_not_asked_again() -> None:
    bench = LLMBench()
    await bench.set("Luna", "Rex", "Sage")
    await seat(bench, "Luna", "Sage")
    await bench.set_rules(AnsweringRules("everyone", discussion=5))
    assert set(await speakers(bench)) == {"Luna", "Sage"}
