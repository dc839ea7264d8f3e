"""Versions of messages in the REST API, and a new conversation of the beginning of another one."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

import httpx2
import pytest

from tertulia_gateway.rest.conversation_branch import branched_title
from tertulia_gateway.rest.message_versions import page_of
from tertulia_shared.bus import Put
from tertulia_shared.conversation_cast import Cast
from tertulia_shared.conversation_summary import Summary
from tertulia_shared.store import Document, Message, SetAside, StoreUnavailable
from tertulia_shared.summary_documents import summary_document
from tertulia_shared.testing.memory_bus import MemoryBus
from tertulia_shared.testing.memory_store import MemoryStore
from tests.harness.store_records import new_id, reply, user_message
from tests.unit.gateway.rest_client import problem


async def talk(store: MemoryStore) -> tuple[str, list[Message]]:
    """Store a conversation whose reply has three versions; the first one was continued, the second one is chosen."""
    c = str(uuid4())
    await store.ensure_conversation(c, "The harbour")
    mine, one, more = user_message(c, 1, "Hi"), reply(c, 2, "one", "complete"), user_message(c, 3, "more")
    two = replace(reply(c, 4, "two", "complete"), replaces=one.id)
    three = replace(reply(c, 5, "three", "complete"), replaces=one.id)
    await store.save_messages([mine, one, more, two, three])
    await store.choose_version(c, two.id, before=6)
    last = user_message(c, 7, "Bye")
    await store.save_messages([last])
    return c, [mine, one, more, two, three, last]


async def test_message_lists_its_versions_in_order(api: httpx2.AsyncClient, store: MemoryStore) -> None:
    c, (_, one, _, two, three, _) = await talk(store)
    messages = (await api.get(f"/api/conversations/{c}")).json()["messages"]
    assert [each["text"] for each in messages] == ["Hi", "two", "Bye"]
    assert [each["versions"] for each in messages] == [[], [one.id, two.id, three.id], []]
    assert [each["replaces"] for each in messages] == ["", one.id, ""]


async def test_messages_that_are_set_aside_are_listed_with_their_branches(
    api: httpx2.AsyncClient, store: MemoryStore
) -> None:
    c, (_, one, _, _, three, _) = await talk(store)
    begun = replace(reply(c, 8), replaces=one.id)
    await store.save_messages([begun, replace(begun, id=new_id(), position=9, text="four", status="complete")])
    items = (await api.get(f"/api/conversations/{c}/versions")).json()["items"]
    listed = [(each["message"]["text"], each["branch"]) for each in items]
    assert listed == [("one", one.id), ("more", one.id), ("two", one_of(items, "two")), ("three", three.id),
                      ("Bye", one_of(items, "two"))]  # fmt: skip
    problem(await api.get(f"/api/conversations/{uuid4()}/versions"), 404)
    shown = (await api.get(f"/api/conversations/{c}")).json()["messages"]
    assert begun.id not in shown[-1]["versions"], "a reply without text was never shown"


async def test_messages_that_are_set_aside_have_pages(api: httpx2.AsyncClient, store: MemoryStore) -> None:
    c, _ = await talk(store)
    path = f"/api/conversations/{c}/versions"
    whole = (await api.get(path)).json()
    assert (len(whole["items"]), whole["next"]) == (3, None)
    for limit in (1, 2, 3, 9):
        items, after = list[object](), ""
        while after is not None:
            page = (await api.get(f"{path}?limit={limit}" + (f"&after={after}" if after else ""))).json()
            assert len(page["items"]) <= limit
            items, after = items + page["items"], page["next"]
        assert items == whole["items"]
    for wrong in ("limit=0", "limit=1001", "after=-1", "after=x"):
        problem(await api.get(f"{path}?{wrong}"), 422)


def test_page_does_not_end_between_messages_of_one_position() -> None:
    c = new_id()
    aside = [SetAside(user_message(c, position, "Hi"), branch=new_id()) for position in (1, 2, 2, 3)]
    assert page_of(aside, 2, None) == (aside[:3], 2)
    assert page_of(aside, 2, 2) == (aside[3:], None)
    assert page_of(aside[:3], 2, None) == (aside[:3], None)
    assert page_of(aside, None, 1) == (aside[1:], None)


def one_of(items: list[dict[str, dict[str, str]]], text: str) -> str:
    return next(each["message"]["id"] for each in items if each["message"]["text"] == text)


async def branched(api: httpx2.AsyncClient, c: str, message_id: str, request_id: str = "") -> httpx2.Response:
    body = {"message_id": message_id, "request_id": request_id or new_id()}
    return await api.post(f"/api/conversations/{c}/branch", json=body)


async def test_branch_has_the_beginning_the_settings_and_the_cast(api: httpx2.AsyncClient, store: MemoryStore) -> None:
    c, (mine, _, _, two, _, _) = await talk(store)
    luna = (await store.characters())[0]
    settings = {"temperature": 0.5, **Cast((luna.id,), {luna.id: (1,)}).stored()}
    await store.save_model_settings(c, settings)
    await store.save_document(Document("lorebook", c, "harbour", '{"entries":[]}', mine.created_at))
    made = await branched(api, c, two.id)
    assert made.status_code == 201
    assert (made.json()["title"], made.json()["messages"]) == ("The harbour (2)", 2)
    copies = await store.messages(made.json()["id"], 10)
    kept = [(each.text, each.position, each.created_at, each.character_id, each.status) for each in copies]
    assert kept == [(each.text, each.position, each.created_at, each.character_id, each.status) for each in (mine, two)]
    assert not {each.id for each in copies} & {mine.id, two.id}
    assert [each.replaces for each in copies] == ["", ""]
    assert await store.versions(made.json()["id"]) == []
    assert await store.model_settings(made.json()["id"]) == settings
    (book,) = await store.documents("lorebook", made.json()["id"])
    assert (book.id, book.content) == ("harbour", '{"entries":[]}')
    assert len(await store.messages(c, 10)) == 3


@pytest.mark.parametrize(("covers", "text"), [(2, "They met."), (4, "They met."), (7, "")])
async def test_branch_has_a_summary_that_covers_only_what_it_has(
    api: httpx2.AsyncClient, store: MemoryStore, covers: int, text: str
) -> None:
    c, (_, _, _, two, _, _) = await talk(store)
    summary = Summary(made="They met.", covers=covers, made_at_ms=5, usage={"prompt_tokens": 9})
    await store.save_document(summary_document(c, summary))
    made = (await branched(api, c, two.id)).json()["id"]
    copy = (await api.get(f"/api/conversations/{made}/summary")).json()
    assert (copy["text"], copy["covers"], copy["usage"]) == (text, covers if text else 0, {})
    await store.save_document(summary_document(c, replace(summary, off=True, made_at_ms=6)))
    made = (await branched(api, c, two.id)).json()["id"]
    copy = (await api.get(f"/api/conversations/{made}/summary")).json()
    assert (copy["text"], copy["off"]) == (text, True)


async def test_branch_has_no_summary_that_a_change_of_the_past_has_emptied(
    api: httpx2.AsyncClient, store: MemoryStore, bus: MemoryBus
) -> None:
    c, (_, _, _, two, _, _) = await talk(store)
    await store.save_document(summary_document(c, Summary(made="They met.", covers=2, made_at_ms=5)))
    await bus.transact(c, [Put(bus.keys.state(c), Summary(made_at_ms=6).fields())])  # not yet in the store
    made = (await branched(api, c, two.id)).json()["id"]
    assert await store.documents("summary", made) == []


async def test_repeated_request_makes_one_branch_and_keeps_what_was_changed_in_it(
    api: httpx2.AsyncClient, store: MemoryStore
) -> None:
    c, (_, _, _, two, _, _) = await talk(store)
    request_id = new_id()
    first = (await branched(api, c, two.id, request_id)).json()["id"]
    await store.rename_conversation(first, "Mine")
    copies = await store.messages(first, 10)
    await store.remove_message(first, copies[0].id)
    again = await branched(api, c, two.id, request_id)
    assert (again.status_code, again.json()["id"], again.json()["title"]) == (200, first, "Mine")
    assert await store.messages(first, 10) == copies[1:]
    assert (await branched(api, c, two.id)).json()["id"] != first


async def test_repeated_request_completes_a_branch_that_the_store_interrupted(
    api: httpx2.AsyncClient, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    c, (_, _, _, two, _, _) = await talk(store)
    request_id, save = new_id(), store.save_messages

    async def failing(messages: list[Message]) -> None:
        raise StoreUnavailable("the database is locked")

    monkeypatch.setattr(store, "save_messages", failing)
    problem(await branched(api, c, two.id, request_id), 503)
    monkeypatch.setattr(store, "save_messages", save)
    made = await branched(api, c, two.id, request_id)
    assert [each.text for each in await store.messages(made.json()["id"], 10)] == ["Hi", "two"]


async def test_reply_that_is_being_given_is_interrupted_in_the_branch(
    api: httpx2.AsyncClient, store: MemoryStore
) -> None:
    c, _ = await talk(store)
    unshown, begun = reply(c, 8), reply(c, 9, "Well")
    await store.save_messages([unshown, begun])
    made = await branched(api, c, begun.id)
    assert [(each.text, each.status) for each in await store.messages(made.json()["id"], 10)][-2:] == [
        ("Bye", "complete"), ("Well", "interrupted")
    ]  # fmt: skip


async def test_branch_at_a_message_that_is_not_at_the_table_is_refused(
    api: httpx2.AsyncClient, store: MemoryStore
) -> None:
    c, (_, one, *_) = await talk(store)
    for message_id in (one.id, new_id()):
        details = problem(await branched(api, c, message_id), 404)
        assert message_id in details["detail"]
    problem(await branched(api, new_id(), one.id), 404)
    problem(await api.post(f"/api/conversations/{c}/branch", json={"message_id": one.id, "request_id": "again"}), 422)
    assert len(await store.conversations(10)) == 1


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("", ""),
        ("Stars", "Stars (2)"),
        ("Stars (2)", "Stars (3)"),
        ("Stars (09)", "Stars (09) (2)"),
        ("(2)", "(2) (2)"),
        ("x" * 200, "x" * 196 + " (2)"),
        ("x" * 196 + " (9)", "x" * 195 + " (10)"),
    ],
)
def test_title_of_a_branch_is_numbered(title: str, expected: str) -> None:
    assert branched_title(title) == expected
