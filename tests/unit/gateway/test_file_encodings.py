"""Files with cards, lorebooks and conversations in the encodings that editors write."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest

from tertulia_shared.testing.memory_store import MemoryStore
from tests.harness.card_shapes import DATA, V2, charx
from tests.unit.gateway.rest_client import problem

CARD: dict[str, Any] = {**V2, "data": {**DATA, "name": "Zoë", "description": "Eine Uhrmacherin für Ängstliche. 時計"}}
WORLD_INFO: dict[str, Any] = {"entries": {"0": {"key": ["Türme"], "content": "Sie sind schief. 塔"}}}
CHAT_LINES: list[dict[str, Any]] = [
    {"user_name": "Ann", "chat_metadata": {}},
    {"name": "Zoë", "is_user": False, "mes": "Schön, dich zu sehen."},
]
CHAT = "\r\n".join(json.dumps(line, ensure_ascii=False) for line in CHAT_LINES)
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-be")
OTHERS = ("cp1252", "utf-32")
LOREBOOKS = ("conversations", "characters")


def encoded(text: str, encoding: str) -> bytes:
    """The file that an editor writes: Python writes no mark for an explicit order of the bytes."""
    return (f"\ufeff{text}" if encoding == "utf-16-be" else text).encode(encoding, "replace")


def dumped(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


async def lorebook_path(owner: str, store: MemoryStore) -> str:
    if owner == "conversations":
        id = "12345678-1234-4234-8234-123456789012"
        await store.ensure_conversation(id, "")
    else:
        id = (await store.characters())[0].id
    return f"/api/{owner}/{id}/lorebook"


@pytest.mark.parametrize("encoding", ENCODINGS)
async def test_card_is_read(api: httpx2.AsyncClient, encoding: str) -> None:
    file = encoded(dumped(CARD), encoding)
    for content in (file, charx({"card.json": file})):
        answer = await api.post("/api/characters/card", content=content)
        assert answer.status_code == 200, answer.text
        assert answer.json()["character"]["name"] == "Zoë"
        assert answer.json()["character"]["card"] == dumped(CARD)


@pytest.mark.parametrize("owner", LOREBOOKS)
@pytest.mark.parametrize("encoding", ENCODINGS)
async def test_lorebook_is_read(api: httpx2.AsyncClient, store: MemoryStore, owner: str, encoding: str) -> None:
    path = await lorebook_path(owner, store)
    answer = await api.put(path, content=encoded(dumped(WORLD_INFO), encoding))
    assert answer.status_code == 200, answer.text
    (entry,) = (await api.get(path)).json()["entries"].values()
    assert (entry["key"], entry["content"]) == (["Türme"], "Sie sind schief. 塔")


@pytest.mark.parametrize("encoding", ENCODINGS)
async def test_chat_is_read(api: httpx2.AsyncClient, store: MemoryStore, encoding: str) -> None:
    answer = await api.post("/api/conversations/import", content=encoded(CHAT, encoding))
    assert answer.status_code == 201, answer.text
    (message,) = await store.messages(answer.json()["id"], limit=10)
    assert (message.character_name, message.text) == ("Zoë", "Schön, dich zu sehen.")


@pytest.mark.parametrize("encoding", ENCODINGS)
async def test_exported_conversation_is_read(api: httpx2.AsyncClient, store: MemoryStore, encoding: str) -> None:
    made = (await api.post("/api/conversations/import", content=CHAT)).json()["id"]
    file = (await api.get(f"/api/conversations/{made}/export", params={"format": "json"})).json()
    content = encoded(json.dumps(file, ensure_ascii=False, indent=2), encoding)
    answer = await api.post("/api/conversations/import", content=content)
    assert answer.status_code == 201, answer.text
    assert [each.text for each in await store.messages(answer.json()["id"], limit=10)] == ["Schön, dich zu sehen."]


@pytest.mark.parametrize("encoding", OTHERS)
async def test_other_encoding_is_refused_with_the_ones_that_are_read(
    api: httpx2.AsyncClient, store: MemoryStore, encoding: str
) -> None:
    book = [(await lorebook_path(owner, store), dumped(WORLD_INFO), "lorebook_encoding") for owner in LOREBOOKS]
    for path, text, code in (
        ("/api/characters/import", dumped(CARD), "card_encoding"),
        ("/api/conversations/import", CHAT, "import_encoding"),
        *book,
    ):
        method = "PUT" if path.endswith("lorebook") else "POST"
        details = problem(await api.request(method, path, content=encoded(text, encoding)), 422)
        assert details["code"] == code
        assert "UTF-8, or UTF-16 with a byte order mark" in json.dumps(details)


@pytest.mark.parametrize("content", ["hello", "\ufeff", "\ufeffhello", "GIF89a"])
async def test_text_that_is_no_json_is_no_card(api: httpx2.AsyncClient, content: str) -> None:
    for encoding in ("utf-8", "utf-16"):
        details = problem(await api.post("/api/characters/card", content=content.encode(encoding)), 422)
        assert details["code"] == "card_no_png"
