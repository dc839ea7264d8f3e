from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from tertulia_llm.history.history import MAX_CONVERSATIONS, Memory, Past
from tertulia_llm.text.prompt import HistoryMessage
from tertulia_shared.ids import new_id
from tertulia_shared.keys import Keys
from tertulia_shared.outbox import Outbox
from tertulia_shared.testing.memory_bus import MemoryBus
from tertulia_shared.testing.memory_store import MemoryStore
from tests.harness.store_records import reply, user_message

CONVERSATION = new_id()


@pytest.fixture
async def store() -> AsyncGenerator[MemoryStore]:
    store = MemoryStore()
    await store.open()
    await store.ensure_conversation(CONVERSATION)
    yield store
    await store.close()


def remembering(store: MemoryStore) -> Memory:
    bus = MemoryBus(Keys("test"))
    return Memory(bus, store, Outbox(bus, store, 2.0), 10, "Jay")


def test_the_model_is_told_what_was_said_and_heard_in_order() -> None:
    past = Past()
    for row in (
        reply(CONVERSATION, 6, "", "interrupted"),
        reply(CONVERSATION, 4, "I was", "interrupted"),
        user_message(CONVERSATION, 3, "And?"),
        reply(CONVERSATION, 2, "Hi", "complete"),
        user_message(CONVERSATION, 1, "Hello"),
        reply(CONVERSATION, 5, "", "failed"),
    ):
        past.add(row)
    assert past.told(10) == [
        HistoryMessage("user", "Jay", "Hello"),
        HistoryMessage("character", "Luna", "Hi"),
        HistoryMessage("user", "Jay", "And?"),
        HistoryMessage("character", "Luna", "I was", interrupted=True),
        HistoryMessage("character", "Luna", "", interrupted=True),
    ]
    assert [message.text for message in past.told(3)] == ["I was", ""]


def test_a_reply_that_is_still_being_made_is_not_told_as_if_it_were_over() -> None:
    past = Past()
    past.add(reply(CONVERSATION, 2, "Half a", "streaming"))
    assert past.told(10) == []


def test_a_long_talk_is_cut_to_its_newest_part() -> None:
    past = Past()
    for position in range(21):
        past.add(user_message(CONVERSATION, position, str(position)))
    past.forget_beyond(10)
    assert [message.text for message in past.told(99)] == [str(n) for n in range(11, 21)]


async def test_what_is_known_up_to_the_cursor_is_not_read_again(store: MemoryStore) -> None:
    memory = remembering(store)
    past, known = await memory.recall(CONVERSATION, "0-0")
    assert not known
    memory.remember(CONVERSATION, "1-0", past)
    assert await memory.recall(CONVERSATION, "1-0") == (past, True)
    again, known = await memory.recall(CONVERSATION, "2-0")
    assert not known, "another worker has answered since"
    assert again is not past


async def test_what_is_forgotten_is_read_again(store: MemoryStore) -> None:
    memory = remembering(store)
    memory.remember(CONVERSATION, "1-0", Past())
    memory.forget([CONVERSATION, new_id()])
    assert (await memory.recall(CONVERSATION, "1-0"))[1] is False


async def test_a_past_that_could_not_be_read_is_not_taken_for_the_whole(store: MemoryStore) -> None:
    outbox = Outbox(bus := MemoryBus(Keys("test")), store, 2.0)
    memory = Memory(bus, store, outbox, 10, "Jay")
    await store.save_messages([user_message(CONVERSATION, 1, "Hello")])
    store.away = True
    past, known = await memory.recall(CONVERSATION, "0-0")
    assert (past.messages, past.is_whole, known) == ({}, False, False)
    memory.remember(CONVERSATION, "1-0", past)
    store.away = False
    outbox.is_away = False  # as when it has been emptied
    past, known = await memory.recall(CONVERSATION, "1-0")
    assert (len(past.messages), known) == (1, False)


async def test_no_more_conversations_than_the_bound_are_remembered(store: MemoryStore) -> None:
    memory = remembering(store)
    memory.remember(CONVERSATION, "1-0", Past())
    for n in range(MAX_CONVERSATIONS):
        if n == MAX_CONVERSATIONS // 2:
            assert (await memory.recall(CONVERSATION, "1-0"))[1]
        memory.remember(f"other {n}", "1-0", Past())
    assert (await memory.recall(CONVERSATION, "1-0"))[1], "talked in since"
    assert not (await memory.recall("other 0", "1-0"))[1]
