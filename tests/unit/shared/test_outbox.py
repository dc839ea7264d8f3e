from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace

import pytest

from tertulia_shared.bus import BusUnavailable
from tertulia_shared.codec import BadEntry, decode, pack
from tertulia_shared.entries import STORE_WRITE_VERSION, StoreWrite
from tertulia_shared.ids import new_id
from tertulia_shared.keys import Key, Keys
from tertulia_shared.metrics import Metrics
from tertulia_shared.outbox import MAX_HELD, Outbox
from tertulia_shared.outbox_writes import (
    conversation_write,
    deleted_by,
    message_of,
    message_write,
    settings_of,
    settings_write,
    title_of,
)
from tertulia_shared.store import Message, NotFound, StoreUnusable
from tertulia_shared.testing.memory_bus import MemoryBus
from tertulia_shared.testing.memory_store import MemoryStore, MemoryTables
from tests.harness.scrape import scraped
from tests.harness.store_records import reply, user_message
from tests.harness.virtual_time import now, virtual_time

PATIENCE_S = 2.0


class SlowStore(MemoryStore):
    """A store that takes `delay_s` to save messages, and may be `unusable`."""

    delay_s = 0.0
    unusable = False

    async def save_messages(self, messages: Sequence[Message]) -> None:
        await asyncio.sleep(self.delay_s)
        if self.unusable:
            raise StoreUnusable("The file is read-only.")
        await super().save_messages(messages)


class Scene:
    """An outbox on a memory bus, its store, and one conversation."""

    def __init__(self, tables: MemoryTables | None = None) -> None:
        self.bus = MemoryBus(Keys("test"), clock=now)
        self.tables = tables or MemoryTables()
        self.store = SlowStore(self.tables)
        self.metrics = Metrics()
        self.outbox = Outbox(self.bus, self.store, PATIENCE_S, self.metrics)
        self.talk = new_id()

    def ways(self) -> tuple[float, float]:
        """The numbers of writes that went into the store and into the stream, by the metrics."""
        seen = scraped(self.metrics)
        name = "tertulia_store_writes_total"
        return seen.of(name, way="direct"), seen.of(name, way="outbox")

    async def waiting(self) -> list[StoreWrite]:
        return [decode(StoreWrite, entry.fields) for entry in await self.bus.read(self.bus.keys.store())]

    async def caught_up(self) -> None:
        """Empty the stream, as after all its writes were applied to the store."""
        await self.bus.remove(self.bus.keys.store(), [entry.id for entry in await self.bus.read(self.bus.keys.store())])


async def scene() -> Scene:
    made = Scene()
    await made.store.open()
    return made


@virtual_time
async def test_outbox_writes_directly_to_the_store_while_it_answers() -> None:
    it = await scene()
    row = user_message(it.talk, 1)
    assert await it.outbox.save_messages(it.talk, [row], title="Hello")
    assert await it.outbox.save_settings(it.talk, {"top_k": 4})
    assert await it.store.history(it.talk, 10) == [row]
    assert await it.store.model_settings(it.talk) == {"top_k": 4}
    assert await it.waiting() == []
    assert it.ways() == (4, 0), "a conversation with a message, and with settings"


@virtual_time
async def test_outbox_keeps_the_order_of_writes_while_the_store_is_unavailable() -> None:
    it = await scene()
    it.store.away = True
    rows = [user_message(it.talk, 1, "¿Qué tal?"), reply(it.talk, 2, "Bien.", "complete")]
    assert not await it.outbox.save_messages(it.talk, rows, title="Qué tal")
    assert not await it.outbox.save_settings(it.talk, {"top_k": 4})
    writes = await it.waiting()
    assert [(write.kind, write.conversation_id, write.message_id) for write in writes] == [
        ("conversation", it.talk, ""),
        ("message", it.talk, rows[0].id),
        ("message", it.talk, rows[1].id),
        ("conversation", it.talk, ""),
        ("settings", it.talk, ""),
    ]
    assert [message_of(write) for write in writes[1:3]] == rows
    assert (title_of(writes[0]), settings_of(writes[4])) == ("Qué tal", {"top_k": 4})


@virtual_time
async def test_outbox_keeps_writes_while_the_store_is_unusable() -> None:
    it = await scene()
    await it.store.ensure_conversation(it.talk)
    it.store.unusable = True
    assert not await it.outbox.save_messages(it.talk, [user_message(it.talk, 1)])
    assert len(await it.waiting()) == 1


