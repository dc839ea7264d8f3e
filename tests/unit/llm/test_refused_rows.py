"""Turns whose rows the store refuses or changes: they are answered, and the client is warned."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tertulia_shared.ids import new_id
from tertulia_shared.store import InvalidRecord, Message
from tertulia_shared.store.validation import TEXT_MAX_CHARS
from tests.harness.crashing_process import CountingStore
from tests.harness.llm import LINES, Table
from tests.harness.virtual_time import virtual_time
from tests.unit.llm.turn_bench import HELLO, assert_answers, letters, table_with


@pytest.mark.parametrize("character", ["\u0092", "\x7f", "\x85", "\u2028", "\x00", "\x1b"])
@virtual_time
async def test_message_with_a_control_character_is_answered_and_saved(character: str) -> None:
    table = await table_with()
    turn_id = await table.say(f"Luna, it{character}s me{character}")
    await table.work()
    client = await table.client()
    assert (client.complete, client.warnings, await letters(table)) == ([turn_id], [], [])
    assert [status for _, _, status in await table.rows()] == ["complete", "complete"]


@virtual_time
async def test_long_turn_is_truncated_to_the_stores_limit() -> None:
    table = await table_with()
    await table.say("Luna! " + "x" * TEXT_MAX_CHARS)
    await table.work()
    assert [len(text) for _, text, _ in await table.rows()] == [TEXT_MAX_CHARS, len(LINES["Luna"])]
    await assert_answers(table)


@virtual_time
async def test_turn_id_of_another_conversation_loses_only_its_rows() -> None:
    table = await table_with()
    turn_id = await table.say(HELLO)
    await table.work()
    table.conversation_id = new_id()
    await table.say(HELLO, turn_id)
    await table.work()
    client = await table.client()
    client.check()
    assert client.complete == [turn_id]
    assert [status for _, _, status in client.talk()] == ["complete", "complete"]
    assert [warning.code for warning in client.warnings] == ["store_refused"]
    found = await letters(table)
    assert {letter.stage for letter in found} == {"store"}
    assert all(letter.entry and letter.conversation_id == table.conversation_id for letter in found)
    await assert_answers(table)


class RefusingStore(CountingStore):
    """A store that fails to save messages."""

    def __init__(self, table: Table, error: Exception) -> None:
        super().__init__(table.tables, table.writes)
        self._error = error

    async def save_messages(self, messages: Sequence[Message]) -> None:
        raise self._error


@pytest.mark.parametrize("error", [InvalidRecord("x", "refused"), OverflowError("big"), TypeError("of what?")])
@virtual_time
async def test_store_that_refuses_every_row_does_not_stop_turns(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = await table_with()

    def refusing(*_: object) -> RefusingStore:
        return RefusingStore(table, error)

    monkeypatch.setattr("tests.harness.llm.CountingStore", refusing)
    for _ in range(2):
        await table.say(HELLO)
        await table.work()
    client = await table.client()
    client.check()
    assert [status for _, _, status in client.talk()] == ["complete"] * 4
    assert [warning.code for warning in client.warnings] == ["store_refused"] * 2, "one warning a turn"


@virtual_time
async def test_client_is_warned_once_that_the_store_was_lost() -> None:
    table = await table_with()
    await table.say(HELLO)
    await table.work()
    assert await table.store.delete_conversation(table.conversation_id)  # as if the file was deleted
    table.store.losses += 1
    for _ in range(2):
        await table.say(HELLO)
        await table.work()
    client = await table.client()
    assert [warning.code for warning in client.warnings] == ["store_lost"]
