"""Fixtures that every area may use: a real Redis, a namespace for each test, and the bus on both."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tertulia_shared.bus import Bus
from tertulia_shared.keys import Keys
from tests.harness.bus import Bench, MemoryBench, redis_bench
from tests.harness.key_leaks import Leftovers
from tests.harness.missing import skip_or_fail
from tests.servers.postgres import Database, NoPostgres
from tests.servers.redis_server import RedisServer

if TYPE_CHECKING:  # the engines' environments, where this is read too, have no aiohttp
    from tests.servers.supabase_server import SupabaseServer


SERVERS = {"redis_url", "supabase_server", "stack"}
"""Fixtures that start a server or a whole stack."""
ENGINES = {"pocketsphinx"}
"""Parameters that name an engine which takes seconds."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that need a server or a slow engine: `make test-fast` leaves them out."""
    for item in items:
        if not isinstance(item, pytest.Function):
            continue
        parameters = item.callspec.params.values() if hasattr(item, "callspec") else ()
        if SERVERS & set(item.fixturenames) or any(each in ENGINES for each in parameters if isinstance(each, str)):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of one redis-server for the whole session (per xdist worker); it keeps nothing on disk."""
    folder: Path = tmp_path_factory.mktemp("redis")
    with RedisServer(folder) as server:
        yield server.url


@pytest.fixture(scope="session")
def supabase_server() -> Iterator[SupabaseServer]:
    """A PostgREST over a PostgreSQL with the project's migrations, as Supabase has them (per xdist worker)."""
    try:
        database = Database()
    except NoPostgres as missing:
        skip_or_fail(missing)
    from tests.servers.supabase_server import SupabaseServer  # noqa: PLC0415 - see above

    with database, SupabaseServer(database) as server:
        yield server


@pytest.fixture
def supabase(supabase_server: SupabaseServer) -> Iterator[SupabaseServer]:
    """The same with nothing in it but the first characters, answering, whatever a test did to it before."""
    supabase_server.let_go()
    if not supabase_server.database.running:
        supabase_server.database.start()
    supabase_server.database.empty()
    yield supabase_server
    supabase_server.let_go()


@pytest.fixture
def keys() -> Keys:
    """A namespace that is this test's alone."""
    return Keys(f"test-{uuid4().hex[:12]}")


@pytest.fixture(autouse=True)
def no_leaked_keys(request: pytest.FixtureRequest, keys: Keys) -> Iterator[None]:
    """Fails a test that used the real server and left a key that is unknown, never expires, or is above its bound."""
    yield
    if "redis_url" not in request.fixturenames:
        return
    left = Leftovers(request.getfixturevalue("redis_url"), keys)
    try:
        faults = left.faults()
    finally:
        left.clear()
    assert not faults, "keys left in Redis:\n" + "\n".join(faults)


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.slow)])
async def bench(request: pytest.FixtureRequest, keys: Keys) -> AsyncGenerator[Bench]:
    """The fake and the real bus: what uses this runs on both."""
    if request.param == "memory":
        yield MemoryBench(keys)
        return
    async with redis_bench(request.getfixturevalue("redis_url"), keys) as made:
        yield made


@pytest.fixture
def bus(bench: Bench) -> Bus:
    """The bus of `bench`."""
    return bench.bus
