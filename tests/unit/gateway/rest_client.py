"""A client of the REST API, and the check of its problem details."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx2

from tertulia_gateway.app import make_app
from tertulia_gateway.problem_codes import ProblemCode
from tertulia_gateway.ws.connections import Connections
from tertulia_shared.testing.memory_bus import MemoryBus
from tertulia_shared.testing.memory_store import MemoryStore
from tests.unit.gateway.gateway_context import gateway_context


def client_of(bus: MemoryBus, store: MemoryStore, static: Path = Path("/nowhere"), **given: Any) -> httpx2.AsyncClient:
    app = make_app(gateway_context(bus, store, **given), Connections(1), static=static)
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://localhost:8000")


def problem(response: httpx2.Response, status: int) -> dict[str, Any]:
    """Check that the response is RFC 9457 problem details with this status. Returns the problem details."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    details: dict[str, Any] = response.json()
    assert details["status"] == status
    assert details["title"]
    assert details["detail"]
    for each in (details, *details["errors"]):
        assert each["code"] in {*ProblemCode} or each["code"].startswith("llm_")
    return details
