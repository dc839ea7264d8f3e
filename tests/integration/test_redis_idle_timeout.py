"""A Redis that closes idle connections, as managed ones do: no command fails because of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tertulia_shared.bus.redis_bus import RedisBus, open_bus
from tertulia_shared.entries import AudioChunk
from tertulia_shared.keys import Keys
from tests.contract.written_entries import C, M, done, events_of
from tests.harness.access import AccessBench
from tests.harness.eventually import eventually
from tests.harness.missing_program import skip_or_fail
from tests.servers.redis_server import RedisDidNotStart, RedisServer

IDLE_S = "1"
"""The shortest `timeout` that Redis has; it looks for idle connections about once a second."""


@pytest.fixture
def impatient(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis that closes a connection after a second without a command."""
    with RedisServer(tmp_path, options=["--timeout", IDLE_S]) as server:
        yield server


@pytest.fixture
def impatient_tls(tmp_path: Path, keys: Keys) -> Iterator[AccessBench]:
    """The same with TLS, and a remote machine named gpu1."""
    try:
        bench = AccessBench(tmp_path, keys, tls=True, options=["--timeout", IDLE_S])
    except RedisDidNotStart as missing:
        skip_or_fail(missing)
    bench.init()
    with bench.server:
        bench.box("gpu1")
        yield bench


async def until_closed(bus: RedisBus) -> None:
    """Wait until Redis has closed the connections for calls and for writes."""
    links = bus._calls, bus._writes  # pyright: ignore[reportPrivateUsage] - whether they are open
    await eventually(lambda: not any(link.is_open for link in links), "Redis closes the idle connections")


async def test_commands_work_after_redis_has_closed_idle_connections(impatient: RedisServer, keys: Keys) -> None:
    events = keys.events(C)
    async with open_bus(impatient.url, keys) as bus:
        for nth in range(2):
            outlet = bus.outlet()
            outlet.append(events, done(str(nth)))
            await outlet.flush()
            assert await bus.open_work("tts") == 0
            await until_closed(bus)
        outlet = bus.outlet()
        outlet.append(events, done("2"))
        await outlet.flush()
        assert events_of(await bus.read(events)) == [done("0"), done("1"), done("2")]


async def test_remote_machine_writes_after_redis_has_closed_its_idle_connections(
    impatient_tls: AccessBench, keys: Keys
) -> None:
    sound = keys.audio(C, M)
    async with open_bus(impatient_tls.box_url("gpu1"), keys, tls=impatient_tls.box_tls("gpu1")) as bus:
        for nth in range(3):
            outlet = bus.outlet()
            outlet.append(sound, AudioChunk(bytes(2), 0, nth, C, M, "luna"), id=f"1-{nth + 1}")
            await outlet.flush()
            assert await bus.open_work("tts") == 0
            await until_closed(bus)
        assert len(await bus.read(sound)) == 3
