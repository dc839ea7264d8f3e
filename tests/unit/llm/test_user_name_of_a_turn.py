"""The name of the user in the prompts and the stored rows of a conversation."""

from __future__ import annotations

from tertulia_shared.bus import Put
from tertulia_shared.user_name import state_fields
from tests.harness.llm import LLMBench


async def _name(bench: LLMBench, name: str) -> None:
    """Set the user's name, as the gateway writes it."""
    await bench.bus.transact(
        bench.conversation_id, [Put(bench.bus.keys.state(bench.conversation_id), state_fields(name))]
    )


async def test_characters_get_the_name_of_the_conversation_and_without_one_the_default() -> None:
    bench = LLMBench()
    await bench.set("Luna")
    for name, expected in (("", "Jay"), ("Ana", "Ana"), ("Bo", "Bo"), ("", "Jay")):
        await _name(bench, name)
        await bench.say("Hello?")
        await bench.work()
        assert expected in bench.model.requests[-1][0]["content"]
    rows = [row for row in await bench.store.history(bench.conversation_id, 20) if row.role == "user"]
    assert [row.character_name for row in rows] == ["Jay", "Ana", "Bo", "Jay"]


async def test_name_is_that_of_the_conversation_while_the_store_is_away() -> None:
    bench = LLMBench()
    await bench.set("Luna")
    await _name(bench, "Ana")
    await bench.say("Hello?")
    await bench.work()
    bench.store.away = True
    await bench.say("And now?")
    await bench.work()
    assert "Ana" in bench.model.requests[-1][0]["content"]
