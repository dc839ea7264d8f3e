"""Versions of messages in the outbox: saved directly, or in order with the other writes of their conversation."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tertulia_shared.codec import BadEntry, UnknownVersion, decode, pack
from tertulia_shared.entries import STORE_WRITE_VERSION, StoreWrite
from tertulia_shared.outbox import Outbox
from tertulia_shared.outbox_versions import choose_write, chosen_before
from tertulia_shared.outbox_writes import message_of, message_write
from tertulia_shared.store import Message
from tests.harness.virtual_time import virtual_time
from tests.unit.llm.outbox_bench import OutboxBench, opened_bench, said

PATIENCE_S = 2.0


def edited(message: Message, position: int, text: str) -> Message:
    return replace(said(message.conversation_id, position), text=text, replaces=message.id)


async def table(bench: OutboxBench) -> list[str]:
    return [message.text for message in await bench.store.history(bench.talk, 10)]


@virtual_time
async def test_changes_go_to_the_store_if_no_write_of_the_conversation_waits() -> None:
    bench = await opened_bench()
    outbox, first = Outbox(bench.bus, bench.store, PATIENCE_S), said(bench.talk, 1)
    again = edited(first, 2, "again")
    await outbox.save_messages(bench.talk, [first, again], title="")
    await outbox.choose_version(bench.talk, first.id, before=3)
    assert await table(bench) == ["1"]
    await outbox.remove_message(bench.talk, first.id)
    assert await table(bench) == []
    assert await bench.bus.length(bench.bus.keys.store()) == 0


@virtual_time
async def test_changes_wait_for_an_absent_store_and_are_applied_in_order() -> None:
    bench = await opened_bench()
    outbox, first, other = Outbox(bench.bus, bench.store, PATIENCE_S), said(bench.talk, 1), said(bench.talk, 2)
    again = edited(first, 3, "again")
    bench.store.away = True
    await outbox.save_messages(bench.talk, [first, other], title="")
    await outbox.save_messages(bench.talk, [again])
    await outbox.choose_version(bench.talk, first.id, before=4)
    bench.store.away = False
    await Outbox(bench.bus, bench.store, PATIENCE_S).remove_message(bench.talk, other.id)
    for entry in (await bench.bus.read(bench.bus.keys.store()))[3:]:
        with pytest.raises(UnknownVersion):  # a release that does not know versions leaves them to this one
            decode(StoreWrite, entry.fields)
        assert decode(StoreWrite, entry.fields, newest=STORE_WRITE_VERSION).conversation_id == bench.talk
    async with bench.draining():
        await bench.emptied()
    assert await table(bench) == ["1"]
    assert [each.message.text for each in await bench.store.versions(bench.talk)] == ["again"]
    assert await bench.dead() == []


@virtual_time
async def test_version_is_saved_after_the_writes_that_wait() -> None:
    bench = await opened_bench()
    first = said(bench.talk, 1)
    bench.store.away = True
    await Outbox(bench.bus, bench.store, PATIENCE_S).save_messages(bench.talk, [first], title="")
    bench.store.away = False
    saved = await Outbox(bench.bus, bench.store, PATIENCE_S).save_messages(bench.talk, [edited(first, 2, "again")])
    assert not saved
    async with bench.draining():
        await bench.emptied()
    assert await table(bench) == ["again"]


def test_version_survives_the_stream() -> None:
    message = edited(said("c", 1), 2, "again")
    assert message_write(message).kind == "version"
    assert message_of(message_write(message)) == message
    assert chosen_before(choose_write("c", "m", 5)) == 5


@pytest.mark.parametrize("row", [[], {}, {"before": "5"}])
def test_choice_without_a_position_is_a_bad_entry(row: object) -> None:
    with pytest.raises(BadEntry, match="position"):
        chosen_before(StoreWrite("choose", "c", "m", pack(row)))
