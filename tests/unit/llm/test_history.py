from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest

from tertulia_llm.history.history import MAX_CONVERSATIONS, History, HistoryCache
from tertulia_llm.text.prompt import HistoryMessage
from tertulia_llm.turn_state import TurnState, read_state
from tertulia_shared.conversation_state import StateField
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


def cache_of(store: MemoryStore) -> HistoryCache:
    bus = MemoryBus(Keys("test"))
    return HistoryCache(bus, store, Outbox(bus, store, 2.0), 10, "Jay")


def test_prompt_messages_are_in_order_and_have_only_the_heard_text() -> None:
    history = History()
    for row in (
        reply(CONVERSATION, 6, "", "interrupted"),
        reply(CONVERSATION, 4, "I was", "interrupted"),
        user_message(CONVERSATION, 3, "And?"),
        reply(CONVERSATION, 2, "Hi", "complete"),
        user_message(CONVERSATION, 1, "Hello"),
        reply(CONVERSATION, 5, "", "failed"),
    ):
        history.add(row)
    assert history.prompt_messages(10) == [
        HistoryMessage("user", "Jay", "Hello"),
        HistoryMessage("character", "Luna", "Hi"),
        HistoryMessage("user", "Jay", "And?"),
        HistoryMessage("character", "Luna", "I was", interrupted=True),
        HistoryMessage("character", "Luna", "", interrupted=True),
    ]
    assert [message.text for message in history.prompt_messages(3)] == ["I was", ""]


def test_prompt_messages_do_not_include_a_reply_that_is_still_being_written() -> None:
    history = History()
    history.add(reply(CONVERSATION, 2, "Half a", "streaming"))
    assert history.prompt_messages(10) == []


def test_trimmed_history_has_the_newest_messages() -> None:
    history = History()
    for position in range(21):
        history.add(user_message(CONVERSATION, position, str(position)))
    history.trim(10)
    assert [message.text for message in history.prompt_messages(99)] == [str(n) for n in range(11, 21)]


async def test_cached_history_is_used_only_for_the_same_cursor(store: MemoryStore) -> None:
    cache = cache_of(store)
    history = await cache.load(CONVERSATION, at("0-0"))
    cache.keep(CONVERSATION, "1-0", history)
    assert await cache.load(CONVERSATION, at("1-0")) is history
    assert await cache.load(CONVERSATION, at("2-0")) is not history, "another worker has moved the cursor"


async def test_evicted_history_is_read_from_the_store_again(store: MemoryStore) -> None:
    cache, history = cache_of(store), History()
    cache.keep(CONVERSATION, "1-0", history)
    cache.evict(CONVERSATION)
    cache.evict(new_id())
    assert await cache.load(CONVERSATION, at("1-0")) is not history


async def test_incomplete_history_is_not_cached(store: MemoryStore) -> None:
    outbox = Outbox(bus := MemoryBus(Keys("test")), store, 2.0)
    cache = HistoryCache(bus, store, outbox, 10, "Jay")
    await store.save_messages([user_message(CONVERSATION, 1, "Hello")])
    store.away = True
    history = await cache.load(CONVERSATION, at("0-0"))
    assert (history.messages, history.is_complete) == ({}, False)
    cache.keep(CONVERSATION, "1-0", history)
    store.away = False
    outbox.is_away = False  # as if the outbox had been drained
    assert len((await cache.load(CONVERSATION, at("1-0"))).messages) == 1


async def test_cache_evicts_the_least_recently_used_conversation(store: MemoryStore) -> None:
    cache, used, unused = cache_of(store), History(), History()
    cache.keep(CONVERSATION, "1-0", used)
    for n in range(MAX_CONVERSATIONS):
        if n == MAX_CONVERSATIONS // 2:
            assert await cache.load(CONVERSATION, at("1-0")) is used
        cache.keep(f"other {n}", "1-0", History() if n else unused)
    assert await cache.load(CONVERSATION, at("1-0")) is used
    assert await cache.load("other 0", at("1-0")) is not unused


def test_removing_a_withdrawn_turn_keeps_its_other_versions_and_the_other_turns() -> None:
    history = History()
    withdrawn, others = user_message(CONVERSATION, 128), user_message(CONVERSATION, 130)
    history.add(withdrawn)
    history.add(replace(withdrawn, id=new_id(), position=255))
    later = replace(withdrawn, id=new_id(), position=256)
    history.add(later)
    history.add(others)
    history.remove(withdrawn.turn_id, range(128, 256))
    assert set(history.messages) == {later.id, others.id}


def at(cursor: str) -> TurnState:
    return read_state({StateField.CURSOR.raw: cursor.encode()})
