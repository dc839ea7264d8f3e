"""The Redis that the services use, as a command reads it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from tertulia_cli.exits import NO_CONNECTION, Failure
from tertulia_cli.settings import RunSettings
from tertulia_shared.bus import Bus, BusError, BusRefused
from tertulia_shared.bus.redis_bus import open_bus
from tertulia_shared.keys import Keys


@asynccontextmanager
async def redis_in_use(settings: RunSettings, command: str) -> AsyncGenerator[Bus]:
    """The bus over it; `command` is what its connections are called.

    Raises:
        Failure: Redis does not answer, at the start or later.
    """
    try:
        async with open_bus(
            settings.where_redis_is(), Keys(settings.namespace), name=command, tls=settings.redis_tls
        ) as bus:
            yield bus
    except* (BusRefused, ValueError) as group:
        raise Failure(f"{group.exceptions[0]}.", NO_CONNECTION) from None
    except* BusError as group:
        raise Failure(
            f"Redis cannot be used ({group.exceptions[0]}): is `tertulia run` running with this data folder "
            f"({settings.data_dir}), or is TERTULIA_REDIS_URL right?",
            NO_CONNECTION,
        ) from None
