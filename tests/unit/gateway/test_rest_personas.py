"""`/api/personas`."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tertulia_gateway.problem_codes import ProblemCode
from tertulia_shared.persona import Persona, document_of
from tertulia_shared.store.records import utc_now
from tertulia_shared.testing.memory_bus import MemoryBus
from tertulia_shared.testing.memory_store import MemoryStore
from tests.unit.gateway.rest_client import client_of, problem

ADA: dict[str, Any] = {"name": "Ada", "description": "A clockmaker.", "image": ""}


@pytest.fixture
async def api(bus: MemoryBus, store: MemoryStore) -> AsyncGenerator[httpx2.AsyncClient]:
    async with client_of(bus, store) as client:
        yield client


async def test_persona_is_created_replaced_listed_and_deleted(api: httpx2.AsyncClient) -> None:
    path, other = f"/api/personas/{uuid4()}", f"/api/personas/{uuid4()}"
    assert (await api.get("/api/personas")).json() == {"personas": []}
    created = (await api.put(path, json=ADA)).json()
    assert {name: created[name] for name in ADA} == ADA
    again = (await api.put(path, json=ADA)).json()
    assert again["id"] == created["id"]
    await api.put(other, json={"name": "aaron"})
    changed = (await api.put(path, json={**ADA, "name": " Zoë ", "description": " A diver.\n"})).json()
    assert (changed["name"], changed["description"]) == ("Zoë", "A diver.")
    assert changed["updated_at"] > created["updated_at"]
    assert (await api.get(path)).json() == changed
    assert [each["name"] for each in (await api.get("/api/personas")).json()["personas"]] == ["aaron", "Zoë"]
    assert (await api.delete(path)).status_code == 204
    for gone in (await api.delete(path), await api.get(path)):
        assert problem(gone, 404)["code"] == ProblemCode.PERSONA_NOT_FOUND


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"name": ""}, "name", ProblemCode.EMPTY),
        ({"name": "x" * 41}, "name", ProblemCode.TOO_LONG),
        ({"name": "a<b"}, "name", ProblemCode.ANGLE_BRACKETS),
        ({"name": "…"}, "name", ProblemCode.UNSPEAKABLE),
        ({"name": "A\u202eda"}, "name", ProblemCode.INVISIBLE_CHARACTER),
        ({"description": "x" * 4_001}, "description", ProblemCode.TOO_LONG),
        ({"image": "javascript:1"}, "image", ProblemCode.NOT_A_PICTURE),
        ({"mood": "good"}, "mood", ProblemCode.UNKNOWN_FIELD),
    ],
)
async def test_impossible_persona_is_refused(
    api: httpx2.AsyncClient, change: dict[str, Any], field: str, code: ProblemCode
) -> None:
    details = problem(await api.put(f"/api/personas/{uuid4()}", json=ADA | change), 422)
    assert [(each["field"].rpartition(".")[2], each["code"]) for each in details["errors"]] == [(field, code)]
    assert (await api.get("/api/personas")).json() == {"personas": []}


async def test_persona_cannot_have_the_name_of_a_character(api: httpx2.AsyncClient) -> None:
    details = problem(await api.put(f"/api/personas/{uuid4()}", json=ADA | {"name": "LUNA"}), 409)
    assert (details["code"], details["params"]) == (ProblemCode.NAME_TAKEN, {"name": "Luna"})


async def test_persona_cannot_have_the_name_of_another_persona(api: httpx2.AsyncClient) -> None:
    path, other = f"/api/personas/{uuid4()}", f"/api/personas/{uuid4()}"
    await api.put(path, json=ADA)
    await api.put(other, json=ADA | {"name": "Zoë"})
    for refused in (f"/api/personas/{uuid4()}", other):
        details = problem(await api.put(refused, json=ADA | {"name": "ADA"}), 409)
        assert (details["code"], details["params"]) == (ProblemCode.NAME_TAKEN, {"name": "Ada", "kind": "persona"})
        assert [each["field"] for each in details["errors"]] == ["name"]
        assert details["detail"] == "There is already a persona named 'Ada': choose another name, or edit that persona."
    assert [each["name"] for each in (await api.get("/api/personas")).json()["personas"]] == ["Ada", "Zoë"]
    await api.delete(path)
    assert (await api.put(other, json=ADA)).status_code == 200


async def test_personas_that_have_one_name_already_can_be_edited(api: httpx2.AsyncClient, store: MemoryStore) -> None:
    ids = [str(uuid4()), str(uuid4())]
    for persona_id in ids:
        await store.save_document(document_of(Persona(persona_id, "Ada", ""), "", None, utc_now()))
    path = f"/api/personas/{ids[0]}"
    assert (await api.put(path, json=ADA | {"description": "A diver."})).status_code == 200
    assert (await api.put(path, json=ADA | {"name": "ADA"})).status_code == 200
    assert (await api.put(path, json=ADA | {"name": "Zoë"})).status_code == 200
    assert problem(await api.put(path, json=ADA), 409)["code"] == ProblemCode.NAME_TAKEN


async def test_nothing_is_promised_while_the_store_is_away(api: httpx2.AsyncClient, store: MemoryStore) -> None:
    store.away = True
    path = f"/api/personas/{uuid4()}"
    for response in (await api.put(path, json=ADA), await api.get("/api/personas"), await api.delete(path)):
        assert problem(response, 503)["code"] == ProblemCode.STORE_UNAVAILABLE
