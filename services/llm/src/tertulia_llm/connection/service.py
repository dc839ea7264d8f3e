"""What can be asked about the model server: which one is in use, which there are, and to use another.

It runs in the llm worker, because that process will use the server: an address is tried from where it will be used.
"""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Any, Final

from tertulia_llm.connection.current import CurrentModel
from tertulia_llm.connection.discovery import find_servers, probed_hosts
from tertulia_llm.connection.failures import HOST_OF_CONTAINERS, CannotConnect
from tertulia_llm.connection.trial import list_models, try_connection
from tertulia_llm.settings import LLMSettings
from tertulia_shared.entries import ModelRequest
from tertulia_shared.model_connection import ModelConnection, checked_connection
from tertulia_shared.model_server import checked_base_url
from tertulia_shared.sealing import Unsealer

ANY_MODEL: Final = "any"
"""Stands for the model while only the list is asked for."""


class ConnectionService:
    """Answers what a person asks in the page. Keys arrive sealed, and no answer has one."""

    def __init__(self, current: CurrentModel, settings: LLMSettings) -> None:
        self._current = current
        self._settings = settings
        self._unsealer = Unsealer()
        self._changing = asyncio.Lock()
        self._known_hosts: list[str] = []

    async def result(self, request: ModelRequest) -> dict[str, Any]:
        """The answer, as a JSON object.

        Raises:
            CannotConnect: the server cannot be used.
            CannotOpen: the key was sealed for another worker or another address.
            ValueError: the request is impossible; the message says what is.
            OSError: the connection cannot be kept.
        """
        match request.kind:
            case "describe":
                return await self._described()
            case "find":
                servers = await find_servers(await self._hosts())
                return {"servers": [asdict(server) for server in servers]}
            case "list":
                return await self._listed(request)
            case "connect":
                return await self._connected(request)
            case "forget":
                return await self._forgotten()
            case _:
                raise ValueError(f"the request {request.kind[:20]!r} is not known to this release")

    async def _described(self) -> dict[str, Any]:
        self._current.refresh()
        active, kept = self._current.active, self._current.kept
        is_demo = active.source == "demo"
        return {
            "source": active.source,
            "address": "" if is_demo else active.model.server.shown(),
            "model": "" if is_demo else active.settings.llm_model,
            "has_key": not is_demo and bool(active.settings.openrouter_api_key.get_secret_value()),
            "kept": kept is not None or bool(self._current.fault),
            "fault": self._current.fault,
            "hosts": await self._hosts(),
            "public_key": self._unsealer.public_key,
        }

    async def _listed(self, request: ModelRequest) -> dict[str, Any]:
        connection = self._connection(request, ANY_MODEL)
        address, models = await list_models(self._settings, connection, in_container=await self._in_container())
        return {"address": address, "models": models}

    async def _connected(self, request: ModelRequest) -> dict[str, Any]:
        if self._settings.names_a_server:
            message = "The environment sets the model server: change OPENROUTER_API_KEY or TERTULIA_LLM_BASE_URL there."
            raise CannotConnect("environment", message)
        connection = self._connection(request, request.model)
        await try_connection(self._settings, connection, in_container=await self._in_container())
        async with self._changing:
            self._current.file.save(connection)
            return await self._described()

    async def _forgotten(self) -> dict[str, Any]:
        async with self._changing:
            self._current.file.delete()
            return await self._described()

    def _connection(self, request: ModelRequest, model: str) -> ModelConnection:
        """What the request asks for. Without a key of its own it gets the key in use, if that is of the same server."""
        address = checked_base_url(request.address)
        if request.sealed_key:
            return checked_connection(address, model, self._unsealer.open(request.sealed_key, request.address))
        used = self._current.active.settings
        key = used.openrouter_api_key.get_secret_value()
        has_key = ModelConnection(used.llm_base_url, used.llm_model, key).has_key_for(address)
        return checked_connection(address, model, key if has_key else "")

    async def _hosts(self) -> list[str]:
        if not self._known_hosts:
            self._known_hosts = await probed_hosts()
        return self._known_hosts

    async def _in_container(self) -> bool:
        return HOST_OF_CONTAINERS in await self._hosts()