@virtual_time
async def test_outbox_waits_only_for_the_first_write_to_a_store_that_does_not_answer() -> None:
    it = await scene()
    await it.store.ensure_conversation(it.talk)
    it.store.delay_s = 3600
    begun = now()
    for position in range(3):
        assert not await it.outbox.save_messages(it.talk, [user_message(it.talk, position)])
    assert now() - begun == PATIENCE_S


@virtual_time
async def test_outbox_uses_the_store_again_only_when_the_stream_is_empty() -> None:
    it = await scene()
    await it.store.ensure_conversation(it.talk)
    it.store.away = True
    assert not await it.outbox.save_messages(it.talk, [user_message(it.talk, 1)])
    it.store.away = False
    assert not await it.outbox.save_messages(it.talk, [user_message(it.talk, 2)]), "it would overtake the first"
    await it.caught_up()
    assert await it.outbox.save_messages(it.talk, [user_message(it.talk, 3)])
    assert not it.outbox.is_away


@virtual_time
async def test_outbox_does_not_wait_for_a_store_that_was_found_unavailable() -> None:
    it = await scene()
    it.store.delay_s = 3600
    it.outbox.note_away(TimeoutError())
    begun = now()
    assert not await it.outbox.save_messages(it.talk, [user_message(it.talk, 1)], title="")
    assert now() == begun
    it.store.delay_s = 0
    await it.caught_up()
    await it.store.ensure_conversation(it.talk)
    assert await it.outbox.save_messages(it.talk, [user_message(it.talk, 2)])


@virtual_time
async def test_settings_are_not_saved_before_earlier_writes_of_another_process() -> None:
    it = await scene()
    other = Outbox(it.bus, it.store, PATIENCE_S)
    it.store.away = True
    await other.save_settings(it.talk, {"top_k": 1})
    it.store.away = False
    assert not await it.outbox.save_settings(it.talk, {"top_k": 2})
    assert [settings_of(write) for write in await it.waiting() if write.kind == "settings"] == [
        {"top_k": 1},
        {"top_k": 2},
    ]


async def hold_back(it: Scene, *writes: StoreWrite) -> None:
    outlet = it.bus.outlet()
    for write in writes:
        outlet.append(it.bus.keys.held_back(), write)
    await outlet.flush()


@virtual_time
async def test_deferred_writes_do_not_delay_other_conversations() -> None:
    it = await scene()
    other = new_id()
    await hold_back(it, settings_write(other, {"top_k": 1}))
    assert await it.outbox.is_waiting(other)
    assert not await it.outbox.is_waiting(it.talk)
    assert await it.outbox.save_settings(it.talk, {"top_k": 2})
    assert await it.outbox.save_messages(it.talk, [user_message(it.talk, 1)])
    assert not await it.outbox.save_settings(other, {"top_k": 3}), "it would be overwritten by the older ones"
    assert [(write.kind, write.conversation_id) for write in await it.waiting()] == [
        ("conversation", other),
        ("settings", other),
    ]


@virtual_time
async def test_deferred_writes_do_not_count_as_an_outage_of_the_store() -> None:
    it = await scene()
    await it.store.ensure_conversation(it.talk)
    it.store.away = True
    assert not await it.outbox.save_messages(it.talk, [user_message(it.talk, 1)])
    it.store.away = False
    await it.caught_up()
    await hold_back(it, conversation_write(new_id(), ""))
    assert await it.outbox.save_messages(it.talk, [user_message(it.talk, 2)])
    assert not it.outbox.is_away


@virtual_time
async def test_message_waits_for_deferred_writes_of_its_conversation() -> None:
    it = await scene()
    await hold_back(it, conversation_write(it.talk, "A title"))
    row = user_message(it.talk, 1)
    assert not await it.outbox.save_messages(it.talk, [row])
    assert [message_of(write) for write in await it.waiting()] == [row]


@virtual_time
async def test_too_many_deferred_writes_make_every_conversation_wait() -> None:
    it = await scene()
    await hold_back(it, *[conversation_write(new_id(), "")] * (MAX_HELD - 1))
    assert not await it.outbox.is_waiting(it.talk)
    await hold_back(it, conversation_write(new_id(), ""))
    assert await it.outbox.is_waiting(it.talk)


@virtual_time
async def test_write_to_a_deleted_conversation_does_not_count_as_an_outage() -> None:
    it = await scene()
    with pytest.raises(NotFound):
        await it.outbox.save_messages(it.talk, [user_message(it.talk, 1)])
    assert await it.waiting() == []
    assert not it.outbox.is_away


