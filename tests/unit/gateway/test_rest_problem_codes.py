"""The codes and parameters of the REST API's problems, from which a client makes texts in its user's language."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import httpx2
import pytest

from tertulia_gateway.problem_codes import ProblemCode
from tertulia_shared.testing.memory_bus import MemoryBus
from tertulia_shared.testing.memory_store import MemoryStore
from tests.unit.gateway.rest_client import client_of, problem

ABSENT = "12345678-1234-4234-8234-123456789012"
ADDRESS = "http://127.0.0.1:1/v1"


@pytest.fixture
async def api(bus: MemoryBus, store: MemoryStore) -> AsyncGenerator[httpx2.AsyncClient]:
    async with client_of(bus, store, user_name="Ann") as client:
        yield client


@pytest.mark.parametrize(
    ("change", "code", "params"),
    [
        ({"name": ""}, ProblemCode.EMPTY, {}),
        ({"name": None}, ProblemCode.INVALID_VALUE, {}),
        ({"name": "x" * 41}, ProblemCode.TOO_LONG, {"most": 40}),
        ({"name": "a<b"}, ProblemCode.ANGLE_BRACKETS, {}),
        ({"name": "…"}, ProblemCode.UNSPEAKABLE, {}),
        ({"name": "Lu\u202ena"}, ProblemCode.INVISIBLE_CHARACTER, {}),
        ({"image": "javascript:1"}, ProblemCode.NOT_A_PICTURE, {}),
        ({"speed": 9}, ProblemCode.OUT_OF_RANGE, {}),
        ({"mood": "good"}, ProblemCode.UNKNOWN_FIELD, {}),
        ({"model_settings": {"model": "\u202e"}}, ProblemCode.INVALID_MODEL, {}),
    ],
)
async def test_invalid_field_of_a_character_has_a_code(
    api: httpx2.AsyncClient, change: dict[str, Any], code: ProblemCode, params: dict[str, int]
) -> None:
    details = problem(await api.post("/api/characters", json={"name": "Iris", "voice": "luna"} | change), 422)
    assert details["code"] == ProblemCode.INVALID
    assert [(each["code"], each["params"]) for each in details["errors"]] == [(code, params)]


@pytest.mark.parametrize("name", ["Ann", "ANN", "Ａｎｎ"])
async def test_character_cannot_get_the_users_name(api: httpx2.AsyncClient, store: MemoryStore, name: str) -> None:
    (luna, *_) = await store.characters()
    refused = [
        await api.post("/api/characters", json={"name": name, "voice": "luna"}),
        await api.patch(f"/api/characters/{luna.id}", json={"name": name}),
    ]
    for response in refused:
        details = problem(response, 409)
        assert (details["code"], details["params"]) == (ProblemCode.NAME_OF_USER, {"name": "Ann"})
        assert [each["field"] for each in details["errors"]] == ["name"]
    assert [each.name for each in await store.characters()] == ["Luna", "Rex", "Sage"]


async def test_character_that_has_the_users_name_already_can_be_changed(bus: MemoryBus, store: MemoryStore) -> None:
    (luna, *_) = await store.characters()
    async with client_of(bus, store, user_name="luna") as api:
        changed = await api.patch(f"/api/characters/{luna.id}", json={"name": "Luna", "active": False})
    assert (changed.status_code, changed.json()["active"]) == (200, False)


async def test_name_that_is_taken_is_a_parameter(api: httpx2.AsyncClient) -> None:
    details = problem(await api.post("/api/characters", json={"name": "REX", "voice": "rex"}), 409)
    assert (details["code"], details["params"]) == (ProblemCode.NAME_TAKEN, {"name": "REX"})


@pytest.mark.parametrize(
    ("path", "code"),
    [
        (f"/api/conversations/{ABSENT}", ProblemCode.CONVERSATION_NOT_FOUND),
        (f"/api/characters/{ABSENT}", ProblemCode.CHARACTER_NOT_FOUND),
        ("/api/voices/absent/sample", ProblemCode.VOICE_NOT_FOUND),
        ("/api/absent", ProblemCode.HTTP_ERROR),
    ],
)
async def test_code_says_what_does_not_exist(api: httpx2.AsyncClient, path: str, code: ProblemCode) -> None:
    assert problem(await api.get(path), 404)["code"] == code


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"address": "localhost"}, ProblemCode.INVALID_ADDRESS),
        ({"key": "Bearer abc"}, ProblemCode.INVALID_KEY),
        ({"model": "'gpt'"}, ProblemCode.INVALID_MODEL),
    ],
)
async def test_value_that_is_wrong_in_a_connection_has_the_code_of_its_field(
    api: httpx2.AsyncClient, change: dict[str, str], code: ProblemCode
) -> None:
    wanted = {"address": ADDRESS, "model": "m", "key": ""} | change
    (error,) = problem(await api.put("/api/model", json=wanted), 422)["errors"]
    assert (error["field"], error["code"]) == (next(iter(change)), code)


async def test_refused_access_has_a_code(bus: MemoryBus, store: MemoryStore) -> None:
    async with client_of(bus, store, token="abc" * 8) as api:
        assert problem(await api.get("/api/characters"), 401)["code"] == ProblemCode.TOKEN_MISSING
    async with client_of(bus, store) as api:
        foreign = {"Origin": "https://elsewhere.example"}
        assert problem(await api.get("/api/characters", headers=foreign), 403)["code"] == ProblemCode.FOREIGN_ORIGIN
        through_proxy = {"X-Forwarded-For": "10.0.0.7"}
        response = await api.delete("/api/model", headers=through_proxy)
        assert problem(response, 403)["code"] == ProblemCode.CONFIGURATION_FORBIDDEN
