"""Finds model servers on this machine: asks the ports at which the known ones listen for their list of models."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import aiohttp

from tertulia_llm.connection.failures import HOST_OF_CONTAINERS
from tertulia_llm.connection.models import usable_models
from tertulia_llm.model.context_window import entries_in, names_in
from tertulia_shared.model_providers import Provider, local_providers

PROBE_S: Final = 1.5
"""Time limit for one address, in seconds: a server on this machine answers within milliseconds."""
MAX_BYTES: Final = 1 << 20
MAX_SHOWN: Final = 3
LOOPBACK: Final = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class FoundServer:
    """A server that answered. `models`: a few of its models, by name."""

    provider: str
    name: str
    address: str
    models: tuple[str, ...]
    count: int


async def probed_hosts() -> list[str]:
    """The hosts to ask: this one, and in a container also the machine that runs the container."""
    try:
        async with asyncio.timeout(PROBE_S):
            await asyncio.get_running_loop().getaddrinfo(HOST_OF_CONTAINERS, None)
    except (OSError, TimeoutError):
        return [LOOPBACK]
    return [LOOPBACK, HOST_OF_CONTAINERS]


async def find_servers(at: Iterable[str], providers: Iterable[Provider] | None = None) -> list[FoundServer]:
    """The servers that answer at the hosts `at`, in the order of the providers."""
    asked = [(provider, host) for provider in providers or local_providers() for host in at]
    timeout = aiohttp.ClientTimeout(total=PROBE_S)
    async with aiohttp.ClientSession(timeout=timeout, trust_env=False) as session:
        found = await asyncio.gather(*(_probe(session, provider, host) for provider, host in asked))
    return [server for server in found if server is not None]


async def _probe(session: aiohttp.ClientSession, provider: Provider, host: str) -> FoundServer | None:
    address = provider.address_on(host)
    try:
        async with session.get(f"{address}/models", allow_redirects=False) as response:
            listing: object = json.loads(await _body(response)) if response.ok else None
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError, RecursionError):
        return None
    # Ollama without a model answers {"data": null}
    if not isinstance(listing, dict) or "data" not in listing:
        return None
    models = usable_models(names_in(entries_in(listing)))  # pyright: ignore[reportUnknownArgumentType] - any JSON
    return FoundServer(provider.id, provider.name, address, tuple(models[:MAX_SHOWN]), len(models))


async def _body(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for piece in response.content.iter_any():
        body += piece
        if len(body) > MAX_BYTES:
            raise ValueError("too long for a list of models")
    return bytes(body)
