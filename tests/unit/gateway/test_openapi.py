"""Every request that the OpenAPI document allows gets a response that the document describes, and no server error."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tertulia_gateway import model_requests
from tertulia_gateway.app import make_app
from tertulia_gateway.ws.connections import Connections
from tertulia_shared.keys import Keys
from tertulia_shared.testing.memory_bus import MemoryBus
from tertulia_shared.testing.memory_store import MemoryStore
from tests.unit.gateway.gateway_context import gateway_context

HERE = {"Host": "localhost"}
OPERATIONS = (
    "GET /healthz", "GET /readyz", "GET /metrics", "GET /api/status", "GET /api/voices", "GET /api/characters",
    "POST /api/characters", "POST /api/characters/first", "POST /api/characters/import", "POST /api/characters/card",
    "GET /api/characters/{character_id}/card", "POST /api/characters/{character_id}/card",
    "GET /api/characters/{character_id}", "PATCH /api/characters/{character_id}",
    "DELETE /api/characters/{character_id}", "PUT /api/characters/order",
    "GET /api/conversations", "GET /api/conversations/{conversation_id}",
    "PATCH /api/conversations/{conversation_id}", "DELETE /api/conversations/{conversation_id}",
    "GET /api/conversations/{conversation_id}/summary", "PUT /api/conversations/{conversation_id}/summary",
    "DELETE /api/conversations/{conversation_id}/summary",
    "GET /api/conversations/{conversation_id}/cast", "PUT /api/conversations/{conversation_id}/cast",
    "GET /api/conversations/{conversation_id}/lorebook", "PUT /api/conversations/{conversation_id}/lorebook",
    "DELETE /api/conversations/{conversation_id}/lorebook",
    "GET /api/characters/{character_id}/lorebook", "PUT /api/characters/{character_id}/lorebook",
    "DELETE /api/characters/{character_id}/lorebook",
    "GET /api/conversations/{conversation_id}/messages/{message_id}/sound",
    "GET /api/conversations/{conversation_id}/sound",
    "GET /api/conversations/{conversation_id}/export", "POST /api/conversations/import",
    "GET /api/conversations/{conversation_id}/versions", "POST /api/conversations/{conversation_id}/branch",
    "GET /api/voices/{voice_id}/sample",
    "GET /api/model", "PUT /api/model", "DELETE /api/model", "GET /api/model/servers", "POST /api/model/models",
    "GET /api/personas", "GET /api/personas/{persona_id}", "PUT /api/personas/{persona_id}",
    "DELETE /api/personas/{persona_id}",
    "GET /api/clips", "POST /api/clips", "DELETE /api/clips/{clip_id}",
)  # fmt: skip

schemathesis: Any = import_module("schemathesis")
conformance: Any = import_module("schemathesis.specs.openapi.checks")


@pytest.fixture(scope="module", autouse=True)
def impatient() -> Iterator[None]:
    """No llm worker runs: do not wait for its answers."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model_requests, "QUICK_S", 0.01)
        patch.setattr(model_requests, "CONNECT_S", 0.01)
        yield


@cache
def described() -> Any:
    """The OpenAPI document of an application that uses fakes."""
    store = MemoryStore()
    asyncio.run(store.open())
    ctx = gateway_context(MemoryBus(Keys("openapi")), store)
    app = make_app(ctx, Connections(1), static=Path("/nowhere"))
    return schemathesis.openapi.from_asgi("/openapi.json", app, headers=HERE)


def test_tested_operations_are_all_operations_of_the_openapi_document() -> None:
    found = {result.ok().label for result in described().get_all_operations()}
    assert found == set(OPERATIONS)


@pytest.mark.parametrize("label", OPERATIONS)
@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much], deadline=None)
@given(data=st.data())
def test_response_conforms_to_the_openapi_document(label: str, data: st.DataObject) -> None:
    method, _, path = label.partition(" ")
    case = data.draw(described()[path][method].as_strategy())
    response = case.call(headers=HERE)
    # here 503 is no server error: it says that a worker is missing
    assert response.status_code < 500 or label == "GET /readyz" or path.startswith("/api/model")
    case.validate_response(
        response,
        checks=[
            conformance.status_code_conformance,
            conformance.content_type_conformance,
            conformance.response_schema_conformance,
        ],
    )
