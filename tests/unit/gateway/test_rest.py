"""The REST API as a whole: status, problems, access, page, reference and metrics."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import httpx2
import pytest

from tertulia_shared.testing.memory_bus import MemoryBus
from tertulia_shared.testing.memory_store import MemoryStore
from tests.unit.gateway.rest_client import client_of, problem

ABSENT = "12345678-1234-4234-8234-123456789012"


async def test_content_security_policy_allows_inline_pictures_but_no_external_ones(api: httpx2.AsyncClient) -> None:
    policy = (await api.get("/healthz")).headers["content-security-policy"]
    assert "img-src 'self' data: blob:;" in policy


async def test_status_and_readiness_show_whether_redis_and_the_workers_are_running(
    api: httpx2.AsyncClient, bus: MemoryBus
) -> None:
    assert (await api.get("/healthz")).json() == {"status": "up"}
    ready = await api.get("/readyz")
    assert (ready.status_code, ready.json()["missing"]) == (503, ["stt", "llm", "tts"])
    for member in ("stt:a:pocketsphinx", "llm:b:demo", "tts:c:espeak"):
        await bus.beat(member)
    assert (await api.get("/readyz")).json()["ready"] is True
    status = (await api.get("/api/status")).json()
    assert (status["demo"], status["engines"]["tts"], status["missing"]) == (True, ["espeak"], [])
    assert status["models"] == []
    bus.break_connection()
    assert (await api.get("/readyz")).json()["missing"] == ["redis"]
    assert (await api.get("/healthz")).status_code == 200
    problem(await api.get("/api/voices"), 503)


async def test_unavailable_store_is_reported_as_a_503_problem(api: httpx2.AsyncClient, store: MemoryStore) -> None:
    store.away = True
    assert "unavailable" in problem(await api.get("/api/characters"), 503)["detail"]


@pytest.mark.parametrize(
    "path",
    ["/api/conversations?limit=0", "/api/conversations?before=x", "/api/conversations/7", "/api/characters/../x%00"],
)
async def test_invalid_parameters_are_reported_as_problem_details(api: httpx2.AsyncClient, path: str) -> None:
    response = await api.get(path)
    problem(response, 404 if "characters" in path else 422)


async def test_wrong_path_method_and_body_are_reported_as_problem_details(api: httpx2.AsyncClient) -> None:
    problem(await api.get("/api/nothing"), 404)
    problem(await api.put("/api/characters", json={}), 405)
    problem(await api.post("/api/characters", content=b"{"), 422)


async def test_rest_requests_from_other_origins_and_hosts_are_refused(api: httpx2.AsyncClient) -> None:
    evil = {"Origin": "https://evil.example"}
    problem(await api.post("/api/characters", json={"name": "Iris", "voice": "luna"}, headers=evil), 403)
    problem(await api.delete(f"/api/conversations/{ABSENT}", headers=evil), 403)
    problem(await api.get("/api/characters", headers={"Host": "evil.example"}), 403)


async def test_api_requires_the_token_and_the_health_check_does_not(bus: MemoryBus, store: MemoryStore) -> None:
    secret = "y" * 20
    async with client_of(bus, store, token=secret) as api:
        refused = await api.get("/api/characters")
        problem(refused, 401)
        assert refused.headers["www-authenticate"] == "Bearer"
        assert (await api.get("/openapi.json")).status_code == 401
        assert (await api.get("/healthz")).status_code == 200
        assert (await api.get("/api/characters", headers={"Authorization": f"Bearer {secret}"})).status_code == 200


async def test_page_is_served_with_security_headers_or_with_build_instructions(
    bus: MemoryBus, store: MemoryStore, tmp_path: Path
) -> None:
    async with client_of(bus, store) as api:
        assert "make web" in (await api.get("/")).text
    (tmp_path / "index.html").write_text("<!doctype html>hello")
    async with client_of(bus, store, static=tmp_path) as api:
        page = await api.get("/")
        assert page.text == "<!doctype html>hello"
        assert "default-src 'self'" in page.headers["content-security-policy"]
        assert page.headers["x-content-type-options"] == "nosniff"
        problem(await api.get("/api/nothing"), 404)


async def test_openapi_document_describes_errors_as_problem_details(api: httpx2.AsyncClient) -> None:
    spec = (await api.get("/openapi.json")).json()
    answers = spec["paths"]["/api/characters"]["post"]["responses"]
    for status in ("409", "422", "503"):
        schema = answers[status]["content"]["application/problem+json"]["schema"]
        assert schema == {"$ref": "#/components/schemas/ProblemDetails"}
        assert list(answers[status]["content"]) == ["application/problem+json"]


async def test_api_docs_page_lists_operations_and_schemas_and_has_no_scripts(api: httpx2.AsyncClient) -> None:
    page = (await api.get("/api/docs")).text
    assert "<code>PATCH /api/characters/{character_id}</code>" in page
    assert 'href="#ProblemDetails"' in page
    assert 'id="ProblemDetails"' in page
    assert "<script" not in page


async def test_request_body_that_is_too_long_or_has_no_length_is_refused(api: httpx2.AsyncClient) -> None:
    problem(await api.put("/api/characters/order", content=b"x" * (1024 * 1024 + 1)), 413)
    problem(await api.post("/api/characters", content=b"x" * (8 * 1024 * 1024 + 1)), 413)

    async def endless() -> AsyncGenerator[bytes]:
        yield b"{"

    problem(await api.post("/api/characters", content=endless()), 411)


async def test_metrics_are_plain_text_and_require_a_token_or_a_loopback_host(
    bus: MemoryBus, store: MemoryStore
) -> None:
    token = "x" * 16
    async with client_of(bus, store, token=token) as api:
        problem(await api.get("/metrics"), 401)
        shown = await api.get("/metrics", headers={"Authorization": f"Bearer {token}"})
        assert shown.status_code == 200
        assert shown.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    async with client_of(bus, store) as api:
        assert (await api.get("/metrics")).status_code == 200
        problem(await api.get("/metrics", headers={"Host": "tertulia.example"}), 403)
