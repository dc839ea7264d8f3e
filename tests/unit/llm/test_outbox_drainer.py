"""The outbox drainer: one worker applies the writes in order, and another one continues if it dies."""

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
from tertulia_shared.outbox import Outbox
from tertulia_shared.outbox_writes import append_write, conversation_write, delete_write, message_write, settings_write
from tertulia_shared.store.validation import SETTINGS_MAX_BYTES
from tests.harness.scrape import scraped
from tests.harness.store_records import reply
from tests.harness.virtual_time import now, virtual_time
from tests.unit.llm.outbox_bench import WatchedStore, opened_bench, said


@virtual_time
async def test_waiting_writes_are_applied_in_order_and_removed() -> None:
    bench = await opened_bench()
    rows = [said(bench.talk, position) for position in range(2 * BATCH + 5)]
    await bench.post(conversation_write(bench.talk, "A title"), *(message_write(row) for row in rows))
    await bench.post(settings_write(bench.talk, {"top_k": 1}), settings_write(bench.talk, {"top_k": 2}))
    async with bench.draining():
        await bench.emptied()
        assert await bench.store.history(bench.talk, 1000) == rows
        assert await bench.store.model_settings(bench.talk) == {"top_k": 2}
        assert (await bench.store.conversations(1))[0].title == "A title"
        assert [text for batch in bench.store.saved for text in batch] == [row.text for row in rows], (
            "each is saved once"
        )
        assert len(bench.store.saved) == 3
        await bench.post(message_write(said(bench.talk, 9999)))  # the drainer continues to run
        await bench.emptied()
    assert len(await bench.store.history(bench.talk, 1000)) == len(rows) + 1


@virtual_time
async def test_writes_wait_until_the_store_is_available_and_are_applied_once() -> None:
    bench = await opened_bench()
    bench.store.away = True
    row = said(bench.talk, 1)
    await bench.post(conversation_write(bench.talk, ""), message_write(row))
    async with bench.draining():
        await asyncio.sleep(3600)
        assert await bench.bus.length(bench.bus.keys.store()) == 2
        bench.store.away = False
        begun = now()
        await bench.emptied()
        assert now() - begun < RETRY_MAX_S + 0.1
    assert bench.store.saved == [["1"]]


@virtual_time
async def test_store_that_does_not_answer_counts_as_unavailable() -> None:
    bench = await opened_bench()
    await bench.store.ensure_conversation(bench.talk)
    bench.store.silent = True
    await bench.post(message_write(said(bench.talk, 1)))
    async with bench.draining():
        await asyncio.sleep(10 * CALL_TIMEOUT_S)
        bench.store.silent = False
        await bench.emptied()
    assert bench.store.saved == [["1"]]


@virtual_time
async def test_another_worker_drains_the_outbox_when_the_drainer_dies() -> None:
    bench = await opened_bench()
    await bench.store.ensure_conversation(bench.talk)
    first, second = WatchedStore(bench.tables), WatchedStore(bench.tables)
    await first.open()
    await second.open()
    first.silent = True
    await bench.post(message_write(said(bench.talk, 1)))
    async with bench.draining("first", first) as dying, bench.draining("second", second):
        await asyncio.sleep(30)
        assert second.saved == [], "the first drainer has the lease"
        assert await bench.bus.acquire_lease(bench.bus.keys.drainer(), "first")
        begun = now()
        dying.cancel()
        await asyncio.wait([dying])
        assert await bench.bus.acquire_lease(
            bench.bus.keys.drainer(), "first"
        )  # as after kill -9: the lease was not released
        await bench.emptied()
        assert now() - begun <= bench.bus.keys.drainer().ttl_s + LEASE_POLL_S + 0.1
    assert second.saved == [["1"]]


@virtual_time
async def test_write_that_is_applied_again_after_a_death_changes_nothing() -> None:
    bench = await opened_bench()
    rows = [said(bench.talk, 1), reply(bench.talk, 2, "Heard", "interrupted")]
    await bench.post(conversation_write(bench.talk, ""), *(message_write(row) for row in rows))
    await bench.store.ensure_conversation(bench.talk)
    await bench.store.save_messages(rows)  # as if the drainer had died after this write
    async with bench.draining():
        await bench.emptied()
    assert await bench.store.history(bench.talk, 10) == rows


@virtual_time
async def test_refused_writes_become_dead_letters_and_do_not_delay_others() -> None:
    bench = await opened_bench()
    await bench.store.ensure_conversation(bench.talk)
    bad = replace(said(bench.talk, 2), position=-1)
    await bench.post(
        message_write(said(bench.talk, 1)),
        message_write(bad),
        StoreWrite("message", bench.talk, "x", b"\xc1"),
        StoreWrite("song", bench.talk),  # pyright: ignore[reportArgumentType] - of some other release
        settings_write(bench.talk, {"x": "y" * SETTINGS_MAX_BYTES}),
        message_write(said(bench.talk, 3)),
    )
    async with bench.draining():
        await bench.emptied()
    assert [message.text for message in await bench.store.history(bench.talk, 10)] == ["1", "3"]
    letters = await bench.dead()
    assert [(letter.stage, letter.conversation_id) for letter in letters] == [("store", bench.talk)] * 4
    assert letters[0].message_id == bad.id
    assert "a\x00b" not in letters[0].reason, "the reason quotes no text"
    assert scraped(bench.metrics).of("tertulia_dead_letters_total", stage="store") == 4


@virtual_time
async def test_messages_of_a_deleted_conversation_are_discarded() -> None:
    bench = await opened_bench()
    await bench.store.ensure_conversation(bench.talk)
    await bench.post(message_write(said(new_id(), 1)), message_write(said(bench.talk, 2)))
    async with bench.draining():
        await bench.emptied()
    assert bench.store.saved == [["2"]]
    assert await bench.dead() == []


@virtual_time
async def test_unknown_fields_of_a_row_are_ignored() -> None:
    bench = await opened_bench()
    await bench.store.ensure_conversation(bench.talk)
    row = said(bench.talk, 1)
    write = message_write(row)
    await bench.post(replace(write, row=pack({**unpack(write.row), "mood": "good"})))
    async with bench.draining():
        await bench.emptied()
    assert await bench.store.history(bench.talk, 10) == [row]


@virtual_time
async def test_drainer_continues_after_a_redis_outage() -> None:
    bench = await opened_bench()
    async with bench.draining():
        await asyncio.sleep(1)
        bench.bus.break_connection()
        await asyncio.sleep(60)
        bench.bus.restore_connection()
        outbox = Outbox(bench.bus, bench.store, 1.0)
        await bench.store.ensure_conversation(bench.talk)
        await outbox.post_messages([said(bench.talk, 1)])
        await bench.emptied()
    assert bench.store.saved == [["1"]]


@virtual_time
async def test_deletion_is_applied_after_the_messages_before_it_and_before_those_after_it() -> None:
    bench = await opened_bench()
    withdrawn = said(bench.talk, 1)
    again = replace(withdrawn, text="again", position=9)
    outlet, key = bench.bus.outlet(), bench.bus.keys.store()
    for write in (
        conversation_write(bench.talk, "withdrawn"),
        message_write(withdrawn),
        delete_write(bench.talk, withdrawn.turn_id, range(1, 9)),
        conversation_write(bench.talk, "again"),
        message_write(again),
    ):
        append_write(outlet, key, write)
    await outlet.flush()
    async with bench.draining():
        await bench.emptied()
    assert await bench.store.history(bench.talk, 10) == [again]
    assert (await bench.store.conversations(1))[0].title == "again"
    assert await bench.dead() == []
