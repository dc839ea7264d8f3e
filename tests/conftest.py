"""Fixtures for all tests: a real Redis, a namespace for each test, and the bus in memory and on Redis."""

from __future__ import annotations

import gc
import os
import tempfile
from collections.abc import AsyncGenerator, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from tertulia_shared.bus import Bus
from tertulia_shared.keys import Keys
from tests.harness.bus import Bench, MemoryBench, redis_bench
from tests.harness.leftover_keys import Leftovers
from tests.harness.missing_program import skip_or_fail
from tests.servers.postgres import Database, NoPostgres
from tests.servers.redis_server import RedisServer

if TYPE_CHECKING:  # the environments of the full engines read this file, too, and have no aiohttp
    from tests.servers.supabase_server import SupabaseServer

# Container images often set it; each process that a test starts would then compile all its modules again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

NO_MODELS = Path(tempfile.gettempdir(), "tertulia-tests-without-models")
os.environ.setdefault("TERTULIA_TEST_MODELS_DIR", os.environ.get("TERTULIA_MODELS_DIR", "data/models"))
os.environ["TERTULIA_MODELS_DIR"] = str(NO_MODELS)
"""No test depends on the models that happen to be installed: `auto` chooses the engines that need none. Only the tests
of real models read TERTULIA_TEST_MODELS_DIR (`tests.harness.real_models`).
"""

SERVERS = {"redis_url", "supabase_server", "stack"}
"""Fixtures that start a server or a whole stack."""
ENGINES = {"pocketsphinx", "whisper"}
"""Parameters that name an engine which takes seconds."""


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect without the garbage collector, and exclude the collected tests from its later runs: it examined 15,000
    tests each time, which took half of the time of the collection.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Generator[None]:
    """Mark the tests that need a server or a slow engine; put the longest first if several workers share the tests."""
    for item in items:
        if isinstance(item, pytest.Function) and _is_slow(item):
            item.add_marker(pytest.mark.slow)
    yield
    if hasattr(config, "workerinput"):
        from tests.harness.xdist_scheduling import order  # noqa: PLC0415 - xdist is not in every environment

        items.sort(key=lambda item: order(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    """Start each stack on one worker only."""
    from tests.harness.xdist_scheduling import SharedStackScheduling  # noqa: PLC0415 - as above

    config.option.loadscopereorder = False
    return SharedStackScheduling(config, log)


def _is_slow(item: pytest.Function) -> bool:
    parameters = item.callspec.params.values() if hasattr(item, "callspec") else ()
    return bool(SERVERS & set(item.fixturenames)) or any(
        each in ENGINES for each in parameters if isinstance(each, str)
    )


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a redis-server that lives for the session (one for each xdist worker) and keeps nothing on disk."""
    folder: Path = tmp_path_factory.mktemp("redis")
    with RedisServer(folder) as server:
        yield server.url


@pytest.fixture(scope="session")
def supabase_server() -> Iterator[SupabaseServer]:
    """PostgREST before a PostgreSQL with the project's migrations, as Supabase has them; one for each xdist worker."""
    try:
        database = Database()
    except NoPostgres as missing:
        skip_or_fail(missing)
    from tests.servers.supabase_server import SupabaseServer  # noqa: PLC0415 - see above

    with database, SupabaseServer(database) as server:
        yield server


@pytest.fixture
def supabase(supabase_server: SupabaseServer) -> Iterator[SupabaseServer]:
    """`supabase_server`, running and reset to the first characters."""
    supabase_server.let_go()
    if not supabase_server.database.running:
        supabase_server.database.start()
    supabase_server.database.empty()
    yield supabase_server
    supabase_server.let_go()


@pytest.fixture
def keys() -> Keys:
    """A namespace for this test alone."""
    return Keys(f"test-{uuid4().hex[:12]}")


@pytest.fixture(autouse=True)
def no_leaked_keys(request: pytest.FixtureRequest, keys: Keys) -> Iterator[None]:
    """Fail a test that leaves a key in Redis that is unknown, never expires or exceeds its bound."""
    yield
    if "redis_url" not in request.fixturenames:
        return
    leftovers = Leftovers(request.getfixturevalue("redis_url"), keys)
    try:
        faults = leftovers.faults()
    finally:
        leftovers.clear()
    assert not faults, "keys left in Redis:\n" + "\n".join(faults)


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.slow)])
async def bench(request: pytest.FixtureRequest, keys: Keys) -> AsyncGenerator[Bench]:
    """The bus in memory and the bus on Redis: each test that uses this runs on both."""
    if request.param == "memory":
        yield MemoryBench(keys)
        return
    async with redis_bench(request.getfixturevalue("redis_url"), keys) as made:
        yield made


@pytest.fixture
def bus(bench: Bench) -> Bus:
    """The bus of `bench`."""
    return bench.bus
