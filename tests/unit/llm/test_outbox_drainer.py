"""What waits for the store is applied in order when it is there, by one worker; whoever dies at it loses nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from tertulia_llm.outbox.deferred import HELD_S, UNSEEN_S, Absent
from tertulia_llm.outbox.drainer import AGAIN_MAX_S, BATCH, CALL_S, HELD_LOOK_S, LOOK_S, Drain
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
        drain = Drain(self.bus, store or self.store, holder, self.metrics)
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
async def test_what_waits_is_applied_in_order_and_removed() -> None:
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
async def test_while_the_store_is_away_everything_stays_and_is_applied_once_when_it_is_back() -> None:
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
        assert now() - begun < AGAIN_MAX_S + 0.1
    assert it.store.saved == [["1"]]


@virtual_time
async def test_a_store_that_does_not_answer_is_one_that_is_away() -> None:
    it = await scene()
    await it.store.ensure_conversation(it.talk)
    it.store.silent = True
    await it.post(message_write(said(it.talk, 1)))
    async with it.draining():
        await asyncio.sleep(10 * CALL_S)
        it.store.silent = False
        await it.emptied()
    assert it.store.saved == [["1"]]


@virtual_time
async def test_one_drains_and_another_takes_over_when_it_dies() -> None:
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
        assert now() - begun <= it.bus.keys.drainer().ttl_s + LOOK_S + 0.1
    assert second.saved == [["1"]]


@virtual_time
async def test_a_death_between_writing_and_removing_changes_nothing() -> None:
    it = await scene()
    rows = [said(it.talk, 1), reply(it.talk, 2, "Heard", "interrupted")]
    await it.post(conversation_write(it.talk, ""), *(message_write(row) for row in rows))
    await it.store.ensure_conversation(it.talk)
    await it.store.save_messages(rows)  # what the dead one had done
    async with it.draining():
        await it.emptied()
    assert await it.store.history(it.talk, 10) == rows


@virtual_time
async def test_what_the_store_will_never_take_is_buried_and_holds_nothing_up() -> None:
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
async def test_messages_of_a_deleted_conversation_are_dropped_and_the_others_saved() -> None:
    it = await scene()
    await it.store.ensure_conversation(it.talk)
    await it.post(message_write(said(new_id(), 1)), message_write(said(it.talk, 2)))
    async with it.draining():
        await it.emptied()
    assert it.store.saved == [["2"]]
    assert await it.dead() == []


@virtual_time
async def test_what_a_newer_release_wrote_is_put_aside_and_nobody_else_waits() -> None:
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
async def test_what_is_held_back_holds_up_its_own_conversation_only() -> None:
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
async def test_a_newer_worker_saves_what_was_held_back_and_what_followed_in_order(
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
async def test_a_newer_worker_that_has_nothing_to_do_looks_for_what_is_held_back(
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
        async with asyncio.timeout(HELD_LOOK_S + 0.1):
            await it.all_applied()
    assert it.store.saved == [["1"]]


@virtual_time
async def test_what_no_newer_worker_came_for_is_given_up_whole_and_the_rest_is_saved() -> None:
    it = await scene()
    await it.store.ensure_conversation(it.talk)
    newer = said(it.talk, 1)
    await it.post_newer(message_write(newer))
    await it.post(message_write(said(it.talk, 2)))
    (entry, _) = await it.bus.read(it.bus.keys.store())
    await asyncio.sleep(2 * HELD_S)  # the store was away: how old it is says nothing
    async with it.draining():
        await asyncio.sleep(HELD_S - 60)
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
async def test_nothing_is_given_up_while_a_newer_worker_lives() -> None:
    it = await scene()
    await it.store.ensure_conversation(it.talk)
    await it.post_newer(message_write(said(it.talk, 1)))
    async with it.draining():
        await asyncio.sleep(HELD_S - 60)
        await it.newer_worker(2 * HELD_S)
        await asyncio.sleep(HELD_S - 60)
        assert await it.dead() == []
        assert len(await it.held()) == 1
        await asyncio.sleep(120)
        assert len(await it.dead()) == 1


def test_how_long_nobody_was_there_begins_anew_when_nobody_looked_or_asked() -> None:
    absent = Absent()
    for at in (0, UNSEEN_S, 2 * UNSEEN_S):
        absent.look([], at)
        assert absent.for_s(2) == at
    assert absent.for_s(3) == 0
    absent.look([], at + UNSEEN_S + 1)
    assert absent.for_s(2) == 0, "nobody looked"
    absent.look([], at + UNSEEN_S + 2)
    absent.look([], at + UNSEEN_S + 3)
    assert absent.for_s(2) == 0, "nothing of it was there"
    absent.look(["tts:a.v2:x", "llm:b.v1:x"], at + UNSEEN_S + 4)
    assert absent.for_s(2) == 1
    absent.look(["llm:c.v3:x"], at + UNSEEN_S + 5)
    assert absent.for_s(2) == 0


@virtual_time
async def test_what_an_older_or_newer_release_knows_of_a_row_beside_ours_is_ignored() -> None:
    it = await scene()
    await it.store.ensure_conversation(it.talk)
    row = said(it.talk, 1)
    write = message_write(row)
    await it.post(replace(write, row=pack({**unpack(write.row), "mood": "good"})))
    async with it.draining():
        await it.emptied()
    assert await it.store.history(it.talk, 10) == [row]


@virtual_time
async def test_redis_being_away_does_not_end_it() -> None:
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
