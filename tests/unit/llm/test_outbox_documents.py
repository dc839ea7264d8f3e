"""Documents in the outbox: saved directly, or in order with the other writes of their conversation."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tertulia_shared.codec import BadEntry, UnknownVersion, decode, pack
from tertulia_shared.entries import STORE_WRITE_VERSION, StoreWrite
from tertulia_shared.outbox import Outbox
from tertulia_shared.outbox_documents import delete_document_write, deleted_document_of, document_of, document_write
from tertulia_shared.store import Document, InvalidRecord, NotFound
from tests.harness.store_records import at
from tests.harness.virtual_time import virtual_time
from tests.unit.llm.outbox_bench import OutboxBench, opened_bench

PATIENCE_S = 2.0


def summary_of(bench: OutboxBench, content: str = '"the beginning"', *, seconds: float = 0) -> Document:
    return Document("summary", bench.talk, "summary", content, at(seconds))


@virtual_time
async def test_document_goes_to_the_store_if_no_write_of_the_conversation_waits() -> None:
    bench = await opened_bench()
    outbox = Outbox(bench.bus, bench.store, PATIENCE_S)
    document = summary_of(bench)
    assert await outbox.save_document(document, title="")
    assert await bench.store.document("summary", bench.talk, "summary") == document
    assert await outbox.delete_document("summary", bench.talk, "summary")
    assert await bench.store.documents("summary", bench.talk) == []
    assert await bench.bus.length(bench.bus.keys.store()) == 0


@virtual_time
async def test_documents_wait_for_an_absent_store_and_are_applied_in_order() -> None:
    bench = await opened_bench()
    outbox = Outbox(bench.bus, bench.store, PATIENCE_S)
    bench.store.away = True
    first, second = summary_of(bench), summary_of(bench, '"later"', seconds=1)
    gone = replace(first, kind="lorebook", id="gone")
    assert not await outbox.save_document(first, title="Stars")
    assert not await outbox.save_document(gone)
    assert not await outbox.save_document(second)
    bench.store.away = False
    assert not await Outbox(bench.bus, bench.store, PATIENCE_S).delete_document("lorebook", bench.talk, "gone")
    entries = await bench.bus.read(bench.bus.keys.store())
    for entry in entries[1:]:
        with pytest.raises(UnknownVersion):  # a release without documents leaves them to this one
            decode(StoreWrite, entry.fields)
        assert decode(StoreWrite, entry.fields, newest=STORE_WRITE_VERSION).conversation_id == bench.talk
    async with bench.draining():
        await bench.emptied()
    assert await bench.store.documents("summary", bench.talk) == [second]
    assert await bench.store.documents("lorebook", bench.talk) == []
    assert await bench.dead() == []


@virtual_time
async def test_document_of_a_deleted_conversation_does_not_bring_it_back() -> None:
    bench = await opened_bench()
    outbox = Outbox(bench.bus, bench.store, PATIENCE_S)
    with pytest.raises(NotFound):
        await outbox.save_document(summary_of(bench))
    bench.store.away = True
    await outbox.save_document(summary_of(bench))
    bench.store.away = False
    async with bench.draining():
        await bench.emptied()
    assert await bench.store.conversation(bench.talk) is None
    assert await bench.dead() == []


@virtual_time
async def test_impossible_document_is_refused_even_while_the_store_is_away() -> None:
    bench = await opened_bench()
    bench.store.away = True
    with pytest.raises(InvalidRecord, match="JSON"):
        await Outbox(bench.bus, bench.store, PATIENCE_S).save_document(summary_of(bench, "{"))
    assert await bench.bus.length(bench.bus.keys.store()) == 0


def test_document_survives_the_stream() -> None:
    document = Document("lorebook", "c", "a", '{"Zoë": "🐈"}', at(0.25))
    assert document_of(document_write(document)) == document
    assert deleted_document_of(delete_document_write("persona", "c", "a")) == ("persona", "a")


@pytest.mark.parametrize("row", [[], {}, {"kind": "persona"}, {"kind": 1, "id": "a"}])
def test_store_write_without_a_document_is_a_bad_entry(row: object) -> None:
    for kind, read in (("document", document_of), ("delete_document", deleted_document_of)):
        write = StoreWrite("document" if kind == "document" else "delete_document", "c", row=pack(row))
        with pytest.raises(BadEntry, match="document"):
            read(write)


def test_document_without_a_readable_time_is_a_bad_entry() -> None:
    row = pack({"kind": "persona", "id": "a", "content": "{}", "updated_at": "today"})
    with pytest.raises(BadEntry, match="time"):
        document_of(StoreWrite("document", "c", row=row))
