"""`/healthz`, `/readyz`, `/api/status`, `/metrics`."""

from __future__ import annotations

from collections.abc import Sized

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse

from tertulia_gateway.monitoring.health import DEMO, check_health
from tertulia_gateway.rest.engine_reasons import engine_reasons
from tertulia_gateway.rest.model_states import known_models
from tertulia_gateway.rest.problems import responses
from tertulia_gateway.rest.schemas import Readiness, Status
from tertulia_shared.bus import Bus
from tertulia_shared.clock import wall_ms
from tertulia_shared.metrics import CONTENT_TYPE, Metrics
from tertulia_shared.version import __version__


def router(bus: Bus, connections: Sized, metrics: Metrics, *, alive_s: float) -> APIRouter:
    """`connections` are the open WebSocket connections of this process."""
    api = APIRouter(tags=["status"])

    @api.get("/healthz")
    async def healthz() -> dict[str, str]:
        """Liveness: 200 while the process runs."""
        return {"status": "up"}

    @api.get("/readyz", responses={503: {"model": Readiness, "description": "something is missing"}})
    async def readyz(response: Response) -> Readiness:
        """Readiness: 200 if Redis answers and each stage has a live worker; else 503 and a list of what is missing."""
        health = await check_health(bus, alive_s)
        response.status_code = 503 if health.missing else 200
        return Readiness(ready=not health.missing, missing=health.missing, engines=health.engines)

    @api.get("/api/status", responses=responses())
    async def status() -> Status:
        """The installation's state: whether Redis and the workers run, and which engines the workers use."""
        health = await check_health(bus, alive_s)
        return Status(
            version=__version__,
            demo=DEMO in health.engines.get("llm", []),
            redis_ms=health.redis_ms,
            engines=health.engines,
            engine_reasons=await engine_reasons(bus, health.engines),
            missing=health.missing,
            connections=len(connections),
            namespace=bus.keys.ns,
            models=await known_models(bus, wall_ms()),
        )

    @api.get("/metrics", responses=responses(), response_class=PlainTextResponse)
    # not a coroutine, so that FastAPI runs it in a thread: rendering takes milliseconds
    def show_metrics() -> Response:
        """The metrics of this gateway, in Prometheus' text format (docs/metrics.md)."""
        return Response(metrics.text(), media_type=CONTENT_TYPE)

    return api
