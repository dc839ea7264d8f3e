"""`/api/model`: who may use it, what is refused before a worker is asked, and the statuses of failures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx2
import pytest

from tertulia_gateway.model_requests import ModelRequestFailed, ModelRequests, Target
from tertulia_shared.testing.memory_bus import MemoryBus
from tertulia_shared.testing.memory_store import MemoryStore
from tests.unit.gateway.rest_client import client_of, problem

KEY = "sk-made-up-0123456789"
TOKEN = "t" * 16
STATE = {"source": "demo", "address": "", "model": "", "has_key": False, "kept": False, "fault": ""}
WANTED = {"address": "https://models.example/v1/", "model": "house/model", "key": KEY}


class Worker:
    """Answers in place of an llm worker. `asked`: what it was asked for."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[Target | None] = []
        self.answer: Mapping[str, Any] = {**STATE, "hosts": ["127.0.0.1"], "public_key": "secret to the gateway"}
        self.failure: ModelRequestFailed | None = None
        for name in ("describe", "find", "forget", "list_models", "connect"):
            monkeypatch.setattr(ModelRequests, name, self._method())

    def _method(self) -> Any:
        async def method(_requests: object, target: Target | None = None) -> Mapping[str, Any]:
            self.asked.append(target)
            if self.failure:
                raise self.failure
            return self.answer

        return method


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Worker:
    return Worker(monkeypatch)


async def test_overview_has_the_known_providers_and_no_more_than_the_page_needs(
    api: httpx2.AsyncClient, worker: Worker
) -> None:
    overview = (await api.get("/api/model")).json()
    assert (overview["source"], overview["may_change"], overview["in_container"]) == ("demo", True, False)
    addresses = {provider["id"]: provider["address"] for provider in overview["providers"]}
    assert addresses["ollama"] == "http://127.0.0.1:11434/v1"
    assert addresses["openrouter"] == "https://openrouter.ai/api/v1"
    assert "public_key" not in overview
    assert worker.asked == [None]


async def test_in_a_container_the_suggested_addresses_are_those_of_its_machine(
    api: httpx2.AsyncClient, worker: Worker
) -> None:
    worker.answer = {**worker.answer, "hosts": ["127.0.0.1", "host.docker.internal"]}
    overview = (await api.get("/api/model")).json()
    assert overview["in_container"] is True
    assert overview["providers"][2]["address"] == "http://host.docker.internal:11434/v1"


async def test_connection_is_checked_and_passed_on(api: httpx2.AsyncClient, worker: Worker) -> None:
    response = await api.put("/api/model", json=WANTED)
    assert response.json() == STATE
    assert worker.asked == [Target("https://models.example/v1", "house/model", KEY)]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"address": "models.example"}, "address"),
        ({"address": "https://models.example/v1/chat/completions"}, "address"),
        ({"model": " "}, "model"),
        ({"key": f"Bearer {KEY}"}, "key"),
        ({"key": "x" * 3000}, "key"),
        ({"other": 1}, "other"),
    ],
)
async def test_impossible_field_is_refused_without_repeating_the_key(
    api: httpx2.AsyncClient, worker: Worker, change: Mapping[str, Any], field: str
) -> None:
    response = await api.put("/api/model", json={**WANTED, **change})
    assert [each["field"] for each in problem(response, 422)["errors"]] == [field]
    assert KEY not in response.text
    assert worker.asked == []


@pytest.mark.parametrize(
    ("code", "status", "fields"),
    [
        ("llm_auth", 422, ["key"]),
        ("llm_model", 422, ["model"]),
        ("llm_address", 422, ["address"]),
        ("llm_credit", 422, []),
        ("environment", 409, []),
        ("busy", 429, []),
        ("no_worker", 503, []),
    ],
)
async def test_failure_is_a_problem_with_its_field(
    api: httpx2.AsyncClient, worker: Worker, code: str, status: int, fields: list[str]
) -> None:
    worker.failure = ModelRequestFailed(code, "In words.")
    details = problem(await api.put("/api/model", json=WANTED), status)
    assert details["detail"] == "In words."
    assert [each["field"] for each in details["errors"]] == fields


REQUESTS = [
    ("GET", "/api/model/servers"),
    ("POST", "/api/model/models"),
    ("PUT", "/api/model"),
    ("DELETE", "/api/model"),
]


@pytest.mark.parametrize(("method", "path"), REQUESTS)
async def test_request_through_a_proxy_without_a_token_may_not_change_anything(
    api: httpx2.AsyncClient, worker: Worker, method: str, path: str
) -> None:
    body = WANTED if method == "PUT" else {"address": "https://models.example/v1"} if method == "POST" else None
    response = await api.request(method, path, json=body, headers={"X-Forwarded-For": "10.0.0.7"})
    assert "on this machine" in problem(response, 403)["detail"]
    assert worker.asked == []


async def test_client_with_the_token_may_change_the_connection_from_anywhere(
    bus: MemoryBus, store: MemoryStore, worker: Worker
) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}", "X-Forwarded-For": "10.0.0.7", "Host": "talk.example.org"}
    async with client_of(bus, store, token=TOKEN) as api:
        assert (await api.put("/api/model", json=WANTED, headers=headers)).status_code == 200
        problem(await api.put("/api/model", json=WANTED), 401)
    assert len(worker.asked) == 1
