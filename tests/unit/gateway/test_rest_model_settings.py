"""A character's model settings, and a conversation's token usage, in the REST API."""

from __future__ import annotations

import json
from dataclasses import replace

import httpx2
import pytest

from tertulia_gateway.rest.character_settings import CharacterSettings
from tertulia_shared.model_settings import SETTING_NAMES, SETTING_RANGES, WHOLE
from tertulia_shared.testing.memory_store import MemoryStore
from tests.harness.store_records import new_id, reply
from tests.unit.gateway.rest_client import problem


async def test_character_can_have_its_own_model_settings(api: httpx2.AsyncClient) -> None:
    unset = dict.fromkeys(SETTING_NAMES)
    made = (await api.post("/api/characters", json={"name": "Iris", "voice": "luna"})).json()
    assert made["model_settings"] == unset
    path = f"/api/characters/{made['id']}"
    changed = await api.patch(path, json={"model_settings": {"model": " big/one ", "temperature": 1, "top_k": 40}})
    assert changed.json()["model_settings"] == {**unset, "model": "big/one", "temperature": 1, "top_k": 40}
    assert (await api.patch(path, json={"active": False})).json()["model_settings"]["top_k"] == 40
    assert (await api.get(path)).json()["model_settings"]["model"] == "big/one"
    replaced = await api.patch(path, json={"model_settings": {"top_p": 0.5, "model": None}})
    assert replaced.json()["model_settings"] == {**unset, "top_p": 0.5}
    assert (await api.patch(path, json={"model_settings": {}})).json()["model_settings"] == unset


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"temperature": 2.5}, "temperature"),
        ({"temperature": "1"}, "temperature"), ({"temperature": True}, "temperature"),
        ({"top_k": 1.5}, "top_k"), ({"top_p": -1}, "top_p"), ({"model": ""}, "model"), ({"model": 5}, "model"),
        ({"model": "a\u0007b"}, "model"), ({"model": "x" * 201}, "model"), ({"seed": 1}, "seed"),
        ({"repetition_penalty": 1e400}, "repetition_penalty"),
    ],
)  # fmt: skip
async def test_invalid_model_setting_of_a_character_is_refused_with_its_name(
    api: httpx2.AsyncClient, settings: dict[str, object], field: str
) -> None:
    body = json.dumps({"name": "Iris", "voice": "luna", "model_settings": settings})
    details = problem(
        await api.post("/api/characters", content=body, headers={"Content-Type": "application/json"}), 422
    )
    assert [each["field"] for each in details["errors"]] == [f"model_settings.{field}"]
    assert details["errors"][0]["message"]


def test_model_settings_of_a_character_have_the_same_ranges_as_those_of_a_conversation() -> None:
    schema = CharacterSettings.model_json_schema()["properties"]
    assert tuple(schema) == SETTING_NAMES
    for name, (low, high) in SETTING_RANGES.items():
        number = schema[name]["anyOf"][0]
        assert (number["minimum"], number["maximum"]) == (low, high)
        assert (number["type"] == "integer") == (name in WHOLE)


async def test_conversation_contains_the_sum_of_the_token_usage_of_its_replies(
    api: httpx2.AsyncClient, store: MemoryStore
) -> None:
    conversation_id = new_id()
    await store.ensure_conversation(conversation_id)
    path = f"/api/conversations/{conversation_id}"
    assert (await api.get(path)).json()["usage"] == {}
    rows = [
        replace(reply(conversation_id, n, "Hi.", "complete"), usage={"prompt_tokens": n, "cost": 0.5}) for n in (1, 2)
    ]
    await store.save_messages(rows)
    assert (await api.get(path)).json()["usage"] == {"prompt_tokens": 3, "cost": 1.0}
