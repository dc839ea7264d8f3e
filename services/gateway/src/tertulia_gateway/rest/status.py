"""`/healthz`, `/readyz`, `/api/status`, `/metrics`."""

from __future__ import annotations

from collections.abc import Sized
from dataclasses import asdict

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse

from tertulia_gateway.monitoring.health import DEMO, Health, HealthCheck
from tertulia_gateway.rest.engine_reasons import engine_reasons
from tertulia_gateway.rest.model_states import known_models
from tertulia_gateway.rest.problems import responses
from tertulia_gateway.rest.schemas import ProblemItem, Readiness, Status
from tertulia_shared.bus import Bus
from tertulia_shared.clock import wall_ms
from tertulia_shared.metrics import CONTENT_TYPE, Metrics
from tertulia_shared.version import __version__


def router(bus: Bus, connections: Sized, metrics: Metrics, health_check: HealthCheck) -> APIRouter:
    """`connections` are the open WebSocket connections of this process."""
    api = APIRouter(tags=["status"])

    @api.get("/healthz")
    async def healthz() -> dict[str, str]:
        """Liveness: 200 while the process runs."""
        return {"status": "up"}

    @api.get("/readyz", responses={503: {"model": Readiness, "description": "something is missing"}})
    async def readyz(response: Response) -> Readiness:
        """Readiness: 200 if a conversation can be held, else 503; in both cases a list of all problems."""
        health = await health_check.now()
        response.status_code = 200 if health.ready else 503
        return Readiness(
            ready=health.ready, missing=health.missing, problems=problem_items(health), engines=engines_in(health)
        )

    @api.get("/api/status", responses=responses())
    async def status() -> Status:
        """The installation's state: whether Redis and the workers run, and which engines the workers use."""
        health = await health_check.now()
        return Status(
            version=__version__,
            demo=DEMO in health.engines.get("llm", []),
            redis_ms=health.redis_ms,
            engines=engines_in(health),
            engine_reasons=await engine_reasons(bus, health.engines),
            missing=health.missing,
            problems=problem_items(health),
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


def problem_items(health: Health) -> list[ProblemItem]:
    """The problems as the API reports them."""
    return [ProblemItem.model_validate(asdict(problem)) for problem in health.problems]


def engines_in(health: Health) -> dict[str, list[str]]:
    """The engines of each stage's live workers."""
    return {stage: list(names) for stage, names in health.engines.items()}
