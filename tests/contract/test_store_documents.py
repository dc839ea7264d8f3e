"""The contract of the store: documents. Each test runs with each store."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from tertulia_shared.store import EVERYBODY, Document, InvalidRecord, NotFound, Store
from tertulia_shared.store.documents import CONTENT_MAX_BYTES
from tests.harness.store_records import OpenStore, at, new_id, user_message


def persona(owner: str = EVERYBODY, content: str = '{"name":"Ada"}', *, seconds: float = 0) -> Document:
    return Document("persona", owner, new_id(), content, at(seconds))


async def test_document_is_saved_as_it_came_and_read_by_another_process(open_store: OpenStore) -> None:
    first, second = await open_store(), await open_store()
    ada = persona(content='{"b": 1.50, "a":"\\u0000 Zoë 🐈",\n "n": 1e2}')
    await first.save_document(ada)
    assert await second.document("persona", EVERYBODY, ada.id) == ada
    assert await second.documents("persona") == [ada]


async def test_documents_of_a_kind_and_owner_are_listed_by_their_ids(store: Store, talk: str) -> None:
    everybodys = [persona(), persona()]
    of_talk = [replace(persona(talk), id="b-2"), replace(persona(talk), id="b_1"), replace(persona(talk), id="a")]
    summary = Document("summary", talk, "a", "[]", at(0))
    for document in (*everybodys, *of_talk, summary):
        await store.save_document(document)
    assert await store.documents("persona") == sorted(everybodys, key=lambda each: each.id)
    assert await store.documents("persona", talk) == sorted(of_talk, key=lambda each: each.id)
    assert await store.documents("summary", talk) == [summary]
    assert await store.documents("lorebook", talk) == []


@pytest.mark.parametrize(("seconds", "kept"), [(-1, "old"), (0, "new"), (1, "new")])
async def test_write_with_the_later_time_wins(store: Store, talk: str, seconds: float, kept: str) -> None:
    document = persona(talk, '"old"')
    await store.save_document(document)
    again = replace(document, content='"new"', updated_at=at(seconds))
    await store.save_document(again)
    await store.save_document(again)
    stored = await store.document("persona", talk, document.id)
    assert stored == (again if kept == "new" else document)


async def test_deleted_document_is_gone_and_its_neighbours_stay(store: Store, talk: str) -> None:
    document = persona(talk)
    others = [replace(document, owner=EVERYBODY), replace(document, kind="lorebook"), replace(document, id=new_id())]
    for each in (document, *others):
        await store.save_document(each)
    assert await store.delete_document("persona", talk, document.id)
    assert not await store.delete_document("persona", talk, document.id)
    assert await store.document("persona", talk, document.id) is None
    for other in others:
        assert await store.document(other.kind, other.owner, other.id) == other


async def test_deleting_a_conversation_deletes_its_documents(store: Store, talk: str) -> None:
    everybodys, of_talk = persona(), persona(talk)
    for each in (everybodys, of_talk):
        await store.save_document(each)
    assert await store.delete_conversation(talk)
    assert await store.documents("persona", talk) == []
    assert await store.documents("persona") == [everybodys]
    await store.ensure_conversation(talk)
    assert await store.documents("persona", talk) == []


async def test_document_of_a_conversation_that_does_not_exist_is_refused(store: Store, talk: str) -> None:
    await store.delete_conversation(talk)
    for owner in (talk, new_id()):
        with pytest.raises(NotFound, match="conversation"):
            await store.save_document(persona(owner))
        assert await store.documents("persona", owner) == []


async def test_conversation_with_a_document_stays_when_its_only_turn_is_withdrawn(store: Store, talk: str) -> None:
    row = user_message(talk, 1)
    await store.save_messages([row])
    document = persona(talk)
    await store.save_document(document)
    await store.delete_messages(talk, row.turn_id, range(1, 9))
    assert await store.conversation(talk) is not None
    await store.delete_document("persona", talk, document.id)
    await store.delete_messages(talk, row.turn_id, range(1, 9))
    assert await store.conversation(talk) is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"kind": "diary"}, "persona, lorebook, summary"),
        ({"owner": "me"}, "UUID"),
        ({"id": ""}, "1 to 64"),
        ({"id": "A"}, "1 to 64"),
        ({"id": "a" * 65}, "1 to 64"),
        ({"content": ""}, "JSON"),
        ({"content": '{"a":'}, "JSON"),
        ({"content": '"\x00"'}, "JSON"),
        ({"content": '"\ud800"'}, "JSON"),
        ({"content": '"' + "é" * (CONTENT_MAX_BYTES // 2) + '"'}, f"at most {CONTENT_MAX_BYTES}"),
        ({"updated_at": datetime(2026, 3, 1)}, "time zone"),  # noqa: DTZ001 - what is tested
    ],
)
async def test_impossible_document_is_refused(store: Store, changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidRecord, match=reason):
        await store.save_document(replace(persona(), **changes))


async def test_largest_document_is_saved(store: Store) -> None:
    document = persona(content='"' + "x" * (CONTENT_MAX_BYTES - 2) + '"')
    await store.save_document(document)
    assert await store.document("persona", EVERYBODY, document.id) == document
