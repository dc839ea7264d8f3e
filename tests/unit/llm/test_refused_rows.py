"""Turns whose rows the store refuses or changes: the turns are answered, and the client is warned."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tertulia_shared.ids import new_id
from tertulia_shared.store import InvalidRecord, Message
from tertulia_shared.store.validation import TEXT_MAX_CHARS
from tests.harness.crashing_process import CountingStore
from tests.harness.llm import LINES, LLMBench
from tests.harness.virtual_time import virtual_time
from tests.unit.llm.turn_bench import HELLO, assert_answers, bench_with, letters


@pytest.mark.parametrize("character", ["\u0092", "\x7f", "\x85", "\u2028", "\x00", "\x1b"])
@virtual_time
async def test_message_with_a_control_character_is_answered_and_saved(character: str) -> None:
    bench = await bench_with()
    turn_id = await bench.say(f"Luna, it{character}s me{character}")
    await bench.work()
    client = await bench.client()
    assert (client.complete, client.warnings, await letters(bench)) == ([turn_id], [], [])
    assert [status for _, _, status in await bench.rows()] == ["complete", "complete"]


@virtual_time
async def test_text_longer_than_the_stores_limit_is_truncated_when_it_is_saved() -> None:
    bench = await bench_with()
    await bench.say("Luna! " + "x" * TEXT_MAX_CHARS)
    await bench.work()
    assert [len(text) for _, text, _ in await bench.rows()] == [TEXT_MAX_CHARS, len(LINES["Luna"])]
    await assert_answers(bench)


@virtual_time
async def test_turn_id_that_another_conversation_has_used_loses_only_the_rows_of_that_turn() -> None:
    bench = await bench_with()
    turn_id = await bench.say(HELLO)
    await bench.work()
    bench.conversation_id = new_id()
    await bench.say(HELLO, turn_id)
    await bench.work()
    client = await bench.client()
    client.check()
    assert client.complete == [turn_id]
    assert [status for _, _, status in client.talk()] == ["complete", "complete"]
    assert [warning.code for warning in client.warnings] == ["store_refused"]
    found = await letters(bench)
    assert {letter.stage for letter in found} == {"store"}
    assert all(letter.entry and letter.conversation_id == bench.conversation_id for letter in found)
    await assert_answers(bench)


class RefusingStore(CountingStore):
    """A store that fails to save messages."""

    def __init__(self, bench: LLMBench, error: Exception) -> None:
        super().__init__(bench.tables, bench.writes)
        self._error = error

    async def save_messages(self, messages: Sequence[Message]) -> None:
        raise self._error


@pytest.mark.parametrize("error", [InvalidRecord("x", "refused"), OverflowError("big"), TypeError("of what?")])
@virtual_time
async def test_turns_are_answered_even_if_the_store_refuses_every_row(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = await bench_with()

    def refusing(*_: object) -> RefusingStore:
        return RefusingStore(bench, error)

    monkeypatch.setattr("tests.harness.llm.CountingStore", refusing)
    for _ in range(2):
        await bench.say(HELLO)
        await bench.work()
    client = await bench.client()
    client.check()
    assert [status for _, _, status in client.talk()] == ["complete"] * 4
    assert [warning.code for warning in client.warnings] == ["store_refused"] * 2, "one warning a turn"


@virtual_time
async def test_client_is_warned_once_that_the_store_has_lost_its_data() -> None:
    bench = await bench_with()
    await bench.say(HELLO)
    await bench.work()
    assert await bench.store.delete_conversation(bench.conversation_id)  # as if the file of the store had been deleted
    bench.store.losses += 1
    for _ in range(2):
        await bench.say(HELLO)
        await bench.work()
    client = await bench.client()
    assert [warning.code for warning in client.warnings] == ["store_lost"]
