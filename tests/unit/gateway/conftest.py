"""Fixtures: the fake bus and store, and a client of a REST API that uses them."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import httpx2
import pytest

from tertulia_shared.keys import Keys
from tertulia_shared.testing.memory_bus import MemoryBus
from tertulia_shared.testing.memory_store import MemoryStore
from tests.unit.gateway.rest_client import client_of


@pytest.fixture
def bus(keys: Keys) -> MemoryBus:
    return MemoryBus(keys)


@pytest.fixture
async def store() -> MemoryStore:
    made = MemoryStore()
    await made.open()
    return made


@pytest.fixture
async def api(bus: MemoryBus, store: MemoryStore) -> AsyncGenerator[httpx2.AsyncClient]:
    async with client_of(bus, store) as client:
        yield client