@virtual_time
async def test_write_raises_if_both_store_and_redis_refuse_it() -> None:
    it = await scene()
    it.store.away = True
    it.bus.break_connection()
    with pytest.raises(BusUnavailable):
        await it.outbox.save_messages(it.talk, [user_message(it.talk, 1)], title="")


@virtual_time
async def test_posted_messages_do_not_wait_for_the_store() -> None:
    it = await scene()
    it.store.delay_s = 3600
    begun = now()
    row = reply(it.talk, 1, "heard", "interrupted")
    await it.outbox.post_messages([row])
    assert (now(), [message_of(write) for write in await it.waiting()]) == (begun, [row])
    assert not it.outbox.is_away


@virtual_time
async def test_full_outbox_stream_is_logged(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(Keys, "store", lambda self: Key(f"{self.ns}:store", 60, 2))  # pyright: ignore[reportUnknownLambdaType, reportUnknownMemberType, reportUnknownArgumentType]
    it = await scene()
    it.store.away = True
    await it.outbox.save_messages(it.talk, [user_message(it.talk, 1)])
    assert not [record for record in caplog.records if record.levelno == logging.ERROR]
    await it.outbox.save_messages(it.talk, [user_message(it.talk, 2)])
    assert [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR] == [
        "the outbox is full: its oldest writes are lost"
    ]


@pytest.mark.parametrize("row", [b"", b"\xc1", b"\x90", b"\x80", b"\x81\xa2id\x01"])
def test_unreadable_row_of_a_store_write_raises_bad_entry(row: bytes) -> None:
    with pytest.raises(BadEntry):
        message_of(StoreWrite("message", new_id(), new_id(), row))


def test_message_read_from_a_store_write_equals_the_written_message() -> None:
    row = user_message(new_id(), 1, seconds=0.000001)
    row = replace(row, character_name="Zoë")
    assert message_of(message_write(row)) == row
    assert title_of(conversation_write(new_id(), "✨")) == "✨"


@pytest.mark.parametrize(("chars", "version"), [(1_000, 1), (9_000, STORE_WRITE_VERSION)])
@virtual_time
async def test_older_release_leaves_settings_that_it_would_refuse_to_this_one(chars: int, version: int) -> None:
    it = await scene()
    it.store.away = True
    await it.outbox.save_settings(it.talk, {"note": {"text": "x" * chars}})
    (_, settings) = await it.bus.read(it.bus.keys.store())
    assert settings.fields[b"v"] == str(version).encode()


@virtual_time
async def test_deletion_goes_to_the_store_if_no_write_of_the_conversation_waits() -> None:
    it = await scene()
    row = user_message(it.talk, 1)
    await it.outbox.save_messages(it.talk, [row], title="Hello")
    await it.outbox.delete_messages(it.talk, row.turn_id, range(1, 9))
    assert await it.store.history(it.talk, 10) == []
    assert await it.waiting() == []


@pytest.mark.parametrize("where", ["outbox", "deferred"])
@virtual_time
async def test_deletion_follows_the_waiting_writes_of_the_conversation(where: str) -> None:
    it = await scene()
    row = user_message(it.talk, 1)
    if where == "deferred":
        await hold_back(it, message_write(row))
    else:
        it.store.away = True
        await it.outbox.save_messages(it.talk, [row], title="Hello")
        it.store.away = False
    other_process = Outbox(it.bus, it.store, PATIENCE_S)
    await other_process.delete_messages(it.talk, row.turn_id, range(1, 9))
    last = (await it.bus.read(it.bus.keys.store()))[-1]
    assert last.fields[b"v"] == str(STORE_WRITE_VERSION).encode(), "an older release leaves it to this one"
    assert deleted_by(decode(StoreWrite, last.fields, newest=STORE_WRITE_VERSION)) == (row.turn_id, range(1, 9))


@virtual_time
async def test_rows_saved_in_order_follow_the_waiting_writes_of_the_conversation() -> None:
    it = await scene()
    it.store.away = True
    await it.outbox.save_messages(it.talk, [user_message(it.talk, 1)], title="Hello")
    it.store.away = False
    other_process = Outbox(it.bus, it.store, PATIENCE_S)
    assert not await other_process.save_messages(it.talk, [user_message(it.talk, 2)], title="Hi", in_order=True)
    assert await it.store.conversation(it.talk) is None


def test_deletion_without_a_turn_or_valid_positions_is_a_bad_entry() -> None:
    for row in ({}, {"turn_id": "a"}, {"turn_id": "a", "positions": [1]}, {"turn_id": 1, "positions": [1, 2]}):
        with pytest.raises(BadEntry):
            deleted_by(StoreWrite("delete", new_id(), row=pack(row)))
