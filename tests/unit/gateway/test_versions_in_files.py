"""Versions of messages in exported and imported files."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import httpx2
import pytest

from tertulia_gateway.problem_codes import ProblemCode
from tertulia_gateway.rest import export
from tertulia_shared.store import Message
from tertulia_shared.store.ordering import turn_position
from tertulia_shared.testing.memory_store import MemoryStore
from tests.harness.store_records import at, new_id, reply, user_message
from tests.unit.gateway.rest_client import problem

MS = 1_772_366_400_000


def position(turn: int, slot: int) -> int:
    return turn_position(f"{MS + turn}-0", slot)


async def conversation(store: MemoryStore) -> str:
    """Store a conversation in which the first message was edited and a reply was made again twice.

    At the table: Hey, (two). Set aside: Hi with its reply; one with what followed it; three.
    """
    c = new_id()
    await store.ensure_conversation(c, "The harbour")
    luna = (await store.characters())[0]

    def said(turn: int, text: str, replaces: str = "") -> Message:
        return replace(user_message(c, position(turn, 0), text, seconds=turn), replaces=replaces)

    def answered(turn: int, text: str, replaces: str = "") -> Message:
        message = reply(c, position(turn, 1), text, "complete", seconds=turn)
        return replace(message, replaces=replaces, character_id=luna.id)

    first = said(1, "Hi")
    edited, one = said(2, "Hey", first.id), answered(2, "one")
    two, three = answered(4, "two", one.id), answered(5, "three", one.id)
    two = replace(two, text="two, in part", unheard=" and more", status="interrupted", character_name="Rex")
    rows = [first, answered(1, "Hello"), edited, one, said(3, "more"), two, three]
    await store.save_messages(rows)
    await store.choose_version(c, two.id, before=position(6, 0))
    return c


async def exported(api: httpx2.AsyncClient, c: str, format: str) -> str:
    return (await api.get(f"/api/conversations/{c}/export", params={"format": format})).text


async def imported(api: httpx2.AsyncClient, content: str) -> str:
    response = await api.post("/api/conversations/import", content=content)
    assert response.status_code in (200, 201), response.text
    return response.json()["id"]


async def table(store: MemoryStore, c: str) -> list[str]:
    return [each.text for each in await store.messages(c, 100)]


async def branches(store: MemoryStore, c: str) -> dict[str, list[str]]:
    aside = await store.versions(c)
    texts = {each.message.id: each.message.text for each in aside}
    found: dict[str, list[str]] = {}
    for each in aside:
        found.setdefault(texts[each.branch], []).append(each.message.text)
    return found


@pytest.mark.parametrize("page", [1, 2, export.EXPORT_PAGE])
async def test_json_keeps_all_versions_and_their_branches(
    api: httpx2.AsyncClient, store: MemoryStore, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    monkeypatch.setattr(export, "EXPORT_PAGE", page)
    c = await conversation(store)
    content = await exported(api, c, "json")
    copy = await imported(api, content)
    assert await imported(api, content) == copy
    assert await table(store, copy) == await table(store, c) == ["Hey", "two, in part"]
    assert await branches(store, copy) == {"Hi": ["Hi", "Hello"], "one": ["one", "more"], "three": ["three"]}
    for before, after in zip(await store.versions(c), await store.versions(copy), strict=True):
        assert (before.message.position, before.message.created_at) == (
            after.message.position,
            after.message.created_at,
        )
        assert before.message.id != after.message.id
    shown = (await api.get(f"/api/conversations/{copy}")).json()["messages"]
    assert [len(each["versions"]) for each in shown] == [2, 3]
    await store.choose_version(copy, shown[0]["versions"][0], before=position(9, 0))
    assert await table(store, copy) == ["Hi", "Hello"]
    again = json.loads(await exported(api, copy, "json"))
    assert [each["text"] for each in again["set_aside"]] == ["Hey", "one", "more", "two, in part", "three"]


async def test_json_without_versions_has_no_fields_for_them(api: httpx2.AsyncClient, store: MemoryStore) -> None:
    c = new_id()
    await store.ensure_conversation(c)
    await store.save_messages([user_message(c, 1, "Hi")])
    file = json.loads(await exported(api, c, "json"))
    assert "set_aside" not in file
    assert not {"replaces", "versions"} & file["messages"][0].keys()


async def test_user_may_choose_and_remove_in_a_copy_before_the_request_is_repeated(
    api: httpx2.AsyncClient, store: MemoryStore
) -> None:
    content = await exported(api, await conversation(store), "json")
    copy = await imported(api, content)
    aside = {each.message.text: each.message.id for each in await store.versions(copy)}
    await store.choose_version(copy, aside["one"], before=position(9, 0))
    await store.remove_message(copy, aside["more"])
    await imported(api, content)
    assert await table(store, copy) == ["Hey", "one"]
    assert await branches(store, copy) == {
        "Hi": ["Hi", "Hello"], "two, in part": ["two, in part"], "three": ["three"]
    }  # fmt: skip


async def test_version_whose_first_one_is_not_in_the_file_keeps_its_group(
    api: httpx2.AsyncClient, store: MemoryStore
) -> None:
    gone = new_id()
    first = {"id": "a", "role": "character", "character_name": "Luna", "text": "a", "replaces": gone}
    other = first | {"id": "b", "text": "b", "branch": "b"}
    file = {"format": "tertulia.conversation/1", "messages": [first], "set_aside": [other]}
    copy = await imported(api, json.dumps(file))
    (shown,) = (await api.get(f"/api/conversations/{copy}")).json()["messages"]
    assert len(shown["versions"]) == 2
    await store.choose_version(copy, shown["versions"][1], before=position(9, 0))
    assert await table(store, copy) == ["b"]


async def test_only_one_version_of_a_message_comes_to_the_table(api: httpx2.AsyncClient, store: MemoryStore) -> None:
    row = {"id": "a", "role": "user", "text": "a"}
    messages = [row, row | {"id": "b", "text": "b", "replaces": "a"}, row | {"id": "c", "text": "c", "replaces": "c"}]
    copy = await imported(api, json.dumps({"format": "tertulia.conversation/1", "messages": messages}))
    assert await table(store, copy) == ["a", "b", "c"]
    assert await store.versions(copy) == []


ROW = {"id": "a", "role": "user", "text": "Hello"}


@pytest.mark.parametrize(
    ("set_aside", "number"),
    [
        ({}, 2),
        ([1], 2),
        ([ROW], 2),
        ([ROW | {"branch": ""}], 2),
        ([ROW | {"branch": "a"}, ROW | {"id": "b", "branch": "c"}], 3),
        ([ROW | {"id": "b", "branch": "a"}], 2),
        ([ROW | {"branch": "a", "text": None}], 2),
    ],
)
async def test_impossible_branches_are_refused(
    api: httpx2.AsyncClient, store: MemoryStore, set_aside: object, number: int
) -> None:
    file = {"format": "tertulia.conversation/1", "messages": [ROW], "set_aside": set_aside}
    details = problem(await api.post("/api/conversations/import", content=json.dumps(file)), 422)
    assert (details["code"], details["params"]) == (ProblemCode.IMPORT_MESSAGE, {"number": number})
    assert await store.conversations(10) == []


async def test_swipes_of_silly_tavern_are_the_versions_of_a_reply(api: httpx2.AsyncClient, store: MemoryStore) -> None:
    c = await conversation(store)
    content = await exported(api, c, "jsonl")
    _, mine, answer = map(json.loads, content.splitlines())
    assert "swipes" not in mine
    assert (answer["mes"], answer["swipes"], answer["swipe_id"]) == (
        "two, in part", ["one", "two, in part", "three"], 1
    )  # fmt: skip
    assert [each["send_date"] for each in answer["swipe_info"]] == [
        f"2026-03-01T12:00:0{second}.000Z" for second in (2, 4, 5)
    ]
    copy = await imported(api, content)
    assert await table(store, copy) == ["Hey", "two, in part"]
    assert await branches(store, copy) == {"one": ["one"], "three": ["three"]}
    shown = (await api.get(f"/api/conversations/{copy}")).json()["messages"]
    versions = {each.message.id: each.message for each in await store.versions(copy)}
    assert [versions[each].text if each in versions else "" for each in shown[1]["versions"]] == ["one", "", "three"]
    first = versions[shown[1]["versions"][0]]
    assert (first.character_name, first.created_at) == ("Luna", at(2))
    await store.choose_version(copy, first.id, before=position(9, 0))
    assert await table(store, copy) == ["Hey", "one"]


async def test_message_of_the_user_is_no_swipe_of_a_reply(api: httpx2.AsyncClient, store: MemoryStore) -> None:
    c = new_id()
    await store.ensure_conversation(c)
    followed = user_message(c, 2, "And?")
    went_on = replace(reply(c, 3, "By the way", "complete"), replaces=followed.id)
    await store.save_messages([reply(c, 1, "Hello", "complete"), followed, went_on])
    _, _, answer = map(json.loads, (await exported(api, c, "jsonl")).splitlines())
    assert answer["mes"] == "By the way"
    assert "swipes" not in answer


def line(**fields: Any) -> str:
    return json.dumps({"name": "Luna", "is_user": False, "mes": "b", **fields})


async def test_swipes_in_the_middle_of_a_foreign_chat_are_set_aside(
    api: httpx2.AsyncClient, store: MemoryStore
) -> None:
    asked = json.dumps({"name": "Ann", "is_user": True, "mes": "And?"})
    copy = await imported(
        api, "\n".join([line(mes="b, edited", swipes=["a", "b", "", "c"], swipe_id=1, swipe_info=[]), asked, line()])
    )
    assert await table(store, copy) == ["b, edited", "And?", "b"]
    assert await branches(store, copy) == {"a": ["a"], "c": ["c"]}
    first = (await store.versions(copy))[0].message
    await store.choose_version(copy, first.id, before=position(0, 0))
    assert await table(store, copy) == ["a"]


@pytest.mark.parametrize(
    "fields",
    [
        {"swipes": ["b"], "swipe_id": 0},
        {"swipes": ["a", "b"], "swipe_id": 2},
        {"swipes": ["a", "b"], "swipe_id": True},
        {"swipes": ["a", "b"], "swipe_id": "1"},
        {"swipes": [], "swipe_id": 0},
        {"swipes": None},
        {"swipes": ["", "b", " "], "swipe_id": 1},
    ],
)
async def test_swipes_without_another_version_are_ignored(
    api: httpx2.AsyncClient, store: MemoryStore, fields: dict[str, Any]
) -> None:
    copy = await imported(api, "\n".join([line(**fields), line()]))
    assert await table(store, copy) == ["b", "b"]
    assert await store.versions(copy) == []


async def test_swipe_that_is_no_text_is_refused(api: httpx2.AsyncClient) -> None:
    content = "\n".join([line(swipes=["b", 1], swipe_id=0), line()])
    details = problem(await api.post("/api/conversations/import", content=content), 422)
    assert (details["code"], details["params"]) == (ProblemCode.IMPORT_MESSAGE, {"number": 1})
