"""Lorebooks in the REST API, and what a resume restores of them."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any

import httpx2
import pytest

from tertulia_gateway.commands import Resume
from tertulia_gateway.conversation.resume import create_conversation, resume_conversation
from tertulia_shared.bus import Append, Put
from tertulia_shared.codec import decode, decode_event
from tertulia_shared.conversation_state import ConversationState, StateField
from tertulia_shared.entries import StoreWrite
from tertulia_shared.events import LorebookChanged
from tertulia_shared.ids import new_id
from tertulia_shared.lorebooks.forms import MAX_BYTES, encoded, revision_of
from tertulia_shared.store.records import utc_now
from tertulia_shared.testing.memory_bus import MemoryBus
from tertulia_shared.testing.memory_store import MemoryStore
from tests.harness.card_shapes import SHAPES
from tests.unit.gateway.rest_client import client_of, problem

NOW_MS = 1_800_000_000_000
WORLD_INFO: dict[str, Any] = {
    "entries": {"0": {"uid": 0, "key": ["tower"], "content": "It leans.", "unknown": [1]}}, "originalData": {}
}  # fmt: skip
CHARACTER_BOOK: dict[str, Any] = {
    "extensions": {}, "entries": [{"keys": ["tower"], "content": "It leans.", "enabled": True, "extensions": {"x": 1}}]
}  # fmt: skip


@pytest.fixture
async def api(bus: MemoryBus, store: MemoryStore) -> AsyncGenerator[httpx2.AsyncClient]:
    async with client_of(bus, store) as client:
        yield client


@pytest.fixture
async def path(store: MemoryStore) -> str:
    """The lorebook of a conversation that is only in the store."""
    id = new_id()
    await store.ensure_conversation(id, "A talk")
    return f"/api/conversations/{id}/lorebook"


def id_in(path: str) -> str:
    return path.split("/")[3]


async def state_of(bus: MemoryBus, conversation_id: str) -> ConversationState:
    return ConversationState(await bus.hash(bus.keys.state(conversation_id)))


async def published(bus: MemoryBus, conversation_id: str) -> tuple[str, str]:
    """The content and the revision that llm workers read."""
    fields = await bus.hash(bus.keys.lorebook(conversation_id))
    return fields.get(b"content", b"").decode(), fields.get(b"revision", b"").decode()


async def test_lorebook_is_saved_published_and_deleted(
    api: httpx2.AsyncClient, bus: MemoryBus, store: MemoryStore, path: str
) -> None:
    id = id_in(path)
    assert (await api.get(path)).json() == {"entries": {}}
    for _ in range(2):
        answer = await api.put(path, content=json.dumps(WORLD_INFO))
        assert answer.json() == WORLD_INFO
    document = await store.document("lorebook", id, "book")
    assert document is not None
    assert json.loads(document.content) == WORLD_INFO
    revision = revision_of(document.content)
    assert await published(bus, id) == (document.content, revision)
    assert (await state_of(bus, id)).get(StateField.LOREBOOK) == revision.encode()
    assert (await api.get(path)).json() == WORLD_INFO
    assert (await api.delete(path)).status_code == 204
    assert (await api.delete(path)).status_code == 204
    assert (await api.get(path)).json() == {"entries": {}}
    assert await store.document("lorebook", id, "book") is None
    assert (await state_of(bus, id)).get(StateField.LOREBOOK) == b""
    assert await published(bus, id) == ("", "")
    events = [decode_event(entry.fields) for entry in await bus.read(bus.keys.events(id))]
    assert events[0] == LorebookChanged(revision, 1)
    assert events[-1] == LorebookChanged("", 0)


async def test_character_book_becomes_world_info_of_the_conversation(api: httpx2.AsyncClient, path: str) -> None:
    answer = await api.put(path, content="\ufeff" + json.dumps(CHARACTER_BOOK))
    entry = answer.json()["entries"]["0"]
    assert (entry["key"], entry["content"], entry["disable"], entry["extensions"]) == (
        ["tower"],
        "It leans.",
        False,
        {"x": 1},
    )
    back = (await api.get(path, params={"format": "character_book"})).json()["entries"][0]
    assert (back["keys"], back["enabled"], back["extensions"]["x"]) == (["tower"], True, 1)


async def test_lorebook_is_kept_while_the_store_is_away(
    api: httpx2.AsyncClient, bus: MemoryBus, store: MemoryStore
) -> None:
    id = (await create_conversation(bus, "me", demo=False)).conversation_id
    path = f"/api/conversations/{id}/lorebook"
    store.away = True
    assert (await api.put(path, content=json.dumps(WORLD_INFO))).status_code == 200
    assert (await api.get(path)).json() == WORLD_INFO
    kinds = [decode(StoreWrite, entry.fields, newest=99).kind for entry in await bus.read(bus.keys.store())]
    assert kinds == ["conversation", "document"]


async def test_lorebook_is_kept_if_redis_refuses_its_key(
    api: httpx2.AsyncClient, bus: MemoryBus, store: MemoryStore, path: str
) -> None:
    id = id_in(path)
    await bus.transact(id, [Append(bus.keys.lorebook(id), LorebookChanged())])
    assert (await api.put(path, content=json.dumps(WORLD_INFO))).status_code == 200
    document = await store.document("lorebook", id, "book")
    assert document is not None
    assert (await state_of(bus, id)).get(StateField.LOREBOOK) == revision_of(document.content).encode()


async def test_what_is_no_lorebook_is_refused(api: httpx2.AsyncClient, path: str) -> None:
    for body, code in (
        ("", "lorebook_no_json"),
        ("{}", "lorebook_not_a_lorebook"),
        (json.dumps({"entries": {"0": {"content": "x" * MAX_BYTES}}}), "lorebook_too_large"),
    ):
        assert problem(await api.put(path, content=body), 422)["code"] == code
    problem(await api.put(f"/api/conversations/{new_id()}/lorebook", content=json.dumps(WORLD_INFO)), 404)
    problem(await api.get(f"/api/conversations/{new_id()}/lorebook"), 404)
    problem(await api.delete(f"/api/conversations/{new_id()}/lorebook"), 404)


async def test_resume_restores_the_lorebook_of_an_expired_state(bus: MemoryBus, store: MemoryStore, path: str) -> None:
    async with client_of(bus, store) as api:
        await api.put(path, content=json.dumps(WORLD_INFO))
    id, fresh = id_in(path), MemoryBus(bus.keys)
    await resume_conversation(fresh, store, "me", Resume(id), NOW_MS)
    text = encoded(WORLD_INFO)
    assert await published(fresh, id) == (text, revision_of(text))
    assert (await state_of(fresh, id)).get(StateField.LOREBOOK) == revision_of(text).encode()


async def test_resume_does_not_replace_a_newer_lorebook(bus: MemoryBus, store: MemoryStore, path: str) -> None:
    id = id_in(path)
    await bus.transact(id, [Put(bus.keys.state(id), {StateField.LOREBOOK: "newer"})])
    await resume_conversation(bus, store, "me", Resume(id), NOW_MS)
    assert (await state_of(bus, id)).get(StateField.LOREBOOK) == b"newer"


async def test_resume_without_the_store_tries_again_next_time(bus: MemoryBus, store: MemoryStore) -> None:
    id = (await create_conversation(bus, "me", demo=False)).conversation_id
    await bus.transact(id, [Put(bus.keys.state(id), {StateField.LOREBOOK: None})])
    store.away = True
    await resume_conversation(bus, store, "me", Resume(id), NOW_MS)
    assert StateField.LOREBOOK not in await state_of(bus, id)
    store.away = False
    await resume_conversation(bus, store, "me", Resume(id), NOW_MS)
    assert (await state_of(bus, id)).get(StateField.LOREBOOK) == b""


@pytest.mark.parametrize("card", SHAPES.values(), ids=SHAPES.keys())
async def test_lorebook_of_a_character_is_in_its_card(api: httpx2.AsyncClient, store: MemoryStore, card: str) -> None:
    character = replace((await store.characters())[0], card=card, updated_at=utc_now())
    await store.save_character(character)
    path = f"/api/characters/{character.id}/lorebook"
    before = (await api.get(path, params={"format": "character_book"})).json()
    answer = await api.put(path, params={"format": "character_book"}, content=json.dumps(WORLD_INFO))
    book = answer.json()
    assert book["entries"][0]["keys"] == ["tower"]
    assert book["entries"][0]["unknown"] == [1]
    assert (await api.get(path, params={"format": "character_book"})).json() == book
    if json.loads(card).get("data", {}).get("character_book"):
        await api.put(path, params={"format": "character_book"}, content=json.dumps(before))
        saved = await store.character(character.id)
        assert saved is not None
        assert json.loads(saved.card) == json.loads(card)
    assert (await api.delete(path)).status_code == 204
    assert (await api.get(path)).json()["entries"] == {}


async def test_character_without_a_card_gets_one(api: httpx2.AsyncClient, store: MemoryStore) -> None:
    luna = (await store.characters())[0]
    path = f"/api/characters/{luna.id}/lorebook"
    assert (await api.get(path)).json()["entries"] == {}
    assert (await api.delete(path)).status_code == 204
    saved = await store.character(luna.id)
    assert saved is not None
    assert saved.card == ""
    await api.put(path, content=json.dumps(CHARACTER_BOOK))
    assert list((await api.get(path)).json()["entries"]) == ["0"]
    saved = await store.character(luna.id)
    assert saved is not None
    data = json.loads(saved.card)["data"]
    assert (data["name"], data["character_book"]) == (luna.name, CHARACTER_BOOK)
    exported = (await api.get(f"/api/characters/{luna.id}/card")).json()
    assert exported["data"]["description"] == luna.system_prompt


async def test_lorebook_of_an_unknown_character(api: httpx2.AsyncClient) -> None:
    path = f"/api/characters/{new_id()}/lorebook"
    problem(await api.get(path), 404)
    problem(await api.delete(path), 404)
    problem(await api.put(path, content=json.dumps(WORLD_INFO)), 404)
    problem(await api.put(path, content="{}"), 422)
