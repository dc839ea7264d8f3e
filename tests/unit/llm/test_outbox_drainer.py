"""What waits for the store is applied in order when it is there, by one worker; whoever dies at it loses nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from tertulia_llm.outbox.deferred import DEFER_MAX_S, UNSEEN_S, MissingReaders
from tertulia_llm.outbox.drainer import (
    BATCH,
    CALL_TIMEOUT_S,
    DEFERRED_POLL_S,
    LEASE_POLL_S,
    RETRY_MAX_S,
    OutboxDrainer,
)
from tertulia_shared import codec
from tertulia_shared.bus import BusUnavailable, Entry
from tertulia_shared.codec import VERSION, decode, pack, unpack
from tertulia_shared.entries import DeadLetter, StoreWrite
from tertulia_shared.ids import new_id
from tertulia_shared.keys import Key, Keys
from tertulia_shared.metrics import Metrics
from tertulia_shared.outbox import Outbox, conversation_write, message_write, settings_write
from tertulia_shared.store import Message, Store
from tertulia_shared.testing.memory_bus import MemoryBus
from tertulia_shared.testing.memory_store import MemoryStore, MemoryTables
from tests.harness.scrape import scraped
from tests.harness.store_records import reply, user_message
from tests.harness.virtual_time import now, virtual_time


class WatchedStore(MemoryStore):
    """Notes what is saved; `silent`: it does not answer. `at_save` is awaited before each save of messages."""

    def __init__(self, tables: MemoryTables) -> None:
        super().__init__(tables)
        self.saved: list[list[str]] = []
        self.silent = False

    async def save_messages(self, messages: Sequence[Message]) -> None:
        if self.silent:
            await asyncio.sleep(3600)
        await super().save_messages(messages)
        self.saved.append([message.text for message in messages])


NEWER = f"llm:box-1-aaaaaa.v{VERSION + 1}:demo"


class DiesInMove(MemoryBus):
    """Redis goes away when half of a move is done, once."""

    died = False

    async def move(self, key: Key, entries: Sequence[Entry], to: Key) -> None:
        if self.died:
            await super().move(key, entries, to)
            return
        self.died = True
        await super().move(key, [replace(entry, id="1-1") for entry in entries], to)  # appended, and not deleted
        raise BusUnavailable("in between")


def wall_ms() -> int:
    return round(now() * 1000)


class Scene:
    def __init__(self) -> None:
        self.metrics = Metrics()
        self.bus = MemoryBus(Keys("test"), clock=now, now_ms=wall_ms)
        self.tables = MemoryTables()
        self.store = WatchedStore(self.tables)
        self.talk = new_id()

    async def post(self, *writes: StoreWrite) -> None:
        outlet = self.bus.outlet()
        for write in writes:
            outlet.append(self.bus.keys.store(), write)
        await outlet.flush()

    async def post_newer(self, write: StoreWrite) -> None:
        outlet = self.bus.outlet()
        outlet.append(self.bus.keys.store(), write, v=VERSION + 1)
        await outlet.flush()

    async def emptied(self) -> None:
        while await self.bus.length(self.bus.keys.store()):  # noqa: ASYNC110 - another task empties it, on virtual time
            await asyncio.sleep(0.01)

    async def held(self) -> Sequence[Entry]:
        return await self.bus.read(self.bus.keys.held_back())

    async def all_applied(self) -> None:
        await self.emptied()
        while await self.held():  # noqa: ASYNC110 - likewise
            await asyncio.sleep(0.01)

    async def newer_worker(self, for_s: float) -> None:
        """One is alive for so long; it does nothing."""
        until = now() + for_s
        while now() < until:
            await self.bus.beat(NEWER)
            await asyncio.sleep(1)
        await self.bus.leave(NEWER)

    async def dead(self) -> list[DeadLetter]:
        return [decode(DeadLetter, entry.fields) for entry in await self.bus.read(self.bus.keys.dead())]

    @asynccontextmanager
    async def draining(self, holder: str = "a", store: Store | None = None) -> AsyncGenerator[asyncio.Task[None]]:
        drain = OutboxDrainer(self.bus, store or self.store, holder, self.metrics)
        task = asyncio.create_task(drain.run())
        yield task
        task.cancel()
        await asyncio.wait([task])


async def scene() -> Scene:
    made = Scene()
    await made.store.open()
    return made


def said(talk: str, position: int) -> Message:
    return user_message(talk, position, f"{position}")


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
        assert [text for batch in it.store.saved for text in batch] == [row.text for row in rows], "each once"
        assert len(it.store.saved) == 3
        await it.post(message_write(said(it.talk, 9999)))  # and it goes on
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
async def test_silent_store_counts_as_away() -> None:
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
        assert second.saved == [], "the first one has the lease"
        assert await it.bus.acquire_lease(it.bus.keys.drainer(), "first")
        begun = now()
        dying.cancel()
        await asyncio.wait([dying])
        assert await it.bus.acquire_lease(it.bus.keys.drainer(), "first")  # as after kill -9: nobody has let it go
        await it.emptied()
        assert now() - begun <= it.bus.keys.drainer().ttl_s + LEASE_POLL_S + 0.1
    assert second.saved == [["1"]]


@virtual_time
async def test_replay_after_a_death_between_write_and_remove_changes_nothing() -> None:
    it = await scene()
    rows = [said(it.talk, 1), reply(it.talk, 2, "Heard", "interrupted")]
    await it.post(conversation_write(it.talk, ""), *(message_write(row) for row in rows))
    await it.store.ensure_conversation(it.talk)
    await it.store.save_messages(rows)  # what the dead one had done
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
    assert "a\x00b" not in letters[0].reason, "no speech"
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
async def test_write_of_a_newer_release_is_deferred_and_blocks_no_other() -> None:
    it = await scene()
    other = new_id()
    for conversation_id in (it.talk, other):
        await it.store.ensure_conversation(conversation_id)
    await it.post(message_write(said(it.talk, 1)))
    await it.post_newer(message_write(said(it.talk, 2)))
    (_, newer) = await it.bus.read(it.bus.keys.store())
    async with it.draining():
        await it.emptied()
        assert it.store.saved == [["1"]]
        assert [entry.fields for entry in await it.held()] == [newer.fields]
        outbox = Outbox(it.bus, it.store, 1.0)
        assert await outbox.is_waiting(it.talk)
        assert not await outbox.is_waiting(other)
        await asyncio.sleep(60)
        assert await it.bus.acquire_lease(it.bus.keys.drainer(), "a newer worker"), "it may have the lease"
    assert await it.dead() == []


@virtual_time
async def test_deferred_write_blocks_its_own_conversation_only() -> None:
    it = await scene()
    other = new_id()
    for conversation_id in (it.talk, other):
        await it.store.ensure_conversation(conversation_id)
    await it.post_newer(message_write(said(it.talk, 1)))
    await it.post(message_write(said(it.talk, 2)), settings_write(it.talk, {"top_k": 2}), message_write(said(other, 3)))
    async with it.draining():
        await it.emptied()
        assert it.store.saved == [["3"]]
        assert len(await it.held()) == 3
        await it.post(message_write(said(other, 4)), message_write(said(it.talk, 5)))
        await it.emptied()
        assert it.store.saved == [["3"], ["4"]]
        assert len(await it.held()) == 4
    assert await it.store.model_settings(it.talk) in (None, {})


@pytest.mark.parametrize("dies", [False, True], ids=["put aside", "put aside by one that died at it"])
@virtual_time
async def test_newer_worker_applies_deferred_writes_in_order(
    dies: bool,  # noqa: FBT001 - a parameter of pytest's
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    it = await scene()
    it.bus = DiesInMove(it.bus.keys, clock=now, now_ms=wall_ms)
    it.bus.died = not dies
    await it.store.ensure_conversation(it.talk)
    await it.post_newer(settings_write(it.talk, {"top_k": 1}))
    await it.post(message_write(said(it.talk, 1)), settings_write(it.talk, {"top_k": 2}))
    async with it.draining("old"):
        await it.emptied()
        await it.post(settings_write(it.talk, {"top_k": 3}))
        await it.emptied()
        assert len(await it.held()) == (7 if dies else 4)
    assert it.store.saved == []
    await it.post(settings_write(it.talk, {"top_k": 4}))
    monkeypatch.setattr(codec, "VERSION", VERSION + 1)
    async with it.draining("newer"):
        await it.all_applied()
    assert await it.store.model_settings(it.talk) == {"top_k": 4}
    assert [message.text for message in await it.store.history(it.talk, 10)] == ["1"]
    assert await it.dead() == []


@virtual_time
async def test_idle_newer_worker_polls_for_deferred_writes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    it = await scene()
    await it.store.ensure_conversation(it.talk)
    monkeypatch.setattr(codec, "VERSION", VERSION + 1)
    async with it.draining("newer"):
        await asyncio.sleep(60)
        outlet = it.bus.outlet()
        outlet.append(it.bus.keys.held_back(), message_write(said(it.talk, 1)))  # as an older one that had the lease
        await outlet.flush()
        async with asyncio.timeout(DEFERRED_POLL_S + 0.1):
            await it.all_applied()
    assert it.store.saved == [["1"]]


@virtual_time
async def test_deferred_write_expires_whole_and_the_rest_is_applied() -> None:
    it = await scene()
    await it.store.ensure_conversation(it.talk)
    newer = said(it.talk, 1)
    await it.post_newer(message_write(newer))
    await it.post(message_write(said(it.talk, 2)))
    (entry, _) = await it.bus.read(it.bus.keys.store())
    await asyncio.sleep(2 * DEFER_MAX_S)  # the store was away: how old it is says nothing
    async with it.draining():
        await asyncio.sleep(DEFER_MAX_S - 60)
        assert it.store.saved == []
        assert await it.dead() == []
        await asyncio.sleep(120)
        assert await it.held() == []
    assert it.store.saved == [["2"]]
    (letter,) = await it.dead()
    assert (letter.stage, letter.conversation_id, letter.message_id) == ("store", it.talk, newer.id)
    assert "newer release" in letter.reason
    assert unpack(letter.entry) == dict(entry.fields), "with these fields it can be written again"


@virtual_time
async def test_deferred_write_does_not_expire_while_a_newer_worker_is_alive() -> None:
    it = await scene()
    await it.store.ensure_conversation(it.talk)
    await it.post_newer(message_write(said(it.talk, 1)))
    async with it.draining():
        await asyncio.sleep(DEFER_MAX_S - 60)
        await it.newer_worker(2 * DEFER_MAX_S)
        await asyncio.sleep(DEFER_MAX_S - 60)
        assert await it.dead() == []
        assert len(await it.held()) == 1
        await asyncio.sleep(120)
        assert len(await it.dead()) == 1


def test_missing_time_restarts_after_a_gap_in_updates_or_questions() -> None:
    missing = MissingReaders()
    for at in (0, UNSEEN_S, 2 * UNSEEN_S):
        missing.update([], at)
        assert missing.missing_s(2) == at
    assert missing.missing_s(3) == 0
    missing.update([], at + UNSEEN_S + 1)
    assert missing.missing_s(2) == 0, "nobody looked"
    missing.update([], at + UNSEEN_S + 2)
    missing.update([], at + UNSEEN_S + 3)
    assert missing.missing_s(2) == 0, "nothing of it was there"
    missing.update(["tts:a.v2:x", "llm:b.v1:x"], at + UNSEEN_S + 4)
    assert missing.missing_s(2) == 1
    missing.update(["llm:c.v3:x"], at + UNSEEN_S + 5)
    assert missing.missing_s(2) == 0


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
