"""Conversations and characters in the REST API."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

import httpx2
import pytest

from tertulia_shared.store import Message
from tertulia_shared.store.records import utc_now
from tertulia_shared.testing.memory_bus import MemoryBus
from tertulia_shared.testing.memory_store import MemoryStore
from tests.unit.gateway.rest_client import problem

ABSENT = "12345678-1234-4234-8234-123456789012"


async def talk(store: MemoryStore, messages: int = 3) -> str:
    """Store a conversation with this many messages."""
    c, now = str(uuid4()), utc_now()
    await store.ensure_conversation(c)
    mine = Message(str(uuid4()), c, str(uuid4()), "user", None, "", "Hello <b>", "complete", 0, now, now)
    await store.save_messages([replace(mine, id=str(uuid4()), position=n) for n in range(messages - 1)])
    await store.save_messages(
        [
            replace(
                mine, id=str(uuid4()), role="character", character_id=str(uuid4()), character_name="Luna",
                text="Well, ", unheard="hello.", status="interrupted", position=messages,
            )
        ]
    )  # fmt: skip
    return c


async def test_list_of_conversations_is_returned_in_pages(api: httpx2.AsyncClient, store: MemoryStore) -> None:
    made = {await talk(store) for _ in range(5)}
    got: list[str] = []
    before: str | None = None
    for _ in range(3):
        params = {"limit": 2} | ({} if before is None else {"before": before})
        page = (await api.get("/api/conversations", params=params)).json()
        got += [item["id"] for item in page["items"]]
        before = page["next"]
    assert before is None
    assert len(got) == 5
    assert set(got) == made


async def test_messages_of_a_conversation_are_returned_in_pages_and_in_order(
    api: httpx2.AsyncClient, store: MemoryStore
) -> None:
    c = await talk(store, 5)
    page = (await api.get(f"/api/conversations/{c}", params={"limit": 3})).json()
    assert [message["position"] for message in page["messages"]] == [0, 1, 2]
    rest = (await api.get(f"/api/conversations/{c}", params={"limit": 3, "after": page["next"]})).json()
    assert [message["position"] for message in rest["messages"]] == [3, 5]
    assert [(message["text"], message["unheard"]) for message in rest["messages"]] == [
        ("Hello <b>", ""),
        ("Well, ", "hello."),
    ]
    assert rest["next"] is None


async def test_conversation_can_be_renamed_and_deleted(api: httpx2.AsyncClient, store: MemoryStore) -> None:
    c = await talk(store)
    assert (await api.patch(f"/api/conversations/{c}", json={"title": " Stars "})).json()["title"] == "Stars"
    assert (await api.delete(f"/api/conversations/{c}")).status_code == 204
    problem(await api.get(f"/api/conversations/{c}"), 404)
    problem(await api.delete(f"/api/conversations/{c}"), 404)


async def test_conversation_can_be_exported_as_markdown_and_json(api: httpx2.AsyncClient, store: MemoryStore) -> None:
    c = await talk(store)
    markdown = await api.get(f"/api/conversations/{c}/export")
    assert markdown.headers["content-type"].startswith("text/markdown")
    assert "attachment" in markdown.headers["content-disposition"]
    assert "**Luna:** Well, *(cut off)*" in markdown.text.replace("  ", " ")
    assert "**You:** Hello" in markdown.text
    exported = (await api.get(f"/api/conversations/{c}/export", params={"format": "json"})).json()
    assert exported["id"] == c
    assert len(exported["messages"]) == 3
    assert len((await api.get(f"/api/conversations/{c}/export?format=json")).json()["messages"]) == 3
    problem(await api.get(f"/api/conversations/{c}/export?format=pdf"), 422)
    problem(await api.get(f"/api/conversations/{ABSENT}/export"), 404)


async def test_character_can_be_created_changed_and_deleted(api: httpx2.AsyncClient, bus: MemoryBus) -> None:
    made = await api.post("/api/characters", json={"name": "Iris", "voice": "luna", "system_prompt": "You are Iris."})
    assert made.status_code == 201
    id = made.json()["id"]
    changed = await api.patch(f"/api/characters/{id}", json={"active": False})
    assert (changed.json()["name"], changed.json()["active"]) == ("Iris", False)
    names = [each["name"] for each in (await api.get("/api/characters")).json()["characters"]]
    assert names == ["Iris", "Luna", "Rex", "Sage"]
    read = (await api.get(f"/api/characters/{id}")).json()
    assert read.pop("card_texts")["greetings"] == []
    assert read == changed.json()
    assert (await api.delete(f"/api/characters/{id}")).status_code == 204
    problem(await api.delete(f"/api/characters/{id}"), 404)
    assert len(await bus.read(bus.keys.broadcast())) == 3  # each write notifies the workers


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"voice": "luna"}, "name"),
        ({"name": "", "voice": "luna"}, "name"),
        ({"name": "<b>", "voice": "luna"}, "name"),
        ({"name": "Iris", "voice": "luna", "image": "javascript:1"}, "image"),
        ({"name": "Iris", "voice": "luna", "system_prompt": "x" * 8001}, "system_prompt"),
        ({"name": "Iris", "voice": "luna", "mood": "good"}, "mood"),
    ],
)
async def test_invalid_character_is_refused(api: httpx2.AsyncClient, body: dict[str, str], field: str) -> None:
    details = problem(await api.post("/api/characters", json=body), 422)
    assert [error["field"] for error in details["errors"]] == [field]
    assert field in details["detail"]


INVISIBLE = "Lu\u202ena"


async def test_error_about_an_invisible_unicode_character_names_its_code_point(
    api: httpx2.AsyncClient, store: MemoryStore
) -> None:
    character, conversation = (await store.characters())[0].id, await talk(store)
    answers = [
        await api.post("/api/characters", json={"name": INVISIBLE, "voice": "luna"}),
        await api.post("/api/characters", json={"name": "Iris", "voice": INVISIBLE}),
        await api.patch(f"/api/characters/{character}", json={"name": INVISIBLE}),
        await api.patch(f"/api/conversations/{conversation}", json={"title": INVISIBLE}),
    ]
    for answer, field in zip(answers, ("name", "voice", "name", "title"), strict=True):
        (error,) = problem(answer, 422)["errors"]
        assert error["field"] == field
        assert error["message"].startswith("contains U+202E RIGHT-TO-LEFT OVERRIDE")
    taken = await api.post("/api/characters", json={"name": " می\u200cخواهم 👩\u200d🚀\n", "voice": "luna"})
    assert (taken.status_code, taken.json()["name"]) == (201, "می\u200cخواهم 👩\u200d🚀")


async def test_character_stored_with_an_invisible_name_by_an_earlier_release_can_be_changed(
    api: httpx2.AsyncClient, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    (known, *_) = await store.characters()
    with monkeypatch.context() as earlier:
        earlier.setattr("tertulia_shared.store.validation.invisible_fault", _no_fault)
        await store.save_character(replace(known, name="Iris\u200b"))
    changed = await api.patch(f"/api/characters/{known.id}", json={"active": False})
    assert (changed.status_code, changed.json()["name"]) == (200, "Iris")


async def test_first_characters_are_restored_and_others_stay_as_they_are(
    api: httpx2.AsyncClient, store: MemoryStore
) -> None:
    luna, rex, sage = await store.characters()
    await api.patch(f"/api/characters/{rex.id}", json={"voice": "other"})
    for deleted in (luna, sage):
        await api.delete(f"/api/characters/{deleted.id}")
    await api.post("/api/characters", json={"name": "sage", "voice": "x"})
    await api.post("/api/characters/first")
    restored = (await api.post("/api/characters/first")).json()["characters"]
    assert [each["name"] for each in restored] == ["Luna", "Rex", "sage"]
    assert [each["voice"] for each in restored] == ["luna", "other", "x"]
    assert restored[0]["id"] == luna.id


async def test_character_with_a_name_in_use_is_refused(api: httpx2.AsyncClient) -> None:
    details = problem(await api.post("/api/characters", json={"name": "LUNA", "voice": "luna"}), 409)
    assert "another name" in details["detail"]


def _no_fault(text: str) -> str:
    """The check as in an earlier release, which accepted everything."""
    return text[:0]


def _any_picture(image: str) -> bool:
    """The check as in an earlier release, which accepted everything."""
    return len(image) >= 0


async def test_external_picture_stored_by_an_earlier_release_is_hidden_and_does_not_prevent_changes(
    api: httpx2.AsyncClient, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = (await api.post("/api/characters", json={"name": "Iris", "voice": "luna"})).json()
    character = await store.character(made["id"])
    assert character is not None
    with monkeypatch.context() as earlier:
        earlier.setattr("tertulia_shared.store.validation.is_picture", _any_picture)
        await store.save_character(replace(character, image="https://elsewhere.example/pixel.png"))
    path = f"/api/characters/{made['id']}"
    assert (await api.get(path)).json()["image"] == ""
    assert {each["image"][:5] for each in (await api.get("/api/characters")).json()["characters"]} <= {"", "data:"}
    assert (await api.patch(path, json={"name": "Iris B."})).json()["name"] == "Iris B."
    refused = problem(await api.patch(path, json={"image": "https://elsewhere.example/pixel.png"}), 422)
    assert [error["field"] for error in refused["errors"]] == ["image"]


async def test_talkativeness_of_a_character_can_be_changed_and_is_checked(api: httpx2.AsyncClient) -> None:
    made = (await api.post("/api/characters", json={"name": "Iris", "voice": "luna"})).json()
    assert made["talkativeness"] == 50
    path = f"/api/characters/{made['id']}"
    assert (await api.patch(path, json={"talkativeness": 0})).json()["talkativeness"] == 0
    assert (await api.patch(path, json={"active": False})).json()["talkativeness"] == 0
    for wrong in (-1, 101, "50", 5.5, True):
        details = problem(await api.patch(path, json={"talkativeness": wrong}), 422)
        assert [each["field"] for each in details["errors"]] == ["talkativeness"]


async def test_speed_and_pitch_of_a_character_can_be_changed_and_are_checked(api: httpx2.AsyncClient) -> None:
    made = (await api.post("/api/characters", json={"name": "Iris", "voice": "luna"})).json()
    assert (made["speed"], made["pitch"]) == (1, 0)
    path = f"/api/characters/{made['id']}"
    changed = (await api.patch(path, json={"speed": 0.5, "pitch": -6})).json()
    assert (changed["speed"], changed["pitch"]) == (0.5, -6)
    changed = (await api.patch(path, json={"active": False, "speed": None})).json()
    assert (changed["speed"], changed["pitch"]) == (0.5, -6)
    for wrong in ({"speed": 0.49}, {"speed": 2.01}, {"speed": "1"}, {"pitch": 6.5}, {"pitch": -7}, {"pitch": True}):
        details = problem(await api.patch(path, json=wrong), 422)
        assert [each["field"] for each in details["errors"]] == list(wrong)


async def test_empty_and_long_fields_are_refused_in_plain_words(api: httpx2.AsyncClient) -> None:
    for name, fault in (("  ", "must not be empty"), ("x" * 41, "must have at most 40 characters")):
        answer = await api.post("/api/characters", json={"name": name, "voice": "luna", "system_prompt": "x"})
        assert answer.status_code == 422
        assert ("name", fault) in [(each["field"], each["message"]) for each in answer.json()["errors"]]


async def test_characters_are_listed_in_the_order_that_was_set(api: httpx2.AsyncClient) -> None:
    found = (await api.get("/api/characters")).json()["characters"]
    ids = [each["id"] for each in found][::-1]
    answer = (await api.put("/api/characters/order", json={"characters": ids})).json()
    assert [each["id"] for each in answer["characters"]] == ids
    assert (await api.get("/api/characters")).json() == answer
    details = problem(await api.put("/api/characters/order", json={"characters": [ids[0], ids[0]]}), 422)
    assert "twice" in str(details)
