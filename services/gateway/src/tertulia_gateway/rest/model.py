"""`/api/model`: which model server is used, and how a person connects another one without a restart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Depends, Request

from tertulia_gateway.auth import Access, AccessRefused
from tertulia_gateway.model_requests import ModelRequests, Target
from tertulia_gateway.rest.model_schemas import (
    FoundServers,
    ModelConnectionState,
    ModelOverview,
    NewConnection,
    ProviderItem,
    ServerModels,
    ServerRequest,
)
from tertulia_gateway.rest.problems import responses
from tertulia_shared.model_providers import PROVIDERS


def router(requests: ModelRequests, access: Access) -> APIRouter:
    """The routes."""
    api = APIRouter(prefix="/api/model", tags=["model"])

    def may_change(request: Request) -> None:
        if refusal := access.configuration_refusal(request.headers):
            raise AccessRefused(refusal)

    only_if_allowed = [Depends(may_change)]

    @api.get("", responses=responses())
    async def read_connection(request: Request) -> ModelOverview:
        """Where replies come from, and the model servers that are known by name."""
        told = await requests.describe()
        hosts: Sequence[str] = told.get("hosts") or ["127.0.0.1"]
        return ModelOverview.model_validate(
            {
                **told,
                "in_container": len(hosts) > 1,
                "may_change": access.configuration_refusal(request.headers) is None,
                "providers": _providers(hosts[-1]),
            }
        )

    @api.get("/servers", dependencies=only_if_allowed, responses=responses(429))
    async def find_servers() -> FoundServers:
        """Ask the known ports of the llm worker's machine for model servers."""
        return FoundServers.model_validate(await requests.find())

    @api.post("/models", dependencies=only_if_allowed, responses=responses(422, 429, body=True))
    async def list_models(server: ServerRequest) -> ServerModels:
        """List a server's models, which tests the address and the key."""
        target = Target(server.address, key=server.key.get_secret_value())
        return ServerModels.model_validate(await requests.list_models(target))

    @api.put("", dependencies=only_if_allowed, responses=responses(409, 422, 429, body=True))
    async def connect(new: NewConnection) -> ModelConnectionState:
        """Ask a model for a short reply. If it answers, use it from now on, and keep the connection."""
        target = Target(new.address, new.model, new.key.get_secret_value())
        return _state(await requests.connect(target))

    @api.delete("", dependencies=only_if_allowed, responses=responses(429))
    async def forget() -> ModelConnectionState:
        """Delete the kept connection with its key. The demo answers then, unless the environment names a server."""
        return _state(await requests.forget())

    return api


def _state(told: Mapping[str, Any]) -> ModelConnectionState:
    return ModelConnectionState.model_validate(told)


def _providers(host: str) -> list[ProviderItem]:
    return [
        ProviderItem(
            id=provider.id, name=provider.name, address=provider.address_on(host), needs_key=provider.needs_key,
            keys_page=provider.keys_page, is_local=bool(provider.port),
        )
        for provider in PROVIDERS
    ]  # fmt: skip
