"""Connecting a command to Redis: which errors become exit code 3."""

from __future__ import annotations

import pytest

from tertulia_cli.exit_codes import NO_CONNECTION, Failure
from tertulia_cli.redis_connection import open_redis
from tertulia_cli.settings import RunSettings
from tertulia_shared.bus import BusUnavailable
from tertulia_shared.codec import BadEntry
from tertulia_shared.keys import Keys
from tests.harness.settings_of import settings_of


async def used(settings: RunSettings, error: Exception) -> None:
    """Read something, then raise the error."""
    async with open_redis(settings, "test") as bus:
        await bus.length(bus.keys.dead())
        raise error


async def test_malformed_redis_url_exits_with_3() -> None:
    settings = settings_of(RunSettings, redis_url="redis://localhost:port")
    with pytest.raises(Failure) as failed:
        async with open_redis(settings, "test"):
            pytest.fail("it was opened")
    assert failed.value.code == NO_CONNECTION


async def test_error_inside_the_redis_block_is_raised_unchanged(redis_url: str, keys: Keys) -> None:
    settings = settings_of(RunSettings, redis_url=redis_url, namespace=keys.ns)
    with pytest.raises(ExceptionGroup) as group:
        await used(settings, BadEntry("an entry cannot be read"))
    assert group.group_contains(BadEntry)
    assert not group.group_contains(Failure)


async def test_lost_redis_connection_exits_with_3(redis_url: str, keys: Keys) -> None:
    settings = settings_of(RunSettings, redis_url=redis_url, namespace=keys.ns)
    with pytest.raises(Failure, match="Redis cannot be used") as failed:
        await used(settings, BusUnavailable("away"))
    assert failed.value.code == NO_CONNECTION
