"""The texts in a character's card, which the REST API reads and changes."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any

import httpx2
import pytest

from tertulia_gateway.cards.character_texts import MAX_TEXT_CHARS, MAX_TEXTS
from tertulia_shared.cards.card import read_card
from tertulia_shared.cards.prompt_fields import greetings_of_text, prompt_of_text
from tertulia_shared.store.records import utc_now
from tertulia_shared.testing.memory_bus import MemoryBus
from tertulia_shared.testing.memory_store import MemoryStore
from tests.harness.card_shapes import DATA, SHAPES, V1, V2, V3
from tests.unit.gateway.rest_client import client_of, problem

EACH = pytest.mark.parametrize("text", SHAPES.values(), ids=SHAPES.keys())
FIELDS = ("system_prompt", "personality", "scenario", "mes_example", "post_history_instructions")
NEW: dict[str, Any] = {**{field: f'New "{field}",\nü.' for field in FIELDS}, "greetings": ["Hello.", "Sit\ndown."]}
WRITTEN = (*FIELDS, "first_mes", "alternate_greetings", "world_scenario", "char_greeting", "example_dialogue")


@pytest.fixture
async def api(bus: MemoryBus, store: MemoryStore) -> AsyncGenerator[httpx2.AsyncClient]:
    async with client_of(bus, store) as client:
        yield client


async def imported(api: httpx2.AsyncClient, text: str) -> str:
    """The path of the character that this card makes."""
    answer = await api.post("/api/characters/import", content=text)
    assert answer.status_code == 201, answer.text
    return f"/api/characters/{answer.json()['character']['id']}"


async def texts_at(api: httpx2.AsyncClient, path: str) -> dict[str, Any]:
    return (await api.get(path)).json()["card_texts"]


async def change(api: httpx2.AsyncClient, path: str, texts: dict[str, Any]) -> None:
    answer = await api.patch(path, json={"card_texts": texts})
    assert answer.status_code == 200, answer.text


async def exported(api: httpx2.AsyncClient, path: str) -> str:
    return (await api.get(f"{path}/card")).text


def others(card: dict[str, Any]) -> dict[str, Any]:
    """The fields that have nothing to do with the texts, of both levels."""
    data = {name: value for name, value in card.get("data", {}).items() if name not in WRITTEN}
    return {**{name: value for name, value in card.items() if name not in WRITTEN}, "data": data}


@EACH
async def test_texts_of_each_shape_are_read_changed_and_exported(api: httpx2.AsyncClient, text: str) -> None:
    path = await imported(api, text)
    card = read_card(text)
    before = {**{field: getattr(card, field) for field in FIELDS}, "greetings": list(card.greetings)}
    assert await texts_at(api, path) == before
    await change(api, path, NEW)
    assert await texts_at(api, path) == NEW
    after = await exported(api, path)
    assert greetings_of_text(after) == ("Hello.", "Sit\ndown.")
    assert prompt_of_text(after).scenario == NEW["scenario"]
    was, now = others(json.loads(text)), others(json.loads(after))
    if card.version == 1:  # it has become a V2 card, which has more fields
        assert now.pop("spec") == "chara_card_v2"
        now.pop("spec_version")
        was["data"] = now["data"]
    assert now == was


@EACH
async def test_texts_that_are_not_changed_leave_the_card_as_it_came(api: httpx2.AsyncClient, text: str) -> None:
    path = await imported(api, text)
    await change(api, path, await texts_at(api, path))
    assert await exported(api, path) == text


@EACH
async def test_only_the_changed_text_differs(api: httpx2.AsyncClient, text: str) -> None:
    path = await imported(api, text)
    await change(api, path, {"scenario": "A tower."})
    after = await exported(api, path)
    assert read_card(after) == replace(read_card(text), scenario="A tower.")
    old = json.loads(text)
    if "scenario" in old.get("data", {}) and "scenario" not in old:
        assert after == text.replace(json.dumps(DATA["scenario"]), '"A tower."')


@pytest.mark.parametrize("card", [V2, V3])
async def test_greeting_can_be_changed_added_and_removed(api: httpx2.AsyncClient, card: dict[str, Any]) -> None:
    path = await imported(api, json.dumps(card))
    first, second, third = (await texts_at(api, path))["greetings"]
    for wanted in ([first, "Back so soon?", third], [first, second, third, "Sit."], [third], []):
        await change(api, path, {"greetings": ["", *wanted, " \n"]})
        assert (await texts_at(api, path))["greetings"] == wanted
        data = json.loads(await exported(api, path))["data"]
        assert [data["first_mes"], *data["alternate_greetings"]] == (wanted or [""])
        assert len((await api.get(path)).json()["greetings"]) == len(wanted)


async def test_greetings_above_the_bound_stay_in_the_card(api: httpx2.AsyncClient) -> None:
    many = [f"Greeting {number}." for number in range(MAX_TEXTS + 5)]
    data = {**DATA, "first_mes": many[0], "alternate_greetings": many[1:]}
    path = await imported(api, json.dumps({**V2, "data": data}))
    shown = (await texts_at(api, path))["greetings"]
    assert shown == many[:MAX_TEXTS]
    await change(api, path, {"greetings": [*shown[:3], "Changed.", *shown[4:]]})
    after = json.loads(await exported(api, path))["data"]["alternate_greetings"]
    assert after == [*many[1:3], "Changed.", *many[4:]]


async def test_greetings_that_are_not_changed_stay_in_the_card_as_they_came(api: httpx2.AsyncClient) -> None:
    alternates = r'["caf\u00e9\r\nline, two ", null, "", "Sit\u0000."]'
    text = '{"spec": "chara_card_v2", "data": {"name": "Mira", "first_mes": "H\\u00e9", "alternate_greetings": %s}}'
    path = await imported(api, text % alternates)
    assert await texts_at(api, path) == {**dict.fromkeys(FIELDS, ""), "greetings": ["Hé", "café\nline, two ", "Sit."]}
    await change(api, path, {"greetings": ["Hé", "café\nline, two ", "Stand."]})
    assert await exported(api, path) == text % alternates.replace(r'"Sit\u0000."', '"Stand."')


async def test_v1_card_stays_one_if_its_own_fields_are_changed(api: httpx2.AsyncClient) -> None:
    path = await imported(api, json.dumps(V1))
    await change(api, path, {"scenario": "A tower.", "greetings": ["Come up."], "system_prompt": ""})
    assert json.loads(await exported(api, path)) == {**V1, "scenario": "A tower.", "first_mes": "Come up."}


async def test_character_without_a_card_gets_one_with_its_first_text(
    api: httpx2.AsyncClient, store: MemoryStore
) -> None:
    luna = (await store.characters())[0]
    path = f"/api/characters/{luna.id}"
    empty: dict[str, object] = {**dict.fromkeys(FIELDS, ""), "greetings": []}
    assert await texts_at(api, path) == empty
    await change(api, path, empty)
    saved = await store.character(luna.id)
    assert saved is not None
    assert saved.card == ""
    answer = await api.patch(path, json={"name": "Lena", "card_texts": {"greetings": ["The tide is out."]}})
    assert answer.json()["greetings"] == ["The tide is out."]
    card = json.loads(await exported(api, path))
    data = card["data"]
    assert (card["spec"], data["name"], data["first_mes"]) == ("chara_card_v2", "Lena", "The tide is out.")
    assert data["description"] == luna.system_prompt


async def test_card_that_was_read_is_created_with_changed_texts(api: httpx2.AsyncClient) -> None:
    draft = (await api.post("/api/characters/card", content=json.dumps(V3))).json()
    assert draft["card_texts"]["scenario"] == DATA["scenario"]
    assert draft["card_texts"]["greetings"] == draft["greetings"]
    body = {**draft["character"], "card_texts": {"personality": "hasty"}}
    created = await api.post("/api/characters", json=body)
    assert created.status_code == 201, created.text
    after = await exported(api, f"/api/characters/{created.json()['id']}")
    assert after == json.dumps(V3).replace(json.dumps(DATA["personality"]), '"hasty"')


async def test_plain_character_is_created_with_a_greeting(api: httpx2.AsyncClient) -> None:
    body = {"name": "Mira", "voice": "luna", "system_prompt": "A baker.", "card_texts": {"greetings": ["Warm bread!"]}}
    created = await api.post("/api/characters", json=body)
    assert created.status_code == 201, created.text
    assert created.json()["greetings"] == ["Warm bread!"]


@pytest.mark.parametrize(
    ("texts", "field"),
    [
        ({"scenario": "x" * (MAX_TEXT_CHARS + 1)}, "card_texts.scenario"),
        ({"greetings": ["Hello.", "x" * (MAX_TEXT_CHARS + 1)]}, "card_texts.greetings.1"),
        ({"greetings": ["Hello."] * (MAX_TEXTS + 1)}, "card_texts.greetings"),
        ({"scenario": 3}, "card_texts.scenario"),
        ({"creator": "me"}, "card_texts.creator"),
    ],
)
async def test_text_that_is_not_allowed_is_refused_with_its_field(
    api: httpx2.AsyncClient, texts: dict[str, Any], field: str
) -> None:
    path = await imported(api, json.dumps(V2))
    refused = problem(await api.patch(path, json={"card_texts": texts}), 422)
    assert [error["field"] for error in refused["errors"]] == [field]
    assert await exported(api, path) == json.dumps(V2)


@pytest.mark.parametrize(
    ("change", "code", "params", "message"),
    [
        ({"name": "x" * 99}, "too_long", {"most": 40}, "must have at most 40 characters"),
        ({"name": ""}, "empty", {}, "must not be empty"),
        ({"card_texts": {"scenario": "x" * (MAX_TEXT_CHARS + 1)}}, "too_long", {"most": MAX_TEXT_CHARS},
         f"must have at most {MAX_TEXT_CHARS} characters"),
        ({"card_texts": {"greetings": ["Hello."] * (MAX_TEXTS + 1)}}, "invalid_value", {},
         f"List should have at most {MAX_TEXTS} items after validation, not {MAX_TEXTS + 1}"),
    ],
)  # fmt: skip
async def test_length_that_is_not_allowed_is_said_with_its_bound(
    api: httpx2.AsyncClient, change: dict[str, Any], code: str, params: dict[str, Any], message: str
) -> None:
    path = await imported(api, json.dumps(V2))
    (error,) = problem(await api.patch(path, json=change), 422)["errors"]
    assert (error["code"], error["params"], error["message"]) == (code, params, message)


async def test_row_that_is_no_card_has_no_texts_and_is_not_overwritten(
    api: httpx2.AsyncClient, store: MemoryStore
) -> None:
    luna = replace((await store.characters())[0], card="{}", updated_at=utc_now())
    await store.save_character(luna)
    path = f"/api/characters/{luna.id}"
    assert (await texts_at(api, path))["greetings"] == []
    refused = problem(await api.patch(path, json={"card_texts": {"scenario": "A tower."}}), 422)
    assert (refused["code"], refused["errors"][0]["field"]) == ("card_not_a_card", "card")
