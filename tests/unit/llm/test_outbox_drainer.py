"""The outbox drainer: writes are applied in order by one worker, and survive its death."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from tertulia_llm.outbox.drainer import (
    BATCH,
    CALL_TIMEOUT_S,
    LEASE_POLL_S,
    RETRY_MAX_S,
)
from tertulia_shared.codec import pack, unpack
from tertulia_shared.entries import StoreWrite
from tertulia_shared.ids import new_id
from tertulia_shared.outbox import Outbox, conversation_write, message_write, settings_write
from tests.harness.scrape import scraped
from tests.harness.store_records import reply
from tests.harness.virtual_time import now, virtual_time
from tests.unit.llm.outbox_scene import WatchedStore, said, scene


@virtual_time
async def test_waiting_writes_are_applied_in_order_and_removed() -> None:
    it = await scene()
    rows = [said(it.talk, position) for position in range(2 * BATCH + 5)]
    await it.post(conversation_write(it.talk, "A title"), *(message_write(row) for row in rows))
    await it.post(settings_write(it.talk, {"top_k": 1}), settings_write(it.talk, {"top_k": 2}))
    async with it.draining():
        await it.emptied()
        assert await it.store.history(it.talk, 1000) == rows
        assert await it.store.model_settings(it.talk) == {"top_k": 2}
        assert (await it.store.conversations(1))[0].title == "A title"
        assert [text for batch in it.store.saved for text in batch] == [row.text for row in rows], "each is saved once"
        assert len(it.store.saved) == 3
        await it.post(message_write(said(it.talk, 9999)))  # the drainer continues
        await it.emptied()
    assert len(await it.store.history(it.talk, 1000)) == len(rows) + 1


@virtual_time
async def test_writes_wait_until_the_store_is_back_and_are_applied_once() -> None:
    it = await scene()
    it.store.away = True
    row = said(it.talk, 1)
    await it.post(conversation_write(it.talk, ""), message_write(row))
    async with it.draining():
        await asyncio.sleep(3600)
        assert await it.bus.length(it.bus.keys.store()) == 2
        it.store.away = False
        begun = now()
        await it.emptied()
        assert now() - begun < RETRY_MAX_S + 0.1
    assert it.store.saved == [["1"]]


@virtual_time
async def test_silent_store_counts_as_unavailable() -> None:
    it = await scene()
    await it.store.ensure_conversation(it.talk)
    it.store.silent = True
    await it.post(message_write(said(it.talk, 1)))
    async with it.draining():
        await asyncio.sleep(10 * CALL_TIMEOUT_S)
        it.store.silent = False
        await it.emptied()
    assert it.store.saved == [["1"]]


@virtual_time
async def test_drainer_is_replaced_when_it_dies() -> None:
    it = await scene()
    await it.store.ensure_conversation(it.talk)
    first, second = WatchedStore(it.tables), WatchedStore(it.tables)
    await first.open()
    await second.open()
    first.silent = True
    await it.post(message_write(said(it.talk, 1)))
    async with it.draining("first", first) as dying, it.draining("second", second):
        await asyncio.sleep(30)
        assert second.saved == [], "the first drainer has the lease"
        assert await it.bus.acquire_lease(it.bus.keys.drainer(), "first")
        begun = now()
        dying.cancel()
        await asyncio.wait([dying])
        assert await it.bus.acquire_lease(
            it.bus.keys.drainer(), "first"
        )  # as after kill -9: the lease was not released
        await it.emptied()
        assert now() - begun <= it.bus.keys.drainer().ttl_s + LEASE_POLL_S + 0.1
    assert second.saved == [["1"]]


@virtual_time
async def test_replay_after_a_death_between_write_and_remove_changes_nothing() -> None:
    it = await scene()
    rows = [said(it.talk, 1), reply(it.talk, 2, "Heard", "interrupted")]
    await it.post(conversation_write(it.talk, ""), *(message_write(row) for row in rows))
    await it.store.ensure_conversation(it.talk)
    await it.store.save_messages(rows)  # written by the drainer that died
    async with it.draining():
        await it.emptied()
    assert await it.store.history(it.talk, 10) == rows


@virtual_time
async def test_refused_writes_are_dead_lettered_and_block_nothing() -> None:
    it = await scene()
    await it.store.ensure_conversation(it.talk)
    bad = replace(said(it.talk, 2), position=-1)
    await it.post(
        message_write(said(it.talk, 1)),
        message_write(bad),
        StoreWrite("message", it.talk, "x", b"\xc1"),
        StoreWrite("song", it.talk),  # pyright: ignore[reportArgumentType] - of some other release
        settings_write(it.talk, {"x": "y" * 9000}),
        message_write(said(it.talk, 3)),
    )
    async with it.draining():
        await it.emptied()
    assert [message.text for message in await it.store.history(it.talk, 10)] == ["1", "3"]
    letters = await it.dead()
    assert [(letter.stage, letter.conversation_id) for letter in letters] == [("store", it.talk)] * 4
    assert letters[0].message_id == bad.id
    assert "a\x00b" not in letters[0].reason, "the reason quotes no text"
    assert scraped(it.metrics).of("tertulia_dead_letters_total", stage="store") == 4


@virtual_time
async def test_messages_of_a_deleted_conversation_are_dropped() -> None:
    it = await scene()
    await it.store.ensure_conversation(it.talk)
    await it.post(message_write(said(new_id(), 1)), message_write(said(it.talk, 2)))
    async with it.draining():
        await it.emptied()
    assert it.store.saved == [["2"]]
    assert await it.dead() == []


@virtual_time
async def test_unknown_fields_of_a_row_are_ignored() -> None:
    it = await scene()
    await it.store.ensure_conversation(it.talk)
    row = said(it.talk, 1)
    write = message_write(row)
    await it.post(replace(write, row=pack({**unpack(write.row), "mood": "good"})))
    async with it.draining():
        await it.emptied()
    assert await it.store.history(it.talk, 10) == [row]


@virtual_time
async def test_drainer_survives_a_redis_outage() -> None:
    it = await scene()
    async with it.draining():
        await asyncio.sleep(1)
        it.bus.break_connection()
        await asyncio.sleep(60)
        it.bus.restore_connection()
        outbox = Outbox(it.bus, it.store, 1.0)
        await it.store.ensure_conversation(it.talk)
        await outbox.post_messages([said(it.talk, 1)])
        await it.emptied()
    assert it.store.saved == [["1"]]
