"""The Redis that a command reads: what goes wrong with it, and what does not."""

from __future__ import annotations

import pytest

from tertulia_cli.exits import NO_CONNECTION, Failure
from tertulia_cli.open_redis import redis_in_use
from tertulia_cli.settings import RunSettings
from tertulia_shared.bus import BusUnavailable
from tertulia_shared.codec import BadEntry
from tertulia_shared.keys import Keys
from tests.harness.settings_of import settings_of


async def used(settings: RunSettings, error: Exception) -> None:
    """Read something; then that goes wrong."""
    async with redis_in_use(settings, "test") as bus:
        await bus.length(bus.keys.dead())
        raise error


async def test_an_address_that_cannot_be_read_is_no_connection() -> None:
    settings = settings_of(RunSettings, redis_url="redis://localhost:port")
    with pytest.raises(Failure) as failed:
        async with redis_in_use(settings, "test"):
            pytest.fail("it was opened")
    assert failed.value.code == NO_CONNECTION


async def test_what_the_block_raises_is_not_taken_for_a_connection(redis_url: str, keys: Keys) -> None:
    settings = settings_of(RunSettings, redis_url=redis_url, namespace=keys.ns)
    with pytest.raises(ExceptionGroup) as group:
        await used(settings, BadEntry("an entry cannot be read"))
    assert group.group_contains(BadEntry)
    assert not group.group_contains(Failure)


async def test_a_redis_that_goes_away_meanwhile_is_no_connection(redis_url: str, keys: Keys) -> None:
    settings = settings_of(RunSettings, redis_url=redis_url, namespace=keys.ns)
    with pytest.raises(Failure, match="Redis cannot be used") as failed:
        await used(settings, BusUnavailable("away"))
    assert failed.value.code == NO_CONNECTION
